package helmrepo

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"evenkeel.dev/internal/source"
)

// TestKept: a chart outlives the process and its repository, with a digest in the index
// and without; what is damaged, of another server or not there is not given.
func TestKept(t *testing.T) {
	for _, digested := range []bool{true, false} {
		web := newServer(t, false)
		web.app()
		if !digested {
			web.index("app.tgz", "")
		}
		dir, repo := t.TempDir(), source.Repository{URL: web.URL, Username: "ada", Password: source.NewSecret(canary)}
		s := open(t, Options{Dir: dir})
		index, err := s.Index(t.Context(), repo)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Chart(t.Context(), index, Pull{Chart: "app", Version: "1.0.0"})
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		web.Close()
		web.take()

		s = open(t, Options{Dir: dir})
		tree, ok := s.Kept(t.Context(), repo, got.Digest)
		if !ok || tree.Digest() != got.Tree.Digest() {
			t.Fatalf("digest in the index %t: it is not kept", digested)
		}
		other := repo
		other.Proxy = source.NewSecret("http://proxy.example")
		for reason, tc := range map[string]struct {
			repo   source.Repository
			digest string
		}{
			"of another route":  {other, got.Digest},
			"another digest":    {repo, strings.Repeat("0", 64)},
			"a digest cut off":  {repo, got.Digest[:62]},
			"a digest too long": {repo, got.Digest + "00"},
			"no digest":         {repo, "../../../../etc/passwd"},
			"nothing":           {repo, ""},
		} {
			if _, ok := s.Kept(t.Context(), tc.repo, tc.digest); ok {
				t.Errorf("%s: given", reason)
			}
		}
		files, err := filepath.Glob(filepath.Join(dir, "charts", "*"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		content, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(files[0], content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Kept(t.Context(), repo, got.Digest); ok {
			t.Error("a damaged chart is given")
		}
		if _, err := os.Stat(files[0]); !os.IsNotExist(err) {
			t.Errorf("a damaged chart stays, %v", err)
		}
		if asked := web.take(); asked != "" {
			t.Errorf("the server is asked: %s", asked)
		}
		s.Close()
		if _, ok := s.Kept(t.Context(), repo, got.Digest); ok {
			t.Error("given by a store that is closed")
		}
	}
}
