package repository

import (
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/internal/source/helmrepo"
	"evenkeel.dev/internal/source/oci"
	"evenkeel.dev/internal/source/proof"
	"evenkeel.dev/test/registrytest"
)

// lives is one process after the other on the same directory.
type lives struct {
	t     *testing.T
	dir   string
	close func()
}

// next is the Sources of the next process.
func (l *lives) next() *Sources {
	l.t.Helper()
	l.close()
	book, err := proof.Open(filepath.Join(l.dir, "proofs"), time.Now(), nil)
	if err != nil {
		l.t.Fatal(err)
	}
	s := &Sources{Minter: credential.NewMinter(credential.MinterOptions{}), Kept: book}
	if s.Helm, err = helmrepo.Open(helmrepo.Options{Dir: filepath.Join(l.dir, "charts")}); err != nil {
		l.t.Fatal(err)
	}
	if s.OCI, err = oci.Open(oci.Options{Dir: filepath.Join(l.dir, "oci")}); err != nil {
		l.t.Fatal(err)
	}
	l.close = func() {
		if s.Helm.Close() != nil || s.OCI.Close() != nil {
			l.t.Error("a store does not close")
		}
	}
	return s
}

func newLives(t *testing.T) *lives {
	l := &lives{t: t, dir: t.TempDir(), close: func() {}}
	t.Cleanup(func() { l.close() })
	return l
}

// look lists a target's repository and finds what it names, as a Poller does.
func look(t *testing.T, s *Sources, want Target) (string, error) {
	t.Helper()
	refs, err := s.List(t.Context(), want.Repo)
	if err != nil {
		return "", err
	}
	return s.Commit(t.Context(), want.Repo, refs, want.Target)
}

// A chart that was read is at hand after a restart while its repository is away, with a
// digest in the index and without, for the same credentials alone.
func TestChartsOutliveARestart(t *testing.T) {
	for _, digested := range []bool{true, false} {
		server := newCharts(t)
		server.password = "canary"
		if !digested {
			server.write(t, "index.yaml", []byte("apiVersion: v1\nentries:\n  app:\n  - version: 1.0.0\n    urls: [app-1.0.0.tgz]\n"))
		}
		repo := source.Repository{URL: server.URL, Type: source.Helm, Username: "ada", Password: source.NewSecret("canary"), Project: "a"}
		want := Target{repo, source.Target{Chart: "app", Revision: "^1"}}
		l := newLives(t)
		s := l.next()
		if !s.Since(want).IsZero() {
			t.Error("read before it was")
		}
		if got, err := look(t, s, want); err != nil || got != "1.0.0" {
			t.Fatal(got, err)
		}

		s = l.next()
		server.mu.Lock()
		server.password = "changed"
		server.mu.Unlock()
		here := Place{Repo: repo, Chart: "app", Revision: "1.0.0"}
		tree := func(reason string, p Place, there bool) {
			t.Helper()
			tree, err := s.Tree(t.Context(), p)
			if there != (err == nil) {
				t.Errorf("digest %t, %s: %v", digested, reason, err)
			}
			if err != nil {
				return
			}
			if b, err := fs.ReadFile(tree, "Chart.yaml"); err != nil || !strings.Contains(string(b), "1.0.0") {
				t.Errorf("digest %t, %s: %q, %v", digested, reason, b, err)
			}
		}
		address := strings.TrimPrefix(server.URL, "http://")
		server.Close()
		tree("away", here, true)
		if _, err := look(t, s, want); !fault.KindOf(err).Transient() {
			t.Errorf("away: %v", err)
		}
		tree("away and found so", here, true)
		full := want
		full.Revision = "1.0.0"
		if got, err := s.Resolve(t.Context(), full, true); err != nil || got != "1.0.0" {
			t.Errorf("a version that is named in full: %q, %v", got, err)
		}
		for _, other := range []string{"^1", "1.0.1", "", "latest"} {
			full.Revision = other
			if got, err := s.Resolve(t.Context(), full, true); !fault.KindOf(err).Transient() {
				t.Errorf("%q: %q, %v", other, got, err)
			}
		}
		if age := time.Since(s.Since(want)); age < 0 || age > time.Hour {
			t.Errorf("last read %s ago", age)
		}
		p := here
		p.Repo.Project, p.Repo.Name = "b", "other"
		tree("described by another Secret with the same credentials", p, true)
		p = here
		p.Repo.Password = source.NewSecret("guessed")
		tree("other credentials", p, false)
		p = here
		p.Repo.Username, p.Repo.Password = "", source.Secret{}
		tree("none", p, false)
		p = here
		p.PassCredentials = true
		tree("credentials for other hosts", p, false)
		p = here
		p.Revision = "1.0.1"
		tree("another version", p, false)

		// The server is back, and turns those credentials away.
		refusing := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
		refusing.Listener.Close()
		refusing.Listener = listen(t, address)
		refusing.Start()
		if _, err := look(t, s, want); err == nil || fault.KindOf(err).Transient() {
			t.Errorf("refused: %v", err)
		}
		refusing.Close()
		tree("turned away", here, false)
		s = l.next()
		tree("turned away, after another restart", here, false)
		if !s.Since(want).IsZero() {
			t.Error("turned away, and it counts as read")
		}
		silent(t, l.dir, "canary")
	}
}

