package static_test

import (
	"io/fs"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"evenkeel.dev/internal/server/static"
)

func ui() fstest.MapFS {
	return fstest.MapFS{
		"index.html":               {Data: []byte("<!doctype html>app")},
		"index.html.br":            {Data: []byte("brotli index")},
		"boot.js":                  {Data: []byte("boot()")},
		"favicon.svg":              {Data: []byte("<svg/>")},
		"assets/main-Ab12.js":      {Data: []byte("main()")},
		"assets/main-Ab12.js.br":   {Data: []byte("brotli main")},
		"assets/main-Ab12.js.gz":   {Data: []byte("gzip main")},
		"assets/style-Cd34.css":    {Data: []byte("a{}")},
		"assets/style-Cd34.css.gz": {Data: []byte("gzip style")},
		".keep":                    {},
		"assets/.secret":           {Data: []byte("secret")},
		"link.js":                  {Mode: fs.ModeSymlink, Data: []byte("/etc/passwd")},
	}
}

func TestStatic(t *testing.T) {
	const page = "text/html,application/xhtml+xml"
	cases := []struct {
		reason            string
		path              string
		accept, encodings string
		status            int
		body, contentType string
		encoding, caching string
		method            string
		wantsVary         bool
	}{
		{reason: "the app", path: "/", status: 200, body: "<!doctype html>app", contentType: "text/html; charset=utf-8", caching: "no-cache", wantsVary: true},
		{reason: "the app, compressed", path: "/", encodings: "gzip, br", status: 200, body: "brotli index", contentType: "text/html; charset=utf-8", encoding: "br", caching: "no-cache", wantsVary: true},
		{reason: "a route", path: "/applications/argocd/shop", status: 200, body: "<!doctype html>app", contentType: "text/html; charset=utf-8", caching: "no-cache", wantsVary: true},
		{reason: "a route that looks like a file", path: "/applications/argocd/shop.v2", accept: page, status: 200, body: "<!doctype html>app", contentType: "text/html; charset=utf-8", caching: "no-cache", wantsVary: true},
		{reason: "a route that ends in a slash", path: "/applications/", status: 200, body: "<!doctype html>app", contentType: "text/html; charset=utf-8", caching: "no-cache", wantsVary: true},
		{reason: "a file", path: "/boot.js", status: 200, body: "boot()", contentType: "text/javascript; charset=utf-8", caching: "no-cache"},
		{reason: "an asset", path: "/assets/main-Ab12.js", status: 200, body: "main()", contentType: "text/javascript; charset=utf-8", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "brotli before gzip", path: "/assets/main-Ab12.js", encodings: "gzip, deflate, br, zstd", status: 200, body: "brotli main", contentType: "text/javascript; charset=utf-8", encoding: "br", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "gzip alone", path: "/assets/main-Ab12.js", encodings: "GZIP;q=0.5", status: 200, body: "gzip main", contentType: "text/javascript; charset=utf-8", encoding: "gzip", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "brotli forbidden", path: "/assets/main-Ab12.js", encodings: "br;q=0, gzip;q=1.0", status: 200, body: "gzip main", contentType: "text/javascript; charset=utf-8", encoding: "gzip", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "nonsense for a weight", path: "/assets/main-Ab12.js", encodings: "br;q=x", status: 200, body: "main()", contentType: "text/javascript; charset=utf-8", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "no such variant", path: "/assets/style-Cd34.css", encodings: "br", status: 200, body: "a{}", contentType: "text/css; charset=utf-8", caching: "public, max-age=31536000, immutable", wantsVary: true},
		{reason: "an asset of another build is no route", path: "/assets/main-Old.js", accept: page, status: 404, body: "not found\n", contentType: "text/plain; charset=utf-8", caching: "no-store"},
		{reason: "a file that is not there", path: "/nothing.js", status: 404, body: "not found\n", contentType: "text/plain; charset=utf-8", caching: "no-store"},
		{reason: "a directory is not listed", path: "/assets", status: 200, body: "<!doctype html>app", contentType: "text/html; charset=utf-8", caching: "no-cache", wantsVary: true},
		{reason: "nor with a slash", path: "/assets/", status: 404, body: "not found\n", contentType: "text/plain; charset=utf-8", caching: "no-store"},
		{reason: "HEAD", path: "/boot.js", method: "HEAD", status: 200, contentType: "text/javascript; charset=utf-8", caching: "no-cache"},
		{reason: "POST", path: "/", method: "POST", status: 405, body: "method not allowed\n", contentType: "text/plain; charset=utf-8"},
	}
	h := static.New(ui())
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			if c.method == "" {
				c.method = "GET"
			}
			r := httptest.NewRequest(c.method, c.path, nil)
			r.Header.Set("Accept", c.accept)
			r.Header.Set("Accept-Encoding", c.encodings)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			got := []any{w.Code, w.Body.String(), w.Header().Get("Content-Type"), w.Header().Get("Content-Encoding"), w.Header().Get("Cache-Control"), w.Header().Get("Vary") != ""}
			want := []any{c.status, c.body, c.contentType, c.encoding, c.caching, c.wantsVary}
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("got %q\nwant %q", got, want)
					break
				}
			}
		})
	}
}

func TestRevalidation(t *testing.T) {
	h := static.New(ui())
	get := func(encoding, etag string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set("Accept-Encoding", encoding)
		r.Header.Set("If-None-Match", etag)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w
	}
	plain, packed := get("", "").Header().Get("ETag"), get("br", "").Header().Get("ETag")
	if plain == "" || plain == packed {
		t.Fatalf("ETags %q and %q", plain, packed)
	}
	if w := get("br", packed); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("unchanged: %d", w.Code)
	}
	if w := get("", packed); w.Code != 200 {
		t.Errorf("the other variant: %d", w.Code)
	}
}

// Nothing outside the directory, no dot file and no other kind of file is served,
// even from a real directory that others lie beside.
func TestTraversal(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{"secret.txt": "secret", "ui/index.html": "app", "ui/assets/.secret": "secret", "ui/.env": "secret"} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h := static.New(os.DirFS(filepath.Join(root, "ui")))
	for _, path := range []string{
		"/../secret.txt", "/..%2fsecret.txt", "/%2e%2e/secret.txt", "/assets/../../secret.txt", "/assets/..%2f..%2fsecret.txt", "/..%5csecret.txt",
		"//etc/passwd", "/%2fetc%2fpasswd", "/.env", "/assets/.secret", "/assets/%2esecret", "/index.html%00.js", "/./index.html", "/assets//x.js", "/~root/x.js",
	} {
		for _, accept := range []string{"", "text/html"} {
			r := httptest.NewRequest("GET", "http://localhost/", nil)
			// As net/http unescapes what a client sends, with nothing cleaned away.
			unescaped, err := url.PathUnescape(path)
			if err != nil {
				t.Fatal(err)
			}
			r.URL.Path = unescaped
			r.Header.Set("Accept", accept)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), "secret") || strings.Contains(w.Body.String(), "root:") {
				t.Errorf("%s gave %d %s", path, w.Code, w.Body)
			}
		}
	}
}

func TestAbsent(t *testing.T) {
	for _, files := range []fs.FS{nil, fstest.MapFS{".keep": {}}} {
		w := httptest.NewRecorder()
		static.New(files).ServeHTTP(w, httptest.NewRequest("GET", "/applications", nil))
		if w.Code != 503 || w.Body.String() != static.Absent {
			t.Errorf("%d %s", w.Code, w.Body)
		}
	}
}
