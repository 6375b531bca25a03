package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server"
)

// start serves the real handler the real way, and returns its address.
func start(t *testing.T, c *cluster, change ...func(*server.Options)) string {
	t.Helper()
	o := server.Options{
		View: c.view, Commands: c, Apps: c, Projects: c, Inspect: c, Plans: c, Actions: c, May: may,
		UI:      fstest.MapFS{"index.html": {Data: []byte("<!doctype html>app")}},
		Version: server.Version{Version: "v0.1.0"},
		Now:     func() time.Time { return time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC) },
	}
	for _, f := range change {
		f(&o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, l, server.New(o), nil) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return l.Addr().String()
}

// call makes a request as a program would, with headers on top, and returns
// status, headers and body.
func call(t *testing.T, method, url, body string, headers ...string) (int, http.Header, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if method != http.MethodGet && method != http.MethodHead {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i] == "Host" {
			req.Host = headers[i+1]
			continue
		}
		if headers[i+1] == "-" {
			req.Header.Del(headers[i])
			continue
		}
		req.Header.Set(headers[i], headers[i+1])
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(b)
}

func TestHost(t *testing.T) {
	addr := start(t, newCluster())
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "LOCALHOST:1": 200, "127.0.0.1": 200, "127.8.9.1:80": 200, "[::1]": 200, "[::1]:8080": 200,
		"evil.example": 403, "evil.example:8080": 403, "localhost.evil.example": 403, "127.0.0.1.nip.io": 403, "10.0.0.1": 403, "0.0.0.0": 403,
		"[::]": 403, "169.254.169.254": 403, "localhost@evil.example": 403, "2130706433": 403, "0x7f.1": 403, "127.1": 403, "localhost:80:80": 403,
		"localhost:x": 403, "localhost.": 403, "[::1%25eth0]": 403, "[::ffff:10.0.0.1]": 403,
	} {
		for _, path := range []string{"/", "/api/version", "/healthz"} {
			// The client refuses to send some of these, so they are put in front of the handler.
			got := direct(t, newCluster(), "GET", path, host)
			if got != want {
				t.Errorf("Host %q, %s: got %d, want %d", host, path, got, want)
			}
		}
	}
	if status, _, _ := call(t, "GET", "http://"+addr+"/api/version", "", "Host", "evil.example"); status != 403 {
		t.Errorf("a foreign host over the wire got %d", status)
	}
}

func direct(t *testing.T, c *cluster, method, path, host string, headers ...string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	r.Host = host
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h := server.New(server.Options{View: c.view, Commands: c, Apps: c, UI: fstest.MapFS{"index.html": {Data: []byte("x")}}})
	h.ServeHTTP(w, r)
	return w.Code
}

// A web page from elsewhere can make a browser send requests here. None of them
// may read, stream or change anything.
func TestForeignPages(t *testing.T) {
	const host = "localhost:8080"
	cases := []struct {
		reason  string
		headers []string
		ok      bool
	}{
		{"a program", nil, true},
		{"the UI", []string{"Origin", "http://" + host, "Sec-Fetch-Site", "same-origin"}, true},
		{"the UI's GET", []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"typed into the address bar", []string{"Sec-Fetch-Site", "none"}, true},
		{"another site", []string{"Origin", "https://evil.example", "Sec-Fetch-Site", "cross-site"}, false},
		{"another site, old browser", []string{"Origin", "https://evil.example"}, false},
		{"an image on another site", []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"another port of this machine", []string{"Origin", "http://localhost:3000", "Sec-Fetch-Site", "same-site"}, false},
		{"the same machine by another name", []string{"Origin", "http://127.0.0.1:8080"}, false},
		{"https where there is none", []string{"Origin", "https://" + host}, false},
		{"a sandboxed frame", []string{"Origin", "null"}, false},
		{"a file", []string{"Origin", "file://"}, false},
		{"two origins", []string{"Origin", "http://" + host, "Origin", "https://evil.example"}, false},
		{"two sites", []string{"Sec-Fetch-Site", "same-origin", "Sec-Fetch-Site", "cross-site"}, false},
		{"an unknown word", []string{"Sec-Fetch-Site", "friendly"}, false},
		{"a prefix", []string{"Origin", "http://" + host + ".evil.example"}, false},
	}
	requests := [][2]string{
		{"GET", "/api/v1/applications"},
		{"GET", "/api/v1/applications/shop?refresh=hard"},
		{"GET", "/api/ui/v1/stream"},
		{"GET", "/api/v1/stream/applications?selector=!"},
		{"GET", "/api/version"},
		{"DELETE", "/api/v1/applications/shop"},
		{"POST", "/api/v1/applications/shop/sync"},
		{"POST", "/api/v1/applications/shop/rollback"},
		{"GET", "/api/v1/applications/shop/plan"},
		{"PUT", "/api/v1/applications/shop/pin"},
		{"DELETE", "/api/v1/applications/shop/pin"},
		{"POST", "/api/ui/v1/applications/argocd/shop/confirm"},
		{"OPTIONS", "/api/v1/applications/shop"},
		{"GET", "/api/v1/clusters"},
		{"GET", "/api/nowhere"},
	}
	for _, c := range cases {
		for _, q := range requests {
			cl := newCluster(newApp("argocd", "shop", "", nil))
			headers := append(slices.Clone(c.headers), "Content-Type", "application/json")
			status := direct(t, cl, q[0], q[1], host, headers...)
			if ok := status != http.StatusForbidden; ok != c.ok {
				t.Errorf("%s: %s %s got %d", c.reason, q[0], q[1], status)
			}
			if !c.ok && len(cl.done()) > 0 {
				t.Errorf("%s: %s %s did %v", c.reason, q[0], q[1], cl.done())
			}
		}
	}
}

