package script

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/rogpeppe/go-internal/testscript"
)

// answer writes what the server answers to a GET.
func (w *world) answer(ts *testscript.TestScript, args []string) error {
	if len(args) != 1 {
		return errors.New("usage: answer PATH")
	}
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.process.URL+args[0], nil)
	if err != nil {
		return err
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	fmt.Fprintln(ts.Stdout(), string(body))
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s", res.Status, body)
	}
	return nil
}
