package oci

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/test/registrytest"
)

// packed is a tar.gz of headers without regard for what may be in one.
func packed(t *testing.T, headers ...*tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for _, h := range headers {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(make([]byte, h.Size)); err != nil {
			t.Fatal(err)
		}
	}
	w.Close()
	z.Close()
	return b.Bytes()
}

// TestHostileArtifacts: what is in the registry is bad, and the registry honest.
func TestHostileArtifacts(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	layer := func(content []byte) registrytest.Artifact {
		return registrytest.Artifact{Layers: []registrytest.Layer{{MediaType: registrytest.TarGzip, Content: content}}}
	}
	good := registrytest.Archive(t, map[string]string{"a": "x"})
	foreign := layer(good)
	foreign.Layers[0].MediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip"
	two := layer(good)
	two.Layers = append(two.Layers, registrytest.Layer{MediaType: registrytest.TarGzip, Content: packed(t)})
	const limit = 1 << 20
	for i, tc := range []struct {
		reason   string
		artifact registrytest.Artifact
		error    string
	}{
		{"a bomb: small when packed", layer(packed(t, &tar.Header{Name: "a", Size: 8 << 20})), "more than 1048576 bytes"},
		{"a layer that is too large to be downloaded", layer(make([]byte, limit+1)), "no more than 1048576 are accepted"},
		{"two layers", two, "it has 2 layers with content"},
		{"a container image's layer", foreign, "does not allow"},
		{"a name that leads up", layer(packed(t, &tar.Header{Name: "../../etc/cron.d/x", Size: 1})), "leads up"},
		{"an absolute name", layer(packed(t, &tar.Header{Name: "/etc/cron.d/x", Size: 1})), "is absolute"},
		{"a device", layer(packed(t, &tar.Header{Name: "a", Typeflag: tar.TypeChar})), "neither a file"},
		{"a file through a link", layer(packed(t, &tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}, &tar.Header{Name: "a/passwd", Size: 1})), "used as a directory"},
		{"no archive", layer([]byte("hello")), "archive"},
		{"too many files", layer(registrytest.Archive(t, map[string]string{"1": "", "2": "", "3": "", "4": ""})), "more than 3 files"},
	} {
		tag := fmt.Sprintf("bad-%d", i)
		digest := registry.Push(t, "team/app", tag, tc.artifact)
		f := startFront(t, registry.Host, nil)
		s := open(t, Options{MaxUnpackedBytes: limit, MaxFiles: 3})
		for _, version := range []string{tag, digest} {
			_, err := s.Artifact(t.Context(), at(f.Host), "", version)
			if !says(err, tc.error) || fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), version) {
				t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
			}
		}
		if early := !strings.Contains(tc.error, "archive") && strings.Contains(tc.error, "layer") || strings.Contains(tc.error, "accepted"); early && slices.Contains(f.asked(), "GET blobs/DIGEST") {
			t.Errorf("%s: it was downloaded", tc.reason)
		}
	}

	digest := registry.Push(t, "team/app", "link", layer(packed(t, &tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "../../../etc/passwd"})))
	got, err := open(t, Options{}).Artifact(t.Context(), at(registry.Host), "", digest)
	if err != nil {
		t.Fatal(err)
	}
	if said := body(t, got, "a"); !strings.Contains(said, "leads out of") && !strings.Contains(said, "outside") {
		t.Errorf("a link out of the artifact: %s", said)
	}

	index := registry.PushManifest(t, "team/app", "index", registrytest.Layer{
		MediaType: "application/vnd.oci.image.index.v1+json",
		Content: fmt.Appendf(nil, `{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[`+
			`{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":%q,"size":%d}]}`, digest, 1000),
	})
	for _, version := range []string{"index", index} {
		if _, err := open(t, Options{}).Artifact(t.Context(), at(registry.Host), "", version); !says(err, "it is an index of 1 manifests") {
			t.Error(err)
		}
	}
}