func TestChangesNeedJSON(t *testing.T) {
	addr := start(t, newCluster(newApp("argocd", "shop", "", nil)))
	for _, contentType := range []string{"-", "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/jsonp", "text/plain; application/json", "application/json, text/plain"} {
		for _, q := range [][2]string{{"POST", "/api/v1/applications/shop/sync"}, {"DELETE", "/api/v1/applications/shop"}, {"POST", "/api/ui/v1/applications/argocd/shop/refresh"}, {"POST", "/api/v1/session"}} {
			status, _, body := call(t, q[0], "http://"+addr+q[1], `{}`, "Content-Type", contentType)
			if status != http.StatusUnsupportedMediaType {
				t.Errorf("%s %s with Content-Type %q: %d %s", q[0], q[1], contentType, status, body)
			}
		}
	}
	if status, _, _ := call(t, "POST", "http://"+addr+"/api/v1/applications/shop/sync", `{}`, "Content-Type", "application/json; charset=utf-8"); status != 200 {
		t.Errorf("a parameter of the content type: %d", status)
	}
	if status, _, _ := call(t, "POST", "http://"+addr+"/api/v1/applications/shop/sync", `{}`, "Content-Encoding", "gzip"); status != http.StatusUnsupportedMediaType {
		t.Errorf("a compressed body: %d", status)
	}
}

func TestSecurityHeaders(t *testing.T) {
	addr := start(t, newCluster())
	for _, path := range []string{"/", "/applications/x", "/api/version", "/api/v1/clusters", "/nothing.js", "/healthz"} {
		_, h, _ := call(t, "GET", "http://"+addr+path, "")
		got := map[string]string{}
		for _, name := range []string{"Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy", "Access-Control-Allow-Origin", "Set-Cookie"} {
			got[name] = h.Get(name)
		}
		want := map[string]string{
			"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":       "nosniff",
			"X-Frame-Options":              "DENY",
			"Referrer-Policy":              "no-referrer",
			"Cross-Origin-Opener-Policy":   "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Access-Control-Allow-Origin":  "",
			"Set-Cookie":                   "",
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", path, d)
		}
	}
}

func TestBounds(t *testing.T) {
	c := newCluster(newApp("argocd", "shop", "", nil))
	addr := start(t, c)
	url := "http://" + addr + "/api/v1/applications/shop/sync"
	cases := []struct {
		reason string
		body   string
		status int
		says   string
	}{
		{"2 MiB body", `{"revision":"` + strings.Repeat("a", 2<<20) + `"}`, 413, "larger than 1048576 bytes"},
		{"deep JSON", strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), 400, "nested deeper than 64"},
		{"very deep JSON", strings.Repeat("[", 500_000), 400, "nested deeper than 64"},
		{"brackets in a string are no nesting", `{"revision":"` + strings.Repeat("[", 500) + `"}`, 200, ""},
		{"unknown field", `{"revison":"x"}`, 400, `unknown field "revison"`},
		{"wrong case", `{"Revision":"x"}`, 400, `unknown field "Revision"`},
		{"repeated field", `{"prune":false,"prune":true}`, 400, `duplicate field "prune"`},
		{"wrong type", `{"prune":"yes"}`, 400, "prune"},
		{"not JSON", `prune=true`, 400, "not the JSON that is wanted"},
		{"more after the end", `{} {}`, 400, "not the JSON that is wanted"},
		{"an array", `[]`, 400, "not the JSON that is wanted"},
	}
	for _, x := range cases {
		t.Run(x.reason, func(t *testing.T) {
			c.put(newApp("argocd", "shop", "", nil))
			status, _, body := call(t, "POST", url, x.body)
			if status != x.status || !strings.Contains(unquote(body), x.says) {
				t.Errorf("got %d %.300s; want %d %s", status, body, x.status, x.says)
			}
		})
	}
	if status, _, _ := call(t, "GET", "http://"+addr+"/api/version", "", "X-Long", strings.Repeat("a", 2<<20)); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("2 MiB header: %d", status)
	}
	if status, _, _ := call(t, "GET", "http://"+addr+"/api/v1/applications?"+strings.Repeat("a=1&", 300_000), ""); status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("a million query parameters: %d", status)
	}
}

