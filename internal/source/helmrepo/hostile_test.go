package helmrepo

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

func TestCredentials(t *testing.T) {
	home, other := newServer(t, false), newServer(t, false)
	data := home.app()
	digest := fmt.Sprintf("%x", sha256.Sum256(data))
	other.write("app.tgz", data)
	ada := source.Repository{URL: home.URL, Username: "ada", Password: source.NewSecret(canary)}
	redirect := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			http.Redirect(w, r, other.URL+"/app.tgz?X-Signature="+canary, http.StatusFound)
			return true
		}
		return false
	}
	for _, tc := range []struct {
		reason string
		repo   source.Repository
		url    string
		answer func(http.ResponseWriter, *http.Request) bool
		pass   bool
		home   string
		other  string
		err    string
	}{
		{"the right ones", ada, "app.tgz", nil, false, "/index.yaml Authorization, /app.tgz Authorization", "", ""},
		{"in the URL", source.Repository{URL: strings.Replace(home.URL, "//", "//ada:"+canary+"@", 1)}, "app.tgz", nil, false, "/index.yaml Authorization, /app.tgz Authorization", "", ""},
		{"wrong ones", source.Repository{URL: home.URL, Username: "ada", Password: source.NewSecret(canary + "x")}, "app.tgz", nil, false, "/index.yaml Authorization", "", "refuses the credentials"},
		{"none", source.Repository{URL: home.URL}, "app.tgz", nil, false, "/index.yaml", "", "refuses the credentials"},
		{"charts on another host", ada, other.URL + "/app.tgz", nil, false, "/index.yaml Authorization", "/app.tgz", ""},
		{"which are to have them", ada, other.URL + "/app.tgz", nil, true, "/index.yaml Authorization", "/app.tgz Authorization", ""},
		{"charts on another name of this host", ada, strings.Replace(home.URL, "127.0.0.1", "localhost", 1) + "/app.tgz", nil, false, "/index.yaml Authorization, /app.tgz", "", "refuses the credentials"},
		{"redirected to another host", ada, "app.tgz", redirect, false, "/index.yaml Authorization, /app.tgz Authorization", "/app.tgz", ""},
		{"redirected, and others are to have them", ada, "app.tgz", redirect, true, "/index.yaml Authorization, /app.tgz Authorization", "/app.tgz", ""},
	} {
		home.index(tc.url, digest)
		home.behave(canary, tc.answer)
		var log bytes.Buffer
		s := open(t, Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
		_, err := pull(t.Context(), s, tc.repo, tc.pass)
		check(t, tc.reason, err, fault.Broken, tc.err)
		if h, o := home.take(), other.take(); h != tc.home || o != tc.other {
			t.Errorf("%s: home %q, other %q", tc.reason, h, o)
		}
		if strings.Contains(log.String(), canary) {
			t.Errorf("%s: the log shows it: %s", tc.reason, log.String())
		}
		assertPrivate(t, s.opts.Dir)
	}
}

