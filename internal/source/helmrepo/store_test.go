package helmrepo

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/source"
)

const canary = "c4n4ry"

// chartOf packs names and contents; "NAME -> TARGET" is a symbolic link.
func chartOf(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for i := 0; i < len(files); i += 2 {
		h := &tar.Header{Name: files[i], Typeflag: tar.TypeReg, Size: int64(len(files[i+1])), Mode: 0o644}
		if name, target, ok := strings.Cut(h.Name, " -> "); ok {
			h.Name, h.Linkname, h.Typeflag = name, target, tar.TypeSymlink
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, files[i+1])
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

// server is a real HTTP server of files in a directory. It remembers what it was asked.
type server struct {
	*httptest.Server
	t   testing.TB
	dir string

	mu     sync.Mutex
	seen   []string
	writes int64
	// user and password are asked for if there are any.
	password string
	// answer comes before the files.
	answer func(w http.ResponseWriter, r *http.Request) (done bool)
}

func newServer(t testing.TB, secure bool) *server {
	s := &server{t: t, dir: t.TempDir()}
	files := http.FileServer(http.Dir(s.dir))
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.URL.Path
		for _, h := range []string{"Authorization", "If-None-Match", "If-Modified-Since", "Range"} {
			if r.Header.Get(h) != "" {
				line += " " + h
			}
		}
		s.mu.Lock()
		s.seen = append(s.seen, line)
		answer, password := s.answer, s.password
		s.mu.Unlock()
		if user, given, _ := r.BasicAuth(); password != "" && (user != "ada" || given != password) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if answer == nil || !answer(w, r) {
			files.ServeHTTP(w, r)
		}
	}))
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	if secure {
		s.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		s.StartTLS()
	} else {
		s.Start()
	}
	t.Cleanup(s.Close)
	return s
}

func (s *server) write(name string, data []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.writes++ // each is long ago, and later than the one before
	if err := os.Chtimes(path, time.Time{}, time.Unix(1_700_000_000+s.writes, 0)); err != nil {
		s.t.Fatal(err)
	}
}

// index lists app 1.0.0 at a URL.
func (s *server) index(url, digest string) {
	s.write("index.yaml", fmt.Appendf(nil, "apiVersion: v1\nentries:\n  app:\n  - version: 1.0.0\n    digest: %q\n    urls:\n    - %s\n", digest, url))
}

// app writes a chart and its index.
func (s *server) app() []byte {
	s.t.Helper()
	data := chartOf(s.t, "app/Chart.yaml", "name: app\n", "app/templates/a.yaml", "a: 1\n")
	s.write("app.tgz", data)
	s.index("app.tgz", fmt.Sprintf("%x", sha256.Sum256(data)))
	return data
}

func (s *server) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	seen := strings.Join(s.seen, ", ")
	s.seen = nil
	return seen
}

func (s *server) behave(password string, answer func(http.ResponseWriter, *http.Request) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.password, s.answer = password, answer
}

