package gitserver

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServeCloneAndPush(t *testing.T) {
	ctx := t.Context()
	server, repo := newServer(t, Options{Username: "ada", Password: "hunter2"})
	first := must(repo.Commit(ctx, map[string]string{"a.yaml": "a: 1\n", "dir/b.yaml": "b: 1\n"}, "first"))
	second := must(repo.Commit(ctx, map[string]string{"a.yaml": Deleted, "c.yaml": "c: 1\n"}, "second"))
	web := httptest.NewServer(server)
	defer web.Close()

	url := strings.Replace(web.URL, "http://", "http://ada:hunter2@", 1) + "/app.git"
	clone := filepath.Join(t.TempDir(), "clone")
	git(t, "", "clone", "--quiet", url, clone)
	if diff := cmp.Diff("c.yaml\ndir/b.yaml", git(t, clone, "ls-files")); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if got := git(t, clone, "rev-parse", "HEAD~1"); got != first {
		t.Errorf("parent of %s is %s, want %s", second, got, first)
	}
	// Larger than http.postBuffer, so that git sends it chunked; random, so that it does not shrink.
	if err := os.WriteFile(filepath.Join(clone, "big"), []byte(noise(3<<20)), 0o600); err != nil {
		t.Fatal(err)
	}
	git(t, clone, "add", "big")
	git(t, clone, "-c", "user.name=x", "-c", "user.email=x@x", "commit", "--quiet", "-m", "big")
	git(t, clone, "push", "--quiet", "origin", "main")
	if got, want := must(repo.Resolve(ctx, "refs/heads/main")), git(t, clone, "rev-parse", "HEAD"); got != want {
		t.Errorf("pushed head is %s, want %s", got, want)
	}
}

func TestCommitsAreReproducible(t *testing.T) {
	ctx := t.Context()
	make2 := func() []string {
		_, repo := newServer(t, Options{})
		return []string{
			must(repo.Commit(ctx, map[string]string{"a": "1", "b": "2"}, "one")),
			must(repo.Apply(ctx, Change{Branch: "other", Orphan: true, Message: "two", Files: map[string]File{
				"link": {Content: "a", Mode: Symlink}, "run": {Content: "#!/bin/sh\n", Mode: Executable},
			}})),
		}
	}
	if diff := cmp.Diff(make2(), make2()); diff != "" {
		t.Errorf("commits differ:\n%s", diff)
	}
}

func TestRefs(t *testing.T) {
	ctx := t.Context()
	_, repo := newServer(t, Options{})
	first := must(repo.Commit(ctx, map[string]string{"a": "1"}, "one"))
	second := must(repo.Commit(ctx, map[string]string{"a": "2"}, "two"))
	forced := must(repo.Apply(ctx, Change{Parent: first, Message: "forced", Files: map[string]File{"a": {Content: "3"}}}))
	if got := must(repo.Resolve(ctx, "main")); got != forced || forced == second {
		t.Errorf("main is %s, want %s", got, forced)
	}
	if err := repo.Tag(ctx, "v1", first, "annotated"); err != nil {
		t.Fatal(err)
	}
	if got := must(repo.Resolve(ctx, "refs/tags/v1")); got != first {
		t.Errorf("v1 is %s, want %s", got, first)
	}
	if err := repo.DeleteRef(ctx, "refs/tags/v1"); err != nil {
		t.Fatal(err)
	}
	if _, err := repo.Resolve(ctx, "refs/tags/v1"); err == nil {
		t.Error("v1 is still there")
	}
}

func TestAuthentication(t *testing.T) {
	server, _ := newServer(t, Options{Username: "ada", Password: "hunter2", BearerToken: "tok"})
	for _, tc := range []struct {
		reason string
		header string
		want   int
	}{
		{"nobody", "", 401},
		{"the token", "Bearer tok", 200},
		{"a wrong token", "Bearer toktok", 401},
		{"user and password", "Basic YWRhOmh1bnRlcjI=", 200},
		{"a wrong password", "Basic YWRhOng=", 401},
	} {
		r := httptest.NewRequest("GET", "/app.git/info/refs?service=git-upload-pack", nil)
		if tc.header != "" {
			r.Header.Set("Authorization", tc.header)
		}
		w := httptest.NewRecorder()
		server.ServeHTTP(w, r)
		if w.Code != tc.want {
			t.Errorf("%s: status %d, want %d", tc.reason, w.Code, tc.want)
		}
	}
}

func newServer(t *testing.T, opts Options) (*Server, *Repo) {
	t.Helper()
	opts.Dir = t.TempDir()
	server, err := New(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	repo, err := server.Repo(t.Context(), "app")
	if err != nil {
		t.Fatal(err)
	}
	return server, repo
}

func git(t *testing.T, dir string, args ...string) string {
	t.Helper()
	out, err := run(context.Background(), command{git: must(exec.LookPath("git")), dir: dir, args: args})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func noise(n int) string {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return string(b)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
