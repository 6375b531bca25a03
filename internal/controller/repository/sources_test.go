package repository

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/internal/source/helmrepo"
	"evenkeel.dev/internal/source/reach"
	"evenkeel.dev/test/registrytest"
)

// charts is a Helm repository with versions of one chart, app, and a file of values.
type charts struct {
	*httptest.Server
	dir string

	mu       sync.Mutex
	password string
	listed   int      // how often the index was asked for
	users    []string // who asked, once each
	index    string
}

func newCharts(t *testing.T) *charts {
	c := &charts{dir: t.TempDir(), index: "apiVersion: v1\nentries:\n  app:\n"}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, password, _ := r.BasicAuth()
		c.mu.Lock()
		if r.URL.Path == "/index.yaml" {
			c.listed++
		}
		if !slices.Contains(c.users, user) {
			c.users = append(c.users, user)
		}
		refused := c.password != "" && password != c.password
		c.mu.Unlock()
		if refused {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		http.FileServer(http.Dir(c.dir)).ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	c.publish(t, "1.0.0")
	c.write(t, "values.yaml", []byte("a: 1\n"))
	return c
}

func (c *charts) write(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(c.dir, name), content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (c *charts) publish(t *testing.T, version string) {
	t.Helper()
	content := registrytest.Archive(t, map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: app\nversion: " + version + "\n"})
	c.write(t, "app-"+version+".tgz", content)
	c.index += fmt.Sprintf("  - version: %s\n    digest: %x\n    urls:\n    - app-%s.tgz\n", version, sha256.Sum256(content), version)
	c.write(t, "index.yaml", []byte(c.index))
}

// asked is how often the index was asked for since the last call.
func (c *charts) asked() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.listed
	c.listed = 0
	return n
}

func (c *charts) takeUsers() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := strings.Join(c.users, ",")
	c.users = nil
	return u
}

// clock is set by hand.
type clock struct{ now time.Time }

func newSources(t *testing.T, c *clock) *Sources {
	t.Helper()
	s := &Sources{Minter: credential.NewMinter(credential.MinterOptions{}), Now: func() time.Time { return c.now }}
	var err error
	if s.Helm, err = helmrepo.Open(helmrepo.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Helm.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// What a target was resolved to stands for a minute for whoever renders, unless somebody
// wants it fresh; a Poller that looks at the same target renews it for all.
func TestResolveRemembersForAMinute(t *testing.T) {
	server := newCharts(t)
	c := &clock{time.Unix(1_800_000_000, 0)}
	s := newSources(t, c)
	target := Target{source.Repository{URL: server.URL, Type: source.Helm}, source.Target{Chart: "app", Revision: "^1"}}
	expect := func(why string, fresh bool, want string, asked int) {
		t.Helper()
		got, err := s.Resolve(t.Context(), target, fresh)
		if n := server.asked(); err != nil || got != want || n != asked {
			t.Errorf("%s: %s, %v, index asked for %d times; want %s, %d", why, got, err, n, want, asked)
		}
	}
	expect("the first", false, "1.0.0", 1)
	server.publish(t, "1.1.0")
	c.now = c.now.Add(freshness - time.Second)
	expect("within the minute", false, "1.0.0", 0)
	expect("fresh", true, "1.1.0", 1)
	server.publish(t, "1.2.0")
	c.now = c.now.Add(freshness)
	expect("after the minute", false, "1.2.0", 1)

	server.publish(t, "1.3.0")
	refs, err := s.List(t.Context(), target.Repo)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Commit(t.Context(), target.Repo, refs, target.Target); err != nil {
		t.Fatal(err)
	}
	expect("a Poller has looked", false, "1.3.0", 1)

	other := target
	other.Revision = "1.0.0"
	if got, err := s.Resolve(t.Context(), other, false); err != nil || got != "1.0.0" {
		t.Errorf("another target: %s, %v", got, err)
	}
}

// A kind for which there is no store is refused, and nothing is asked.
func TestKindsThatCannotBeRead(t *testing.T) {
	s := &Sources{Minter: credential.NewMinter(credential.MinterOptions{})}
	for _, repo := range []source.Repository{{URL: "https://ada:c4n4ry@charts.example", Type: source.Helm}, {URL: "oci://r.example/x", Type: source.OCI}} {
		_, listed := s.List(t.Context(), repo)
		_, read := s.Tree(t.Context(), Place{Repo: repo, Chart: "app", Revision: "1.0.0"})
		for _, err := range []error{listed, read} {
			if fault.KindOf(err) != fault.Unsupported || strings.Contains(fmt.Sprint(err), "c4n4ry") {
				t.Errorf("%s: %v", repo, err)
			}
		}
	}
}

// fetching is a Fetcher with the Secrets of one installation.
func fetching(s *Sources, near string, secrets map[string]source.Repository, allowed func(string) bool) Fetcher {
	return Fetcher{
		Sources: s, Near: near,
		Find: func(url string) (source.Repository, error) {
			repo := secrets[url]
			repo.URL = strings.TrimPrefix(url, "@")
			if repo.Name != "" && strings.HasPrefix(url, "@") {
				repo.URL = repo.Name
			}
			return repo, nil
		},
		Allowed: func(url string) error {
			if allowed(url) {
				return nil
			}
			return fault.New(fault.Denied, "%s is not in spec.sourceRepos", url)
		},
		Guard: reach.Guard{Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
			addrs := map[string]string{"git.example": "93.184.216.34", "inner.example": "10.0.0.8", "near.example": "10.0.0.9", "me.example": "127.0.0.1"}
			return []netip.Addr{netip.MustParseAddr(addrs[host])}, nil
		}},
	}
}

func everything(string) bool { return true }

func nothing(string) bool { return false }

// Credentials are used only where the project allows the repository.
func TestFetcherCredentials(t *testing.T) {
	server := newCharts(t)
	server.password = "right"
	s := newSources(t, &clock{time.Unix(1_800_000_000, 0)})
	secret := source.Repository{Type: source.Helm, Username: "ada", Password: source.NewSecret("right")}
	secrets := map[string]source.Repository{server.URL: secret}
	secret.Name = server.URL
	secrets["@ours"] = secret
	for _, tc := range []struct {
		reason  string
		url     string
		allowed func(string) bool
		user    string
		err     string
	}{
		{"by the URL", server.URL, everything, "ada", ""},
		{"by the name of the Secret", "@ours", func(url string) bool { return url == server.URL }, "ada", ""},
		{"the project may not use it", server.URL, nothing, "", "credentials"},
		{"the project may not use it, by its name", "@ours", nothing, "", "credentials"},
	} {
		server.takeUsers()
		f := fetching(s, server.URL+"/own.git", secrets, tc.allowed)
		f.Fresh = true
		got, err := f.Fetch(t.Context(), remote.Want{Kind: remote.Chart, URL: tc.url, Name: "app", Version: "^1"})
		users := server.takeUsers()
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) || users != tc.user {
				t.Errorf("%s: %+v, %v, users %q", tc.reason, got, err, users)
			}
			continue
		}
		if err != nil || got.Version != "1.0.0" || !strings.HasPrefix(got.Digest, "sha256:") || users != tc.user {
			t.Errorf("%s: %+v, %v, users %q", tc.reason, got, err, users)
			continue
		}
		if b, err := fs.ReadFile(got.FS, "Chart.yaml"); err != nil || !strings.Contains(string(b), "name: app") {
			t.Errorf("%s: %q, %v", tc.reason, b, err)
		}
	}
}