// assertPrivate: nobody else can read the directory, and no credential is in it, be it
// as the name of a file.
func assertPrivate(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		if i.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v", path, i.Mode())
		}
		if d.IsDir() {
			return nil
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(canary)) || strings.Contains(path, canary) {
			t.Errorf("%s holds it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestOthersCharts: that a chart is on disk, because somebody could read it, gives
// nobody else the right to.
func TestOthersCharts(t *testing.T) {
	web := newServer(t, false)
	web.app()
	private := func(w http.ResponseWriter, r *http.Request) bool {
		user, password, _ := r.BasicAuth()
		if strings.HasSuffix(r.URL.Path, ".tgz") && (user != "ada" || password != canary) {
			w.WriteHeader(http.StatusForbidden)
			return true
		}
		return false
	}
	web.behave("", private)
	s := open(t, Options{})
	if _, err := pull(t.Context(), s, source.Repository{URL: web.URL, Username: "ada", Password: source.NewSecret(canary)}, false); err != nil {
		t.Fatal(err)
	}
	_, err := pull(t.Context(), s, source.Repository{URL: web.URL, Username: "eve", Password: source.NewSecret("x")}, false)
	check(t, "another user", err, fault.Broken, "refuses the credentials")
	_, err = pull(t.Context(), s, source.Repository{URL: web.URL}, false)
	check(t, "no user", err, fault.Broken, "refuses the credentials")
	// Another repository that says that it has the same chart does not get it either.
	other := newServer(t, false)
	other.index("app.tgz", fmt.Sprintf("%x", sha256.Sum256(must(os.ReadFile(filepath.Join(web.dir, "app.tgz"))))))
	_, err = pull(t.Context(), s, source.Repository{URL: other.URL}, false)
	check(t, "another repository", err, fault.NotFound, "not found")
}

// TestProxiesProveNothing: a proxy that the Secret of a repository names may be a
// server of whoever wrote that. What it says he may read is no chart of others.
func TestProxiesProveNothing(t *testing.T) {
	web := newServer(t, false)
	whole := web.app()
	web.behave(canary, nil)
	s := open(t, Options{Proxy: source.NewSecret(web.URL)})
	// Go asks no proxy for an address of this machine, so that this one has a name.
	insider := source.Repository{URL: "http://charts.example.invalid", Username: "ada", Password: source.NewSecret(canary)}
	if _, err := pull(t.Context(), s, insider, false); err != nil {
		t.Fatal(err)
	}
	proxy := newServer(t, false)
	proxy.index("app.tgz", fmt.Sprintf("%x", sha256.Sum256(whole)))
	proxy.write("app.tgz", []byte("no chart, but there"))
	outsider := source.Repository{URL: insider.URL, Proxy: source.NewSecret(proxy.URL)}
	_, err := pull(t.Context(), s, outsider, false)
	check(t, "a chart of others by its digest", err, fault.Broken, "somebody else answers")
}

// TestHostile: charts and indexes that are not what they should be.
func TestHostile(t *testing.T) {
	whole := chartOf(t, "app/Chart.yaml", "name: app\n")
	bomb := chartOf(t, "app/Chart.yaml", "name: app\n", "app/bomb", strings.Repeat("\x00", 8<<20))
	big := chartOf(t, "app/Chart.yaml", "name: app\n", "app/random", random(2<<20))
	gone := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			w.WriteHeader(http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	endless := func(w http.ResponseWriter, r *http.Request) bool {
		io.WriteString(w, "apiVersion: v1\nentries:\n  app:\n")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, "  - name: app\n"); err != nil {
				break
			}
		}
		return true
	}
	broken := func(w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Content-Length", "1000")
		io.WriteString(w, "apiVersion: v1\nentries: {}\n")
		return true
	}
	inflating := func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Encoding", "gzip")
		if !strings.HasSuffix(r.URL.Path, ".tgz") {
			z := gzip.NewWriter(w)
			io.WriteString(z, "apiVersion: v1\nx: "+strings.Repeat(" ", 64<<20))
			z.Close()
			return true
		}
		return false
	}
	encoded := func(w http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, ".tgz") {
			w.Header().Set("Content-Type", "application/x-tar")
			w.Header().Set("Content-Encoding", "gzip")
		}
		return false
	}
	link := chartOf(t, "app/Chart.yaml -> /etc/passwd", "", "app/values.yaml", "")
	sum := func(data []byte) string { return fmt.Sprintf("%x", sha256.Sum256(data)) }
	for _, tc := range []struct {
		reason, url, digest string
		chart               []byte
		answer              func(http.ResponseWriter, *http.Request) bool
		kind                fault.Kind
		err                 string
	}{
		{"as it should be", "app.tgz", sum(whole), whole, nil, 0, ""},
		{"the digest as some write it", "app.tgz", "sha256:" + sum(whole), whole, nil, 0, ""},
		{"another digest", "app.tgz", sum(bomb), whole, nil, fault.Broken, "it has the digest sha256:" + sum(whole)},
		{"no digest", "app.tgz", "", whole, nil, 0, ""},
		{"a digest of another kind counts as none, as in Helm", "app.tgz", "d41d8cd98f00b204e9800998ecf8427e", whole, nil, 0, ""},
		{"a bomb", "app.tgz", sum(bomb), bomb, nil, fault.Broken, "app.tgz: archive: more than 4194304 bytes"},
		{"a bomb without a digest", "app.tgz", "", bomb, nil, fault.Broken, "app.tgz: archive: more than 4194304 bytes"},
		{"too large", "app.tgz", sum(big), big, nil, fault.Broken, "app.tgz: more than 1048576 bytes"},
		{"too large, without a digest", "app.tgz", "", big, nil, fault.Broken, "app.tgz: more than 1048576 bytes"},
		{"no archive", "app.tgz", sum([]byte("x")), []byte("x"), nil, fault.Broken, "app.tgz: archive"},
		{"no chart", "app.tgz", sum(chartOf(t, "app/x", "")), chartOf(t, "app/x", ""), nil, fault.Broken, "that is no chart"},
		{"Chart.yaml is not in the top directory", "app.tgz", sum(chartOf(t, "Chart.yaml", "")), chartOf(t, "Chart.yaml", ""), nil, fault.Broken, "that is no chart"},
		{"a name that leads out", "app.tgz", sum(chartOf(t, "app/Chart.yaml", "", "app/../../x", "")), chartOf(t, "app/Chart.yaml", "", "app/../../x", ""), nil, fault.Broken, "leads up"},
		{"the chart is gone", "nothing.tgz?sig=" + canary, sum(whole), whole, nil, fault.NotFound, "/nothing.tgz: not found"},
		{"the server has a bad day", "app.tgz", sum(whole), whole, gone, fault.Unavailable, "answers 503"},
		{"no URL", `""`, sum(whole), whole, nil, fault.Broken, "is missing"},
		{"a file", "file:///etc/passwd", sum(whole), whole, nil, fault.Broken, "is not of http or https"},
		{"a registry", "oci://registry.example/charts/app", sum(whole), whole, nil, fault.Unsupported, "is in an OCI registry, oci://registry.example/charts/app"},
		{"where clouds keep credentials", "http://169.254.169.254/latest/meta-data", sum(whole), whole, nil, fault.Denied, "no repository is read from"},
		{"Chart.yaml is a symbolic link", "app.tgz", sum(link), link, nil, fault.Broken, "that is no chart"},
		{"a server that calls a chart a gzipped tar", "app.tgz", sum(whole), whole, encoded, 0, ""},
		{"a path that would lead out of a directory is the server's to understand", "..%2f..%2fapp.tgz", sum(whole), whole, nil, 0, ""},
		{"an index that is small as it comes", "app.tgz", sum(whole), whole, inflating, fault.Broken, "/index.yaml: more than 33554432 bytes"},
		{"an index without an end", "app.tgz", sum(whole), whole, endless, fault.Broken, "/index.yaml: more than 33554432 bytes"},
		{"an index that breaks off", "app.tgz", sum(whole), whole, broken, fault.Unavailable, "/index.yaml: unexpected EOF"},
	} {
		web := newServer(t, false)
		web.write("app.tgz", tc.chart)
		web.index(tc.url, tc.digest)
		web.behave("", tc.answer)
		s := open(t, Options{MaxIndexBytes: 32 << 20, MaxReleases: 100_000_000, MaxUnpackedBytes: 4 << 20, MaxChartBytes: 1 << 20})
		_, err := pull(t.Context(), s, source.Repository{URL: web.URL}, false)
		check(t, tc.reason, err, tc.kind, tc.err)
		left := must(os.ReadDir(filepath.Join(s.opts.Dir, "charts")))
		if want := err == nil; len(left) > 1 || len(left) == 1 != want {
			t.Errorf("%s: on disk: %v", tc.reason, left)
		}
	}
}