// TestLyingRegistry: the registry itself is bad, or somebody on the way to it is.
func TestLyingRegistry(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	other := registry.Push(t, "team/app", "2.0.0", artifact(t, map[string]string{"a": "evil"}))
	ask := func(path string) []byte {
		res, err := http.Get("http://" + registry.Host + "/v2/team/app/" + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		data, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	evil := ask("manifests/" + other)
	on := func(part string, do http.HandlerFunc) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method != http.MethodGet || !strings.Contains(r.URL.Path, part) {
				return false
			}
			do(w, r)
			return true
		}
	}
	const manifestType = "application/vnd.oci.image.manifest.v1+json"
	for _, tc := range []struct {
		reason  string
		instead func(http.ResponseWriter, *http.Request) bool
		kind    fault.Kind
		error   string
	}{
		{"another manifest under the digest", on("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", manifestType)
			w.Header().Set("Docker-Content-Digest", digest)
			w.Write(evil)
		}), fault.Broken, "does not have the digest"},
		{"another manifest that says so", on("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", manifestType)
			w.Header().Set("Docker-Content-Digest", other)
			w.Write(evil)
		}), fault.Unavailable, "digest mismatch"},
		{"a manifest without an end", on("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", manifestType)
			w.Header().Set("Docker-Content-Digest", digest)
			w.Header().Set("Content-Length", "50000000")
			io.Copy(w, io.LimitReader(zeros{}, 50_000_000))
		}), fault.Broken, "no more than 4194304 are accepted"},
		{"another layer of the same size", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			real := ask(r.URL.Path[strings.Index(r.URL.Path, "blobs/"):])
			real[len(real)-1] ^= 1
			w.Write(real)
		}), fault.Broken, "has the digest"},
		{"a layer without an end", on("/blobs/", func(w http.ResponseWriter, _ *http.Request) {
			io.Copy(w, io.LimitReader(zeros{}, 50_000_000))
		}), fault.Broken, "larger than the"},
		{"a layer that breaks off", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			real := ask(r.URL.Path[strings.Index(r.URL.Path, "blobs/"):])
			w.Header().Set("Content-Length", fmt.Sprint(len(real)))
			w.Write(real[:len(real)/2])
		}), fault.Unavailable, "EOF"},
		{"no layer", on("/blobs/", http.NotFound), fault.NotFound, "not found"},
		{"a server that is down", on("/blobs/", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "no", http.StatusBadGateway)
		}), fault.Unavailable, "Bad Gateway"},
		{"too many requests", on("/manifests/", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\u001b[2J down"}]}`, http.StatusTooManyRequests)
		}), fault.Unavailable, "fewer requests"},
		{"a redirect to http of what is not HTTP", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "file:///etc/passwd", http.StatusFound)
		}), fault.Broken, "not HTTP"},
		{"a redirect to the cloud's metadata", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest?token=x", http.StatusFound)
		}), fault.Denied, "169.254.169.254"},
		{"a redirect to itself", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
		}), fault.Broken, "more than 10"},
		{"a store of blobs that refuses a signed URL", on("/blobs/", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Query().Has("signature") {
				http.Error(w, "expired", http.StatusForbidden)
				return
			}
			http.Redirect(w, r, r.URL.Path+"?signature=s3cr3t", http.StatusFound)
		}), fault.Broken, "refuses the credentials"},
	} {
		f := startFront(t, registry.Host, tc.instead)
		s := open(t, Options{})
		_, err := s.Artifact(t.Context(), at(f.Host), "", "1.0.0")
		if err == nil || !says(err, tc.error) || fault.KindOf(err) != tc.kind || strings.ContainsAny(err.Error(), "\n\x1b") || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
		}
		if kept, _ := filepath.Glob(filepath.Join(s.opts.Dir, "*", "sha256", "*")); len(kept) > 1 {
			t.Errorf("%s: kept %v", tc.reason, kept)
		}
		// Nothing of it stays: as soon as the truth is told it is believed.
		f.instead = nil
		got, err := s.Artifact(t.Context(), at(f.Host), "", "1.0.0")
		if err != nil || body(t, got, "a") != "x" {
			t.Errorf("%s, afterwards: %v", tc.reason, err)
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// TestClaimedDigest: a server that claims to have what another one gave is not
// believed, not even at the same address when it is reached in another way.
func TestClaimedDigest(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "secret"}))
	s := open(t, Options{})
	if _, err := s.Artifact(t.Context(), at(registry.Host), "", digest); err != nil {
		t.Fatal(err)
	}
	liar := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodHead {
			http.NotFound(w, r)
			return true
		}
		w.Header().Set("Docker-Content-Digest", digest)
		w.Header().Set("Content-Type", "application/vnd.oci.image.manifest.v1+json")
		w.Header().Set("Content-Length", "500")
		return true
	}
	f := startFront(t, "", liar)
	if _, err := s.Artifact(t.Context(), at(f.Host), "", digest); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another host: %v", err)
	}
	proxied := at("registry.example")
	if _, err := s.Artifact(t.Context(), withProxy(proxied, startFront(t, registry.Host, nil)), "", digest); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Artifact(t.Context(), withProxy(proxied, f), "", digest); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the same address by another proxy: %v", err)
	}
}

