package git

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/test/gitserver"
)

// TestTokensAreAskedForOnUse: a repository behind a GitHub App is fetched with a
// token that nobody but git's environment ever holds, and that is replaced when
// the server does not take it any more.
func TestTokensAreAskedForOnUse(t *testing.T) {
	dir, mirrors := t.TempDir(), t.TempDir()
	var token, minutes atomic.Int64
	now := func() time.Time { return time.Unix(1_800_000_000, 0).Add(time.Duration(minutes.Load()) * time.Minute) }
	serve := func() *gitserver.Server {
		password := fmt.Sprintf("%s-%d", canary, token.Load())
		return must(gitserver.New(t.Context(), gitserver.Options{Dir: dir, Username: "x-access-token", Password: password}))
	}
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"token": "%s-%d", "expires_at": %q}`, canary, token.Load(), now().Add(time.Hour).Format(time.RFC3339))
	}))
	defer api.Close()
	var server atomic.Pointer[gitserver.Server]
	server.Store(serve())
	must(must(server.Load().Repo(t.Context(), "app")).Commit(t.Context(), map[string]string{"a": "1"}, "change"))
	spy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if line := seen(t, canary); line != "" {
			t.Errorf("a process shows it: %s", line)
		}
		server.Load().ServeHTTP(w, r)
	}))
	defer spy.Close()
	key := must(rsa.GenerateKey(rand.Reader, 2048))
	repo := source.Repository{URL: spy.URL + "/app.git"}
	repo.Token = source.Token{
		GitHubAppID: 1, GitHubInstallationID: 2, GitHubAPI: api.URL,
		GitHubPrivateKey: source.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}))),
	}
	if _, err := follow(t.Context(), openStore(t, Options{Dir: t.TempDir()}), repo, "main"); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("without a minter: %v", err)
	}
	store := openStore(t, Options{Dir: mirrors, Minter: credential.NewMinter(credential.MinterOptions{Now: now})})
	sha, err := follow(t.Context(), store, repo, "main")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.Tree(t.Context(), repo, sha); err != nil {
		t.Error(err)
	}
	assertNotOnDisk(t, mirrors, canary)

	token.Add(1)
	server.Store(serve())
	minutes.Add(2)
	_, err = store.Refs(t.Context(), repo)
	if err == nil || !strings.Contains(err.Error(), "refuses the credentials") || strings.Contains(err.Error(), canary) {
		t.Errorf("a token that was taken back: %v", err)
	}
	if _, err := store.Refs(t.Context(), repo); err != nil {
		t.Errorf("after that: %v", err)
	}
}
