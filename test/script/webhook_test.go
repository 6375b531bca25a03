package script

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// webhook sends a file as GitHub sends a push event.
func (w *world) webhook(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 {
		return errors.New("usage: webhook STATUS SECRET FILE")
	}
	body := os.Expand(ts.ReadFile(args[2]), func(name string) string { return ts.Getenv(name) })
	mac := hmac.New(sha256.New, []byte(args[1]))
	mac.Write([]byte(body))
	req, err := http.NewRequestWithContext(w.ctx, http.MethodPost, w.process.URL+"/api/webhook", strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "push")
	req.Header.Set("X-Hub-Signature-256", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if got := fmt.Sprint(res.StatusCode); got != args[0] {
		return fmt.Errorf("%s %s, want %s", got, answer, args[0])
	}
	fmt.Fprint(ts.Stdout(), string(answer))
	return nil
}

// call makes a request of the API.
func (w *world) call(ts *testscript.TestScript, args []string) error {
	if len(args) != 3 && len(args) != 4 {
		return errors.New("usage: call STATUS METHOD PATH [JSON]")
	}
	body := ""
	if len(args) == 4 {
		body = args[3]
	}
	req, err := http.NewRequestWithContext(w.ctx, args[1], w.process.URL+args[2], strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if got := fmt.Sprint(res.StatusCode); got != args[0] {
		return fmt.Errorf("%s %s, want %s", got, answer, args[0])
	}
	fmt.Fprint(ts.Stdout(), string(answer))
	return nil
}

// gits prints which git processes evenkeel has started since the last call: one line
// "SUBCOMMAND COUNT" each.
func (w *world) gits(ts *testscript.TestScript, _ []string) error {
	all, err := w.process.Git()
	if err != nil {
		return err
	}
	counts := map[string]int{}
	for _, verb := range all[w.gitsSeen:] {
		counts[verb]++
	}
	w.gitsSeen = len(all)
	if len(counts) == 0 {
		fmt.Fprintln(ts.Stdout(), "none")
	}
	for _, verb := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintln(ts.Stdout(), verb, counts[verb])
	}
	return nil
}