// Where the network ends for what strangers name.
func TestFetcherReach(t *testing.T) {
	server := newCharts(t)
	s := newSources(t, &clock{time.Unix(1_800_000_000, 0)})
	inner := "http://inner.example/charts"
	named := map[string]source.Repository{inner: {Type: source.Helm}}
	for _, tc := range []struct {
		reason  string
		near    string
		url     string
		secrets map[string]source.Repository
		allowed func(string) bool
		denied  bool
	}{
		{"where clouds keep credentials", "https://git.example/a.git", "http://169.254.169.254/latest", nil, everything, true},
		{"this machine", "https://git.example/a.git", server.URL, nil, everything, true},
		{"this machine by a name", "https://git.example/a.git", "http://me.example/", nil, everything, true},
		{"this machine, where the Application's repository is", server.URL + "/a.git", server.URL, nil, everything, false},
		{"a private network", "https://git.example/a.git", inner, nil, everything, true},
		{"the private network of the Application's repository", "https://near.example/a.git", inner, nil, everything, false},
		{"a private network that the operator named", "https://git.example/a.git", inner, named, everything, false},
		{"named, but not for this project", "https://git.example/a.git", inner, named, nothing, true},
		{"an address in disguise", "https://git.example/a.git", "http://0x7f.1/", nil, everything, true},
		{"no host at all", "https://git.example/a.git", "file:///etc", nil, everything, true},
	} {
		f := fetching(s, tc.near, tc.secrets, tc.allowed)
		for _, kind := range []remote.Kind{remote.Chart, remote.Git, remote.File} {
			repo, err := f.repository(tc.url)
			if err != nil {
				t.Fatal(err)
			}
			err = f.reachable(t.Context(), repo)
			if denied := fault.KindOf(err) == fault.Denied; err != nil && !denied || denied != tc.denied {
				t.Errorf("%s: %v", tc.reason, err)
			}
			if !tc.denied {
				continue
			}
			if _, err := f.Fetch(t.Context(), remote.Want{Kind: kind, URL: tc.url, Name: "app"}); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: fetching %s: %v", tc.reason, kind, err)
			}
		}
	}
	if n := server.asked(); n != 0 {
		t.Errorf("%d requests of what is denied", n)
	}
}