func withProxy(repo source.Repository, f *front) source.Repository {
	repo.Proxy = source.NewSecret("http://" + f.Host)
	return repo
}

// TestEndlessTags: a list that is too long, or that turns in circles, ends with an error.
func TestEndlessTags(t *testing.T) {
	for _, tc := range []struct {
		reason string
		page   func(n int, r *http.Request) (tags, next string)
		error  string
		most   int
	}{
		{"the same page again and again", func(_ int, r *http.Request) (string, string) {
			return `"1.0.0"`, r.URL.Path
		}, "without saying anything new", 10},
		{"empty pages", func(n int, r *http.Request) (string, string) {
			return ``, fmt.Sprintf("%s?last=%d", r.URL.Path, n)
		}, "without saying anything new", 10},
		{"names that cannot be tags", func(n int, r *http.Request) (string, string) {
			return fmt.Sprintf(`"../%d"`, n), fmt.Sprintf("%s?last=%d", r.URL.Path, n)
		}, "without saying anything new", 10},
		{"ever new tags", func(n int, r *http.Request) (string, string) {
			return fmt.Sprintf(`"1.%d.0","2.%d.0"`, n, n), fmt.Sprintf("%s?last=%d", r.URL.Path, n)
		}, "more than 100;", 51},
		{"a hundred thousand tags at once", func(int, *http.Request) (string, string) {
			return strings.Repeat(`"1.0.0",`, 100_000) + `"1.0.0"`, ""
		}, "more than 100;", 1},
		{"a page without an end", func(int, *http.Request) (string, string) {
			return strings.Repeat(" ", maxTagPageBytes), ""
		}, "", 1},
		{"the next page on another host", func(int, *http.Request) (string, string) {
			return `"1.0.0"`, "http://evil.example/v2/team/app/tags/list"
		}, "not the same origin", 1},
	} {
		n := 0
		f := startFront(t, "", func(w http.ResponseWriter, r *http.Request) bool {
			tags, next := tc.page(n, r)
			n++
			if next != "" {
				w.Header().Set("Link", "<"+next+`>; rel="next"`)
			}
			fmt.Fprintf(w, `{"name":"team/app","tags":[%s]}`, tags)
			return true
		})
		_, err := open(t, Options{MaxTags: 100}).Tags(t.Context(), at(f.Host), "")
		if err == nil || tc.error != "" && !says(err, tc.error) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if got := len(f.asked()); got > tc.most {
			t.Errorf("%s: %d pages were asked for", tc.reason, got)
		}
	}
}

// heard is a server that writes down who authorizes with what.
func heard(t *testing.T, answer http.HandlerFunc) (server *httptest.Server, authorizations func() []string) {
	t.Helper()
	said := make(chan string, 100)
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if a := r.Header.Get("Authorization"); a != "" {
			said <- a
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	return server, func() []string {
		var out []string
		for len(said) > 0 {
			out = append(out, <-said)
		}
		return out
	}
}

// elsewhere is a server's URL with another name of the same machine, which is
// another host to whoever looks after credentials.
func elsewhere(server *httptest.Server) string {
	return strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
}

// TestRedirectedBlob: registries send to the store that holds their blobs. It gets
// the request and no credentials.
func TestRedirectedBlob(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{Users: map[string]string{"ada": password}})
	layer := registrytest.Archive(t, map[string]string{"a": "x"})
	registry.Push(t, "team/app", "1.0.0", registrytest.Artifact{Layers: []registrytest.Layer{{MediaType: registrytest.TarGzip, Content: layer}}})
	store, authorizations := heard(t, func(w http.ResponseWriter, _ *http.Request) { w.Write(layer) })
	for _, to := range []string{store.URL, elsewhere(store)} {
		f := startFront(t, registry.Host, func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/blobs/") {
				return false
			}
			http.Redirect(w, r, to+"/bucket?signature=x", http.StatusTemporaryRedirect)
			return true
		})
		repo := at(f.Host)
		repo.Username, repo.Password = "ada", source.NewSecret(password)
		got, err := open(t, Options{}).Artifact(t.Context(), repo, "", "1.0.0")
		if err != nil || body(t, got, "a") != "x" {
			t.Errorf("%s: %v", to, err)
		}
		if said := authorizations(); len(said) != 0 {
			t.Errorf("%s: the store of blobs was told %v", to, said)
		}
	}
}