// unquote takes the JSON escapes of quotes out, to compare sentences.
func unquote(s string) string { return strings.ReplaceAll(s, `\"`, `"`) }

// Every method of Argo CD's API that is not here says so; none pretends.
func TestNotServedYet(t *testing.T) {
	addr := start(t, newCluster())
	cases := [][2]string{
		{"GET", "/api/v1/clusters"},
		{"GET", "/api/v1/repositories/https%3A%2F%2Fgit.example%2Fx/refs"},
		{"PUT", "/api/v1/applications/shop"},
		{"GET", "/api/v1/applications/shop/links"},
		{"GET", "/api/v1/account/can-i/applications/sync/a/b"},
		{"POST", "/api/v1/session"},
		{"GET", "/api/v1/applicationsets"},
		{"GET", "/api/v1/stream/applications/shop/resource-tree"},
		{"POST", "/api/webhook"},
		{"GET", "/api/v1/projects/default/detailed"},
		{"DELETE", "/api/v1/projects/default"},
		{"GET", "/api/v1/settings/plugins"},
		{"GET", "/api/v1/certificates"},
	}
	for _, c := range cases {
		status, h, body := call(t, c[0], "http://"+addr+c[1], "")
		var got struct {
			Error, Message string
			Code           int
		}
		if err := json.Unmarshal([]byte(body), &got); err != nil {
			t.Fatalf("%s %s: %s", c[0], c[1], body)
		}
		if status != 501 || got.Code != 12 || got.Error != got.Message || !strings.HasSuffix(got.Error, "is not served yet") || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s: %d %s", c[0], c[1], status, body)
		}
	}
	status, _, body := call(t, "GET", "http://"+addr+"/api/v1/nonsense", "")
	if status != 404 || !strings.Contains(body, `"code":5`) {
		t.Errorf("nonsense: %d %s", status, body)
	}
}

func TestHealth(t *testing.T) {
	broken := fault.New(fault.Unavailable, "caches are not filled")
	addr := start(t, newCluster(), func(o *server.Options) {
		o.Ready = func() error { return broken }
		o.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "argocd_app_info 1") })
	})
	for path, want := range map[string]string{"/healthz": "200 ok\n", "/readyz": "503 caches are not filled\n", "/metrics": "200 argocd_app_info 1"} {
		if status, _, body := call(t, "GET", "http://"+addr+path, ""); fmt.Sprint(status, " ", body) != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestCheckListen(t *testing.T) {
	for addr, ok := range map[string]bool{
		"127.0.0.1:8080": true, "127.9.9.9:0": true, "[::1]:8080": true, "localhost:8080": true,
		"0.0.0.0:8080": false, ":8080": false, "[::]:8080": false, "10.0.0.1:80": false, "evil.example:80": false, "127.0.0.1": false,
		"localhost:http": false, "": false, "[fe80::1%lo]:80": false, "169.254.169.254:80": false,
	} {
		if err := server.CheckListen(addr); (err == nil) != ok {
			t.Errorf("%q: %v", addr, err)
		}
	}
}

// A server that stops ends its streams, and soon.
func TestServeStops(t *testing.T) {
	c := newCluster(newApp("argocd", "shop", "", nil))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Serve(ctx, l, server.New(server.Options{View: c.view, Commands: c, Apps: c}), nil)
	}()
	resp, err := http.Get("http://" + l.Addr().String() + "/api/ui/v1/stream?topics=apps")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body := bufio.NewReader(resp.Body)
	if line, err := body.ReadString('\n'); err != nil || line != ": ready\n" {
		t.Fatalf("%q, %v", line, err)
	}
	cancel()
	if _, err := io.Copy(io.Discard, body); err != nil {
		t.Logf("the stream ended with %v", err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func withoutParts(o *server.Options) {
	o.Projects, o.Inspect, o.Plans, o.Actions, o.UI = nil, nil, nil, nil, nil
}
