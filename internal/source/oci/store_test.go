package oci

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/registrytest"
)

// TestRequests counts what is asked of a registry: an exact version is one request
// without a body, what a digest names comes once, and a restart does not change that.
func TestRequests(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	a := artifact(t, map[string]string{"kustomization.yaml": "resources: []\n"})
	a.Annotations = map[string]string{"org.opencontainers.image.revision": "abc"}
	digest := registry.Push(t, "team/app", "1.0.0", a)
	f := startFront(t, registry.Host, nil)
	repo, dir := at(f.Host), t.TempDir()
	s := open(t, Options{Dir: dir})
	var got Artifact
	for _, step := range []struct {
		reason string
		do     func() error
		want   []string
	}{
		{"an exact version", func() error { _, err := s.Resolve(t.Context(), repo, "", "1.0.0"); return err }, []string{"HEAD manifests/1.0.0"}},
		{"a digest that was seen", func() error { _, err := s.Resolve(t.Context(), repo, "", digest); return err }, nil},
		{"its content", func() (err error) { got, err = s.Artifact(t.Context(), repo, "", digest); return err }, []string{"GET manifests/DIGEST", "GET blobs/DIGEST"}},
		{"its content again", func() (err error) { got, err = s.Artifact(t.Context(), repo, "", digest); return err }, nil},
		{"its content by its tag", func() (err error) { got, err = s.Artifact(t.Context(), repo, "", "1.0.0"); return err }, []string{"HEAD manifests/1.0.0"}},
		{"after a restart", func() (err error) {
			s = open(t, Options{Dir: dir})
			got, err = s.Artifact(t.Context(), repo, "", digest)
			return err
		}, []string{"HEAD manifests/DIGEST"}},
		{"after the directory was deleted", func() (err error) {
			s = open(t, Options{Dir: dir})
			os.RemoveAll(dir)
			got, err = s.Artifact(t.Context(), repo, "", digest)
			return err
		}, []string{"HEAD manifests/DIGEST", "GET manifests/DIGEST", "GET blobs/DIGEST"}},
	} {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.reason, err)
		}
		if diff := cmp.Diff(step.want, f.asked()); diff != "" {
			t.Errorf("%s:\n%s", step.reason, diff)
		}
	}
	if got.Digest != digest || got.Annotations["org.opencontainers.image.revision"] != "abc" || body(t, got, "kustomization.yaml") != "resources: []\n" {
		t.Errorf("%+v, %q", got, body(t, got, "kustomization.yaml"))
	}
}

func TestChart(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	push := func(version string) string {
		return registry.Push(t, "charts/team/web", tagOf(version), registrytest.Chart(registrytest.Archive(t, map[string]string{
			"web/Chart.yaml": "name: web\nversion: " + version + "\n", "web/templates/a.yaml": "a",
		})))
	}
	push("1.0.0")
	newest := push("1.2.0+build.7")
	push("2.0.0-rc.1")
	repo := source.Repository{URL: registry.Host + "/charts", Type: source.Helm, EnableOCI: true, InsecureOCIForceHTTP: true}
	s := open(t, Options{})
	for _, target := range []string{"^1.0", "", "1.2.0+build.7"} {
		rev, err := s.Resolve(t.Context(), repo, "team/web", target)
		if diff := cmp.Diff(Revision{Version: "1.2.0+build.7", Digest: newest}, rev); err != nil || diff != "" {
			t.Errorf("%q: %v\n%s", target, err, diff)
		}
	}
	got, err := s.Artifact(t.Context(), repo, "team/web", "1.2.0+build.7")
	if err != nil || body(t, got, "Chart.yaml") != "name: web\nversion: 1.2.0+build.7\n" || got.Version != "1.2.0+build.7" {
		t.Errorf("%v, %+v, %q", err, got, body(t, got, "Chart.yaml"))
	}
	// The same as a plain artifact: Argo CD takes the chart's directory off there too.
	got, err = s.Artifact(t.Context(), source.Repository{URL: "oci://" + registry.Host + "/charts/team/web", InsecureOCIForceHTTP: true}, "", "1.0.0")
	if err != nil || body(t, got, "templates/a.yaml") != "a" {
		t.Errorf("%v, %q", err, body(t, got, "templates/a.yaml"))
	}
	if _, err := s.Resolve(t.Context(), repo, "team/web", ">=3"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	if _, err := s.Resolve(t.Context(), repo, "team/api", "1.0.0"); fault.KindOf(err) != fault.NotFound {
		t.Error(err)
	}
	registry.Push(t, "charts/team/flat", "1.0.0", registrytest.Chart(registrytest.Archive(t, map[string]string{"Chart.yaml": "name: flat\n"})))
	if _, err := s.Artifact(t.Context(), repo, "team/flat", "1.0.0"); fault.KindOf(err) != fault.Broken || !says(err, "no Chart.yaml") {
		t.Error(err)
	}
}

// TestMovingTag: a tag is asked for each time, as it may have moved.
func TestMovingTag(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	s := open(t, Options{})
	for _, version := range []string{"old", "new"} {
		registry.Push(t, "team/app", "stable", artifact(t, map[string]string{"a": version}))
		got, err := s.Artifact(t.Context(), at(registry.Host), "", "stable")
		if err != nil || body(t, got, "a") != version {
			t.Errorf("%s: %v, %q", version, err, body(t, got, "a"))
		}
	}
}

// TestPages: a list of tags is put together of its pages, each asked for once.
func TestPages(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	a := artifact(t, map[string]string{"a": "x"})
	var want []string
	for i := range 7 {
		want = append(want, fmt.Sprintf("1.%d.0", i))
		registry.Push(t, "team/app", want[i], a)
	}
	f := startFront(t, registry.Host, func(_ http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		if q.Has("n") {
			q.Set("n", "3")
			r.URL.RawQuery = q.Encode()
		}
		return false
	})
	s := open(t, Options{MaxTags: 7})
	tags, err := s.Tags(t.Context(), at(f.Host), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tags.Names()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"GET tags/list", "GET tags/list", "GET tags/list"}, f.asked()); diff != "" {
		t.Error(diff)
	}
	s = open(t, Options{MaxTags: 6})
	if _, err := s.Resolve(t.Context(), at(f.Host), "", "^1"); fault.KindOf(err) != fault.Broken || !says(err, "more than 6") {
		t.Errorf("one tag too many: %v", err)
	}
	if rev, err := s.Resolve(t.Context(), at(f.Host), "", "1.3.0"); err != nil || rev.Version != "1.3.0" {
		t.Errorf("an exact version needs no list: %v, %v", rev, err)
	}
}