// TestRealm: who is named as the server of tokens, and where that sends to.
func TestRealm(t *testing.T) {
	thief, stolen := heard(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) })
	sends, _ := heard(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere(thief)+"/token", http.StatusTemporaryRedirect)
	})
	for _, tc := range []struct{ reason, realm, error string }{
		{"this machine, which the registry is not", elsewhere(thief) + "/token", "blocked prefix"},
		{"a cloud's metadata", "http://169.254.169.254/token", "blocked prefix"},
		{"another scheme", "file:///etc/passwd", "unsupported scheme"},
		{"one that sends elsewhere", sends.URL + "/token", "rejected"},
	} {
		f := startFront(t, "", func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm=%q,service="x"`, tc.realm))
			w.WriteHeader(http.StatusUnauthorized)
			return true
		})
		repo := at(f.Host)
		repo.Username, repo.Password = "ada", source.NewSecret(password)
		_, err := open(t, Options{}).Resolve(t.Context(), repo, "", "1.0.0")
		if err == nil || !says(err, tc.error) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if said := stolen(); len(said) != 0 {
			t.Errorf("%s: it was told %v", tc.reason, said)
		}
	}
}

// TestNeverAuthorized: a registry that is never content is not asked forever.
func TestNeverAuthorized(t *testing.T) {
	var f *front
	f = startFront(t, "", func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/token" {
			fmt.Fprint(w, `{"token":"t"}`)
			return true
		}
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="http://%s/token",service="x"`, f.Host))
		http.Error(w, fmt.Sprintf(`{"errors":[{"code":"UNAUTHORIZED","message":"not with %s"}]}`, password), http.StatusUnauthorized)
		return true
	})
	repo := at(f.Host)
	repo.Username, repo.Password = "ada", source.NewSecret(password)
	s := open(t, Options{})
	for range 2 {
		_, err := s.Tags(t.Context(), repo, "")
		if !says(err, "refuses the credentials") || strings.Contains(err.Error(), password) {
			t.Error(err)
		}
		if got := f.asked(); len(got) > 4 {
			t.Errorf("asked %d times: %v", len(got), got)
		}
	}
}

// TestOldRegistry: one that knows no HEAD, or does not say digests.
func TestOldRegistry(t *testing.T) {
	registry := registrytest.Start(t, registrytest.Options{})
	digest := registry.Push(t, "team/app", "1.0.0", artifact(t, map[string]string{"a": "x"}))
	for name, instead := range map[string]func(http.ResponseWriter, *http.Request) bool{
		"no HEAD": func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodHead {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
			return r.Method == http.MethodHead
		},
		"no digest": func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			req, err := http.NewRequestWithContext(r.Context(), r.Method, "http://"+registry.Host+r.URL.Path, nil)
			if err != nil {
				return false
			}
			req.Header.Set("Accept", r.Header.Get("Accept"))
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				return false
			}
			defer res.Body.Close()
			for _, h := range []string{"Content-Type", "Content-Length"} {
				w.Header().Set(h, res.Header.Get(h))
			}
			io.Copy(w, res.Body)
			return true
		},
	} {
		f := startFront(t, registry.Host, instead)
		got, err := open(t, Options{}).Artifact(t.Context(), at(f.Host), "", "1.0.0")
		if err != nil || got.Digest != digest || body(t, got, "a") != "x" {
			t.Errorf("%s: %v, %s", name, err, got.Digest)
		}
	}
}

// TestSlowRegistry: one that does not answer costs no more than the time limit.
func TestSlowRegistry(t *testing.T) {
	f := startFront(t, "", func(_ http.ResponseWriter, r *http.Request) bool {
		<-r.Context().Done()
		return true
	})
	_, err := open(t, Options{Timeout: time.Millisecond}).Resolve(t.Context(), at(f.Host), "", "1.0.0")
	if err == nil || fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "http://") {
		t.Error(err)
	}
}

// TestRealmWithoutTLS: a registry behind https does not get a password sent in the clear.
func TestRealmWithoutTLS(t *testing.T) {
	thief, stolen := heard(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"token":"t"}`) })
	registry := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("WWW-Authenticate", fmt.Sprintf(`Bearer realm="%s/token",service="x"`, thief.URL))
		w.WriteHeader(http.StatusUnauthorized)
	}))
	t.Cleanup(registry.Close)
	repo := source.Repository{
		URL: "oci://" + strings.TrimPrefix(registry.URL, "https://") + "/team/app", Insecure: true,
		Username: "ada", Password: source.NewSecret(password),
	}
	_, err := open(t, Options{}).Resolve(t.Context(), repo, "", "1.0.0")
	if said := stolen(); err == nil || !says(err, "uses http") || len(said) != 0 {
		t.Errorf("%v; it was told %v", err, said)
	}
}