func open(t testing.TB, opts Options) *Store {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	s, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// pull is what a caller does.
func pull(ctx context.Context, s *Store, repo source.Repository, pass bool) (trace.Tree, error) {
	index, err := s.Index(ctx, repo)
	if err != nil {
		return nil, err
	}
	version, err := index.Resolve("app", "1.x")
	if err != nil {
		return nil, err
	}
	tree, err := index.pull(ctx, s, version, pass)
	if err != nil {
		return nil, err
	}
	return tree, nil
}

func (x *Index) pull(ctx context.Context, s *Store, version string, pass bool) (trace.Tree, error) {
	got, err := s.Chart(ctx, x, Pull{Chart: "app", Version: version, PassCredentials: pass})
	if err != nil {
		return nil, err
	}
	return got.Tree, nil
}

func check(t *testing.T, reason string, err error, kind fault.Kind, words string) {
	t.Helper()
	switch {
	case words == "" && err != nil:
		t.Errorf("%s: %v", reason, err)
	case words != "" && err == nil:
		t.Errorf("%s: no error", reason)
	case words != "" && (!strings.Contains(err.Error(), words) || fault.KindOf(err) != kind):
		t.Errorf("%s: %v (%v)", reason, err, fault.KindOf(err))
	}
	if text := fmt.Sprintf("%+v", err); strings.Contains(text, canary) {
		t.Errorf("%s: the error shows it: %s", reason, text)
	}
}

// TestPull: what is asked of a server, and how often, over HTTP and HTTPS.
func TestPull(t *testing.T) {
	for _, secure := range []bool{false, true} {
		web := newServer(t, secure)
		web.app()
		repo := source.Repository{URL: web.URL}
		if secure {
			repo.CAData = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
		}
		dir := t.TempDir()
		s := open(t, Options{Dir: dir})
		for _, want := range []string{"/index.yaml, /app.tgz", "/index.yaml If-Modified-Since", "/index.yaml If-Modified-Since"} {
			tree, err := pull(t.Context(), s, repo, false)
			if err != nil {
				t.Fatal(err)
			}
			if data, err := fs.ReadFile(tree, "Chart.yaml"); err != nil || string(data) != "name: app\n" {
				t.Errorf("%q, %v", data, err)
			}
			if got := web.take(); got != want {
				t.Error(got)
			}
		}
		want := Stats{IndexRequests: 3, IndexNotModified: 2, ChartRequests: 1, ChartHits: 2}
		if diff := cmp.Diff(want, s.Stats()); diff != "" {
			t.Error(diff)
		}
		s.Close()
		// After a restart the chart is on disk, and one byte shows that it may be had.
		s = open(t, Options{Dir: dir})
		for _, want := range []string{"/index.yaml, /app.tgz Range", "/index.yaml If-Modified-Since"} {
			if _, err := pull(t.Context(), s, repo, false); err != nil {
				t.Fatal(err)
			}
			if got := web.take(); got != want {
				t.Error(got)
			}
		}
		// Whoever deletes the directory loses nothing.
		if err := os.RemoveAll(filepath.Join(dir, "charts")); err != nil {
			t.Fatal(err)
		}
		if _, err := pull(t.Context(), s, repo, false); err != nil || web.take() != "/index.yaml If-Modified-Since, /app.tgz" {
			t.Error(err)
		}
	}
}

// TestAge: an index that is not older than one wants is not asked for.
func TestAge(t *testing.T) {
	web := newServer(t, false)
	web.app()
	now := time.Unix(1, 0)
	s := open(t, Options{Now: func() time.Time { return now }})
	for _, tc := range []struct {
		pass, age time.Duration
		want      string
	}{
		{0, time.Hour, "/index.yaml"}, {time.Minute, time.Minute, ""}, {time.Minute, time.Minute, "/index.yaml If-Modified-Since"}, {time.Minute, time.Minute, ""}, {0, 0, "/index.yaml If-Modified-Since"},
	} {
		now = now.Add(tc.pass)
		if _, err := s.IndexWithin(t.Context(), source.Repository{URL: web.URL + "/"}, tc.age); err != nil {
			t.Fatal(err)
		}
		if got := web.take(); got != tc.want {
			t.Errorf("%v: %s", now, got)
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestNoDigest: a chart without a digest is asked for again, and read again when it is another.
func TestNoDigest(t *testing.T) {
	web := newServer(t, false)
	web.write("app.tgz", chartOf(t, "app/Chart.yaml", "a"))
	web.index("app.tgz", "")
	s := open(t, Options{})
	repo := source.Repository{URL: web.URL}
	index := must(s.Index(t.Context(), repo))
	read := func() string {
		return string(must(fs.ReadFile(must(index.pull(t.Context(), s, "1.0.0", false)), "Chart.yaml")))
	}
	if a, b := read(), read(); a != "a" || b != "a" {
		t.Error(a, b)
	}
	web.write("app.tgz", chartOf(t, "app/Chart.yaml", "b"))
	os.Chtimes(filepath.Join(web.dir, "app.tgz"), time.Time{}, time.Now().Add(time.Hour))
	if got := read(); got != "b" {
		t.Error(got)
	}
	if got := web.take(); got != "/index.yaml, /app.tgz, /app.tgz If-Modified-Since, /app.tgz If-Modified-Since" {
		t.Error(got)
	}
	// Both are kept, for Kept alone.
	if left := must(os.ReadDir(filepath.Join(s.opts.Dir, "charts"))); len(left) != 2 {
		t.Error(left)
	}
}

// TestETag: what a server calls its answers is what it is asked with.
func TestETag(t *testing.T) {
	web := newServer(t, false)
	web.app()
	web.behave("", func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("ETag", `"x"`)
		return false // the file server knows what to do with it
	})
	s := open(t, Options{})
	first := must(s.Index(t.Context(), source.Repository{URL: web.URL}))
	if again := must(s.Index(t.Context(), source.Repository{URL: web.URL})); again != first {
		t.Error("another index")
	}
	if got := web.take(); got != "/index.yaml, /index.yaml If-None-Match If-Modified-Since" {
		t.Error(got)
	}
	web.behave("", func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusNotModified)
		return true
	})
	_, err := s.Index(t.Context(), source.Repository{URL: web.URL, Username: "eve"})
	check(t, "not modified, though nothing was known", err, fault.Broken, "answers 304")
}

// TestShared: who wants the same at the same time waits for one download, which goes
// on when the first of them leaves.
func TestShared(t *testing.T) {
	web := newServer(t, false)
	web.app()
	s := open(t, Options{})
	repo := source.Repository{URL: web.URL}
	index := must(s.Index(t.Context(), repo))
	web.take()
	entered, proceed := make(chan struct{}), make(chan struct{})
	web.behave("", func(http.ResponseWriter, *http.Request) bool {
		entered <- struct{}{}
		<-proceed
		return false
	})
	for name, work := range map[string]func(context.Context) error{
		"/index.yaml If-Modified-Since": func(ctx context.Context) error {
			_, err := s.Index(ctx, repo)
			return err
		},
		"/app.tgz": func(ctx context.Context) error {
			_, err := index.pull(ctx, s, "1.0.0", false)
			return err
		},
	} {
		first, leave := context.WithCancel(t.Context())
		left := make(chan error)
		go func() { left <- work(first) }()
		<-entered
		// Who looks at when it should leave is waiting already.
		waiting := make(chan struct{})
		var group sync.WaitGroup
		for range 20 {
			group.Go(func() {
				if err := work(watched{t.Context(), waiting}); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		for range 20 {
			<-waiting
		}
		leave()
		if err := <-left; fault.KindOf(err) != fault.Unavailable || !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		proceed <- struct{}{}
		group.Wait()
		if got := web.take(); got != name {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// watched tells that somebody waits for its end.
type watched struct {
	context.Context
	waiting chan<- struct{}
}

func (w watched) Done() <-chan struct{} {
	w.waiting <- struct{}{}
	return w.Context.Done()
}

// TestClose: whoever waits is told, and nothing is left running.
func TestClose(t *testing.T) {
	web := newServer(t, false)
	entered := make(chan struct{})
	web.behave("", func(_ http.ResponseWriter, r *http.Request) bool {
		close(entered)
		<-r.Context().Done()
		return true
	})
	s := open(t, Options{})
	failed := make(chan error)
	go func() {
		_, err := s.Index(t.Context(), source.Repository{URL: web.URL})
		failed <- err
	}()
	<-entered
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if err := <-failed; fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if _, err := s.Index(t.Context(), source.Repository{URL: web.URL}); fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

func TestFile(t *testing.T) {
	web, other := newServer(t, false), newServer(t, false)
	web.write("values.yaml", []byte("a: 1\n"))
	web.write("large.yaml", bytes.Repeat([]byte("a"), 2000))
	other.write("values.yaml", []byte("b: 1\n"))
	web.behave("", func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, other.URL+"/values.yaml", http.StatusFound)
			return true
		}
		return false
	})
	s := open(t, Options{AllowLoopback: true, MaxFileBytes: 1000})
	token := source.NewSecret(canary)
	for _, tc := range []struct {
		reason  string
		repo    source.Repository
		schemes []string
		want    string
		kind    fault.Kind
		err     string
	}{
		{"a file", source.Repository{URL: web.URL + "/values.yaml?sig=" + canary}, nil, "a: 1\n", 0, ""},
		{"once more", source.Repository{URL: web.URL + "/values.yaml?sig=" + canary}, []string{"HTTP"}, "a: 1\n", 0, ""},
		{"with a token that stays here", source.Repository{URL: web.URL + "/away", BearerToken: token}, nil, "b: 1\n", 0, ""},
		{"a scheme that is not allowed", source.Repository{URL: web.URL + "/values.yaml?sig=" + canary}, []string{"https"}, "", fault.Denied, "helm.valuesFileSchemes allows https"},
		{"no scheme is allowed", source.Repository{URL: web.URL + "/values.yaml"}, []string{}, "", fault.Denied, "files are not read"},
		{"a scheme that is allowed and not built", source.Repository{URL: "s3://bucket/values.yaml"}, []string{"s3"}, "", fault.Unsupported, "over https and http only"},
		{"a file of this machine", source.Repository{URL: "file:///etc/passwd"}, nil, "", fault.Invalid, "is not a URL"},
		{"too large", source.Repository{URL: web.URL + "/large.yaml?sig=" + canary}, nil, "", fault.Broken, "/large.yaml: more than 1000 bytes"},
		{"not there", source.Repository{URL: web.URL + "/nothing?sig=" + canary}, nil, "", fault.NotFound, "/nothing: not found"},
		{"where clouds keep credentials", source.Repository{URL: "http://169.254.169.254/latest"}, nil, "", fault.Denied, "no repository is read from"},
	} {
		tree, err := s.File(t.Context(), tc.repo, tc.schemes)
		check(t, tc.reason, err, tc.kind, tc.err)
		if tc.err != "" || err != nil {
			continue
		}
		if data, err := tree.ReadFile(FileName); err != nil || string(data) != tc.want {
			t.Errorf("%s: %q, %v", tc.reason, data, err)
		}
	}
	if w, o := web.take(), other.take(); w != "/values.yaml, /values.yaml If-Modified-Since, /away Authorization, /large.yaml, /nothing" || o != "/values.yaml" {
		t.Error(w, o)
	}
	// Whoever writes an Application does not get to read what this machine serves itself.
	_, err := open(t, Options{}).File(t.Context(), source.Repository{URL: web.URL + "/values.yaml"}, nil)
	check(t, "this machine", err, fault.Denied, "own address")
}

func TestNotHTTP(t *testing.T) {
	s := open(t, Options{})
	for _, repo := range []source.Repository{
		{URL: "oci://ada:" + canary + "@registry.example/charts"}, {URL: "file:///charts"}, {URL: "registry.example/charts", EnableOCI: true}, {URL: "https://ada:" + canary + "%zz@x"}, {},
	} {
		_, err := s.Index(t.Context(), repo)
		check(t, repo.URL, err, fault.Invalid, "is")
	}
	_, err := s.Index(t.Context(), source.Repository{URL: "http://127.0.0.1:1/" + url.PathEscape("x")})
	check(t, "nobody is there", err, fault.Unavailable, "connection refused")
}