const password = "hunter2"

func TestCredentials(t *testing.T) {
	users := map[string]string{"ada": password}
	basic := registrytest.Start(t, registrytest.Options{Users: users, TLS: true})
	tokens := registrytest.Start(t, registrytest.Options{Users: users, Tokens: true, TLS: true})
	a := artifact(t, map[string]string{"a": "x"})
	digest := basic.Push(t, "team/app", "1.0.0", a)
	tokens.Push(t, "team/app", "1.0.0", a)
	repo := func(r *registrytest.Registry, user, pass string) source.Repository {
		return source.Repository{URL: "oci://" + r.Host + "/team/app", CAData: r.CA, Username: user, Password: source.NewSecret(pass)}
	}
	withToken := repo(tokens, "", "")
	withToken.BearerToken = source.NewSecret(token(t, tokens, "repository:team/app:pull"))
	withoutCheck := repo(basic, "ada", password)
	withoutCheck.CAData, withoutCheck.Insecure = "", true
	withoutCA := repo(basic, "ada", password)
	withoutCA.CAData = ""
	for _, tc := range []struct {
		reason string
		repo   source.Repository
		error  string
	}{
		{"user and password", repo(basic, "ada", password), ""},
		{"a password that was made with echo", repo(basic, "ada", password+"\n"), ""},
		{"user and password for a token", repo(tokens, "ada", password), ""},
		{"a token", withToken, ""},
		{"any certificate", withoutCheck, ""},
		{"a certificate of an authority that is not known", withoutCA, "certificate"},
		{"a wrong password", repo(basic, "ada", "hunter3"), "refuses the credentials"},
		{"a wrong password for a token", repo(tokens, "ada", "hunter3"), "refuses the credentials"},
		{"no password", repo(basic, "", ""), "wants user and password"},
		{"no password for a token", repo(tokens, "", ""), "refuses the credentials"},
		{"a line break", repo(basic, "ada", "hun\r\nter2"), "holds a line break"},
	} {
		s := open(t, Options{})
		got, err := s.Artifact(t.Context(), tc.repo, "", "1.0.0")
		if !says(err, tc.error) || err == nil && body(t, got, "a") != "x" {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if err != nil && (strings.Contains(err.Error(), "hunter") || fault.KindOf(err).Transient()) {
			t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
		}
	}
	// What is on disk already is for those who may read it.
	s := open(t, Options{})
	if _, err := s.Artifact(t.Context(), repo(basic, "ada", password), "", digest); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Artifact(t.Context(), repo(basic, "ada", "hunter3"), "", digest); !says(err, "refuses the credentials") {
		t.Errorf("somebody else gets what is on disk: %v", err)
	}
}

// TestOneToken: one token is enough for all that is read of a repository.
func TestOneToken(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{Users: map[string]string{"ada": password}, Tokens: true})
	registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	repo := at(registry.Host)
	repo.Username, repo.Password = "ada", source.NewSecret(password)
	s, before := open(t, Options{}), registry.Tokens.Given()
	for range 3 {
		rev, err := s.Resolve(t.Context(), repo, "", "^1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Artifact(t.Context(), repo, "", rev.Digest); err != nil {
			t.Fatal(err)
		}
	}
	if got := registry.Tokens.Given() - before; got != 1 {
		t.Errorf("%d tokens were asked for", got)
	}
}

func token(t *testing.T, r *registrytest.Registry, scope string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.Tokens.URL+"/token?scope="+scope, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.SetBasicAuth("ada", password)
	res, err := r.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct{ Token string }
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return answer.Token
}