func random(n int) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		sum := sha256.Sum256(fmt.Append(nil, i))
		b.Write(sum[:])
	}
	return b.String()[:n]
}

// TestHTTPSAndHTTP: a repository of https whose charts come over http needs digests.
func TestHTTPSAndHTTP(t *testing.T) {
	home, other := newServer(t, true), newServer(t, false)
	data := home.app()
	other.write("app.tgz", data)
	repo := source.Repository{URL: home.URL, Insecure: true, BearerToken: source.NewSecret(canary)}
	s := open(t, Options{})
	home.index(other.URL+"/app.tgz", fmt.Sprintf("%x", sha256.Sum256(data)))
	if _, err := pull(t.Context(), s, repo, true); err != nil || other.take() != "/app.tgz" {
		t.Error(err)
	}
	home.index(other.URL+"/app.tgz", "")
	os.Chtimes(filepath.Join(home.dir, "index.yaml"), time.Time{}, time.Now().Add(time.Hour))
	_, err := pull(t.Context(), s, repo, false)
	check(t, "without a digest", err, fault.Broken, "is read over http, without a digest")
	home.behave("", func(w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		return true
	})
	_, err = s.Index(t.Context(), repo)
	check(t, "redirected to http", err, fault.Broken, "redirect")
	if got := other.take(); got != "" {
		t.Error(got)
	}
}