// What is on disk is believed only if it is what was noted.
func TestDamagedChart(t *testing.T) {
	server := newCharts(t)
	repo := source.Repository{URL: server.URL, Type: source.Helm}
	l := newLives(t)
	s := l.next()
	if _, err := look(t, s, Target{repo, source.Target{Chart: "app", Revision: "^1"}}); err != nil {
		t.Fatal(err)
	}
	server.Close()
	files, err := filepath.Glob(filepath.Join(l.dir, "charts", "charts", "*"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	other := registrytest.Archive(t, map[string]string{"app/Chart.yaml": "name: evil\n"})
	if err := os.WriteFile(files[0], other, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := l.next().Tree(t.Context(), Place{Repo: repo, Chart: "app", Revision: "1.0.0"}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a chart that is another one now: %v", err)
	}
}

// The same of charts and artifacts in a registry, whose versions are tags.
func TestArtifactsOutliveARestart(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{Users: map[string]string{"ada": "canary"}})
	gate := front(t, registry.Host)
	host := strings.TrimPrefix(gate.URL, "http://")
	chart := registrytest.Chart(registrytest.Archive(t, map[string]string{"app/Chart.yaml": "name: app\nversion: 1.0.0\n"}))
	digest := registry.Push(t, "charts/app", "1.0.0", chart)
	repo := source.Repository{
		URL: host + "/charts", Type: source.OCI, InsecureOCIForceHTTP: true, Username: "ada", Password: source.NewSecret("canary"),
	}
	artifact := repo
	artifact.URL = "oci://" + host + "/charts/app"
	l := newLives(t)
	s := l.next()
	if got, err := look(t, s, Target{repo, source.Target{Chart: "app", Revision: "^1"}}); err != nil || got != "1.0.0" {
		t.Fatal(got, err)
	}
	if got, err := look(t, s, Target{artifact, source.Target{Revision: "1.0.0"}}); err != nil || got != digest {
		t.Fatal(got, err)
	}
	gate.Close()
	s = l.next()
	if s.Since(Target{repo, source.Target{Chart: "app"}}).IsZero() || !s.Since(Target{repo, source.Target{Chart: "other"}}).IsZero() {
		t.Error("when they were read is not known of each chart")
	}
	for _, tc := range []struct {
		reason   string
		place    Place
		password string
		there    bool
	}{
		{"a chart", Place{Repo: repo, Chart: "app", Revision: "1.0.0"}, "canary", true},
		{"an artifact", Place{Repo: artifact, Revision: digest}, "canary", true},
		{"a chart for others", Place{Repo: repo, Chart: "app", Revision: "1.0.0"}, "guessed", false},
		{"an artifact for others", Place{Repo: artifact, Revision: digest}, "", false},
		{"another chart", Place{Repo: repo, Chart: "other", Revision: "1.0.0"}, "canary", false},
	} {
		tc.place.Repo.Password = source.NewSecret(tc.password)
		tree, err := s.Tree(t.Context(), tc.place)
		if tc.there != (err == nil) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if err == nil && tree == nil {
			t.Errorf("%s: nothing", tc.reason)
		}
	}
	silent(t, l.dir, "canary")
}

// front is a server before another, which can be taken away.
func front(t *testing.T, host string) *httptest.Server {
	t.Helper()
	behind, err := url.Parse("http://" + host)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(behind); r.Out.Host = r.In.Host }})
	t.Cleanup(s.Close)
	return s
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// silent says that no file has one of the texts.
func silent(t *testing.T, dir string, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(path+string(content), text) {
				t.Errorf("%s has %s", path, text)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
