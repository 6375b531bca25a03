package oci

import (
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/registrytest"
)

// front stands before a registry, writes down what it is asked for, and may answer
// in its place.
type front struct {
	Host string
	// instead answers a request if it returns true.
	instead func(http.ResponseWriter, *http.Request) bool

	mu   sync.Mutex
	seen []string
}

func startFront(t *testing.T, registry string, instead func(http.ResponseWriter, *http.Request) bool) *front {
	t.Helper()
	f := &front{instead: instead}
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: registry})
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.note(r)
		if f.instead != nil && f.instead(w, r) {
			return
		}
		if registry == "" {
			http.NotFound(w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	f.Host = strings.TrimPrefix(server.URL, "http://")
	return f
}

var digestsInPaths = regexp.MustCompile(`sha256:[0-9a-f]{64}`)

func (f *front) note(r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, what, _ := strings.Cut(r.URL.Path, "/app/")
	f.seen = append(f.seen, r.Method+" "+digestsInPaths.ReplaceAllString(what, "DIGEST"))
}

// asked is what has been asked for since the last time.
func (f *front) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := f.seen
	f.seen = nil
	return slices.Clone(seen)
}

// at is the repository team/app of a host that is reached by plain HTTP.
func at(host string) source.Repository {
	return source.Repository{URL: "oci://" + host + "/team/app", Type: source.OCI, InsecureOCIForceHTTP: true}
}

func open(t *testing.T, opts Options) *Store {
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

func artifact(t *testing.T, files map[string]string) registrytest.Artifact {
	return registrytest.Artifact{Layers: []registrytest.Layer{{MediaType: registrytest.TarGzip, Content: registrytest.Archive(t, files)}}}
}

func body(t *testing.T, a Artifact, name string) string {
	t.Helper()
	if a.Tree == nil {
		return "no tree"
	}
	data, err := fs.ReadFile(a.Tree, name)
	if err != nil {
		return err.Error()
	}
	return string(data)
}