// TestTogether: many who want the same at once share one download.
func TestTogether(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	const callers = 20
	var waiting sync.WaitGroup
	waiting.Add(callers)
	f := startFront(t, registry.Host, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") {
			waiting.Wait() // until all have come
		}
		return false
	})
	s := open(t, Options{})
	if _, err := s.Resolve(t.Context(), at(f.Host), "", digest); err != nil {
		t.Fatal(err)
	}
	f.asked()
	var done sync.WaitGroup
	for range callers {
		done.Go(func() {
			waiting.Done()
			got, err := s.Artifact(t.Context(), at(f.Host), "", digest)
			if err != nil || got.Tree == nil {
				t.Error(err)
			}
		})
	}
	done.Wait()
	if diff := cmp.Diff([]string{"GET manifests/DIGEST", "GET blobs/DIGEST"}, f.asked()); diff != "" {
		t.Error(diff)
	}
}

// TestCanceled: whoever gives up leaves at once and takes nobody along; what nobody
// ends is ended by the store.
func TestCanceled(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	asked, release := make(chan struct{}, 1), make(chan struct{})
	f := startFront(t, registry.Host, func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.Contains(r.URL.Path, "/blobs/") {
			asked <- struct{}{}
			select {
			case <-release:
			case <-r.Context().Done():
			}
		}
		return false
	})
	s := open(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.Artifact(ctx, at(f.Host), "", "1.0.0")
		left <- err
	}()
	<-asked
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	close(release)
	if got, err := s.Artifact(t.Context(), at(f.Host), "", "1.0.0"); err != nil || body(t, got, "a") != "x" {
		t.Error(err)
	}

	release = make(chan struct{})
	s = open(t, Options{})
	go func() {
		_, err := s.Artifact(t.Context(), at(f.Host), "", "1.0.0")
		left <- err
	}()
	<-asked
	s.Close()
	if err := <-left; fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
	if _, err := s.Artifact(t.Context(), at(f.Host), "", "1.0.0"); fault.KindOf(err) != fault.Unavailable || !says(err, "closed") {
		t.Error(err)
	}
}

// TestDamagedDisk: what is no longer what its digest says is read anew.
func TestDamagedDisk(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	dir := t.TempDir()
	if _, err := open(t, Options{Dir: dir}).Artifact(t.Context(), at(registry.Host), "", digest); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*", "sha256", "*"))
	if err != nil || len(files) != 2 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		if err := os.WriteFile(file, []byte("damaged"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := open(t, Options{Dir: dir}).Artifact(t.Context(), at(registry.Host), "", digest)
	if err != nil || body(t, got, "a") != "x" {
		t.Error(err)
	}
}

// TestRevoked: who is refused once is asked for credentials again, also for what was
// read before.
func TestRevoked(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	f := startFront(t, registry.Host, nil)
	s := open(t, Options{})
	if _, err := s.Artifact(t.Context(), at(f.Host), "", digest); err != nil {
		t.Fatal(err)
	}
	f.instead = func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		return true
	}
	for _, version := range []string{"1.0.0", digest} {
		if _, err := s.Artifact(t.Context(), at(f.Host), "", version); !says(err, "refuses the credentials") || err == nil {
			t.Errorf("%s: %v", version, err)
		}
	}
}

// TestMemory: trees are shared while there is room for them, and are right without.
func TestMemory(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x", "b": "", "c": ""}))
	for _, tc := range []struct {
		reason string
		bytes  int64
		shared bool
	}{{"room enough", 0, true}, {"no room, for three files of one byte", 1000, false}} {
		s := open(t, Options{MaxTreeBytes: tc.bytes})
		first, err1 := s.Artifact(t.Context(), at(registry.Host), "", digest)
		second, err2 := s.Artifact(t.Context(), at(registry.Host), "", digest)
		if err1 != nil || err2 != nil || body(t, second, "a") != "x" || (first.Tree == second.Tree) != tc.shared {
			t.Errorf("%s: shared %v, %v, %v", tc.reason, first.Tree == second.Tree, err1, err2)
		}
	}
}

func TestNobodyThere(t *testing.T) {
	f := httptest.NewServer(nil)
	f.Close()
	host := strings.TrimPrefix(f.URL, "http://")
	_, err := open(t, Options{}).Resolve(t.Context(), at(host), "", "1.0.0")
	want := host + "/team/app: 1.0.0: dial tcp " + host + ": connect: connection refused"
	if err == nil || err.Error() != want || fault.KindOf(err) != fault.Unavailable {
		t.Error(err)
	}
}

func BenchmarkResolve(b *testing.B) {
	var names []string
	for i := range 100_000 {
		names = append(names, fmt.Sprintf("%d.%d.%d", i/10_000, i/100%100, i%100))
	}
	for b.Loop() {
		if got, err := newTags("r", true, names).Resolve("^7.1"); err != nil || got != "7.99.99" {
			b.Fatal(got, err)
		}
	}
}