// A file of values is what a URL answers, also of this machine if the Application's
// repository is there.
func TestFetcherFile(t *testing.T) {
	server := newCharts(t)
	s := newSources(t, &clock{time.Unix(1_800_000_000, 0)})
	f := fetching(s, server.URL+"/a.git", nil, everything)
	got, err := f.Fetch(t.Context(), remote.Want{Kind: remote.File, URL: server.URL + "/values.yaml"})
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(got.FS, remote.FileName); err != nil || string(b) != "a: 1\n" {
		t.Errorf("%q, %v", b, err)
	}
	f.Schemes = []string{"https"}
	if _, err := f.Fetch(t.Context(), remote.Want{Kind: remote.File, URL: server.URL + "/values.yaml"}); fault.KindOf(err) != fault.Denied {
		t.Errorf("a scheme that is not allowed: %v", err)
	}
}

// A registry of charts is oci://… to who depends on it and has no scheme in Argo CD's
// Secrets; one of type oci has.
func TestFetcherFindsRegistries(t *testing.T) {
	const dependency, bare = "oci://r.example/charts", "r.example/charts"
	password := source.NewSecret("x")
	for _, tc := range []struct {
		reason  string
		secrets map[string]source.Repository
		url     string
		user    string
	}{
		{"no Secret", nil, dependency, ""},
		{"a Secret of a Helm registry", map[string]source.Repository{bare: {Type: source.Helm, EnableOCI: true, Username: "helm", Password: password}}, bare, "helm"},
		{"a Secret of type oci", map[string]source.Repository{dependency: {Type: source.OCI, Username: "oci", Password: password}}, dependency, "oci"},
		{"both", map[string]source.Repository{
			dependency: {Type: source.OCI, Username: "oci", Password: password}, bare: {Type: source.Helm, EnableOCI: true, Username: "helm", Password: password},
		}, dependency, "oci"},
		{"a Secret that says only how to reach it", map[string]source.Repository{bare: {Type: source.Helm, EnableOCI: true, InsecureOCIForceHTTP: true}}, bare, ""},
	} {
		f := fetching(&Sources{}, "https://git.example/a.git", tc.secrets, everything)
		got, err := f.Target(remote.Want{Kind: remote.Chart, URL: dependency, Name: "lib", Version: "^1"})
		if err != nil || got.Repo.URL != tc.url || got.Repo.Username != tc.user || got.Repo.Type != source.OCI || got.Chart != "lib" {
			t.Errorf("%s: %s %q %s, %v", tc.reason, got.Repo.URL, got.Repo.Username, got.Repo.Type, err)
		}
		f.Allowed = func(string) error { return fault.New(fault.Denied, "no") }
		if got, err := f.Target(remote.Want{Kind: remote.Chart, URL: dependency, Name: "lib"}); err != nil || got.Repo.HasCredentials() {
			t.Errorf("%s: credentials for a project that may not have them, %v", tc.reason, err)
		}
	}
}

func TestMoves(t *testing.T) {
	commit, digest := strings.Repeat("0a", 20), "sha256:"+strings.Repeat("0a", 32)
	for _, tc := range []struct {
		kind    remote.Kind
		version string
		want    bool
	}{
		{remote.Git, "main", true},
		{remote.Git, "", true},
		{remote.Git, "v1.2.3", true}, // a tag may be moved
		{remote.Git, commit, false},
		{remote.Git, commit[1:], true},
		{remote.Chart, "^1.2.3", true},
		{remote.Chart, "", true},
		{remote.Chart, "1.x", true},
		{remote.Chart, "1.2", true},
		{remote.Chart, "1.2.3", false},
		{remote.Chart, "v1.2.3-rc.1+build", false},
		{remote.Chart, "1.2.3 - 2.0.0", true},
		{remote.Chart, digest, false},
		{remote.File, "", false},
	} {
		if got := Moves(remote.Want{Kind: tc.kind, Version: tc.version}); got != tc.want {
			t.Errorf("%s %q: %t", tc.kind, tc.version, got)
		}
	}
}
