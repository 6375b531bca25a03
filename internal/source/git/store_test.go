package git

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/gitserver"
)

// fixture is a store and a repository behind a real server.
type fixture struct {
	store  *Store
	dir    string
	server *gitserver.Server
	repo   *gitserver.Repo
	web    *httptest.Server
	source source.Repository
}

func newFixture(t testing.TB, server gitserver.Options) *fixture {
	t.Helper()
	f := &fixture{}
	server.Dir = t.TempDir()
	var err error
	if f.server, err = gitserver.New(t.Context(), server); err != nil {
		t.Fatal(err)
	}
	if f.repo, err = f.server.Repo(t.Context(), "app"); err != nil {
		t.Fatal(err)
	}
	f.web = httptest.NewServer(f.server)
	t.Cleanup(f.web.Close)
	f.source = source.Repository{URL: f.web.URL + "/app.git"}
	f.dir = t.TempDir()
	f.store = openStore(t, Options{Dir: f.dir})
	return f
}

func openStore(t testing.TB, opts Options) *Store {
	t.Helper()
	opts.Log = slog.New(slog.NewTextHandler(testWriter{t}, nil))
	s, err := Open(context.Background(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// reopen closes the store and opens its directory again, as a restart does.
func (f *fixture) reopen(t testing.TB) {
	t.Helper()
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	f.store = openStore(t, Options{Dir: f.dir})
}

// mirrorDir is the only mirror's directory.
func (f *fixture) mirrorDir(t testing.TB) string {
	t.Helper()
	m := must(f.store.mirror(f.source))
	if _, err := os.Stat(m.dir); err != nil {
		t.Fatal(err)
	}
	return m.dir
}

func (f *fixture) commit(t testing.TB, files map[string]string) string {
	t.Helper()
	sha, err := f.repo.Commit(t.Context(), files, "change")
	if err != nil {
		t.Fatal(err)
	}
	return sha
}

// fetch resolves target and fetches it.
func (f *fixture) fetch(t testing.TB, target string) string {
	t.Helper()
	sha, err := follow(t.Context(), f.store, f.source, target)
	if err != nil {
		t.Fatal(err)
	}
	return sha
}

// follow is what a controller does with a target revision.
func follow(ctx context.Context, s *Store, repo source.Repository, target string) (string, error) {
	refs, err := s.Refs(ctx, repo)
	if err != nil {
		return "", err
	}
	sha, ref, err := refs.Resolve(source.Target{Revision: target})
	if err != nil {
		return "", err
	}
	return sha, s.Fetch(ctx, repo, sha, ref)
}

func (f *fixture) read(t testing.TB, sha, name string) string {
	t.Helper()
	tree, err := f.store.Tree(t.Context(), f.source, sha)
	if err != nil {
		t.Fatal(err)
	}
	data, err := tree.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (f *fixture) processes(verb string) int64 { return f.store.Stats().Processes[verb] }

func writeFile(t testing.TB, content string, path ...string) {
	t.Helper()
	name := filepath.Join(path...)
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

type testWriter struct{ t testing.TB }

func (w testWriter) Write(p []byte) (int, error) {
	w.t.Logf("%s", p)
	return len(p), nil
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func yield() { runtime.Gosched() }
