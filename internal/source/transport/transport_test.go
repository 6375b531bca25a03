package transport

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

const canary = "c4n4ry"

// place is a server that remembers what it was asked.
type place struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

// newPlace serves; "/to?URL" is a redirect to URL, "/circle" one to itself.
func newPlace(t *testing.T, secure bool) *place {
	p := &place{}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line := r.URL.Path + " " + r.Header.Get("Authorization") + r.Header.Get("Cookie") + r.Header.Get("Referer")
		if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
			line = strings.TrimSpace(line) + " certificate"
		}
		p.mu.Lock()
		p.seen = append(p.seen, strings.TrimSpace(line))
		p.mu.Unlock()
		to, _ := url.QueryUnescape(r.URL.RawQuery)
		if r.URL.Path == "/circle" {
			to = "/circle"
		}
		if to != "" && r.URL.Path != "/x" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return
		}
		io.WriteString(w, "ok")
	}))
	p.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	if secure {
		p.TLS = &tls.Config{ClientAuth: tls.RequestClientCert}
		p.StartTLS()
	} else {
		p.Start()
	}
	t.Cleanup(p.Close)
	return p
}

func (p *place) take() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	seen := strings.Join(p.seen, ", ")
	p.seen = nil
	return seen
}

func (p *place) ca() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.Certificate().Raw}))
}

func get(t *testing.T, repo source.Repository, opts Options, address string, header ...string) error {
	t.Helper()
	client, err := NewClient(repo, opts)
	if err != nil {
		return err
	}
	defer client.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range header {
		req.Header.Set(h, canary)
	}
	res, err := client.Do(req)
	if err != nil {
		err = Failure(err, address)
		if strings.Contains(fmt.Sprintf("%+v", err), canary) {
			t.Errorf("the error shows it: %v", err)
		}
		return err
	}
	defer res.Body.Close()
	return Refusal(res.StatusCode, address)
}

func secret(s string) source.Secret { return source.NewSecret(s) }

func TestAuthorization(t *testing.T) {
	p := newPlace(t, false)
	const basic = "/x Basic YWRhOmM0bjRyeQ=="
	for _, tc := range []struct {
		reason, want, err string
		repo              source.Repository
	}{
		{"none", "/x", "", source.Repository{}},
		{"basic", basic, "", source.Repository{Username: "ada", Password: secret(canary)}},
		{"a newline at the end of a Secret", basic, "", source.Repository{Username: "ada\n", Password: secret(canary + "\r\n")}},
		{"in the URL", basic, "", source.Repository{URL: strings.Replace(p.URL, "//", "//ada:"+canary+"@", 1)}},
		{"a token comes first", "/x Bearer c4n4ry", "", source.Repository{Username: "ada", Password: secret("x"), BearerToken: secret(canary)}},
		{"a header of one's own", "", "holds a line break", source.Repository{BearerToken: secret(canary + "\r\nX: y")}},
		{"a password that makes the URL none", "", "is not a URL", source.Repository{URL: "http://ada:" + canary + "%zz@127.0.0.1/"}},
		{"no HTTP", "", "is not a URL of http or https", source.Repository{URL: "ftp://ada:" + canary + "@example.com"}},
		{"no host", "", "is not a URL of http or https", source.Repository{URL: "https:///charts"}},
	} {
		if tc.repo.URL == "" {
			tc.repo.URL = p.URL
		}
		err := get(t, tc.repo, Options{}, p.URL+"/x")
		if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if got := p.take(); got != tc.want {
			t.Errorf("%s: %s", tc.reason, got)
		}
	}
}

// TestRedirects: credentials stay with their host, on whatever way they got into
// the request and on whatever way the redirect goes.
func TestRedirects(t *testing.T) {
	home, other, secure := newPlace(t, false), newPlace(t, false), newPlace(t, true)
	to := func(p *place, where string) string { return p.URL + "/to?" + url.QueryEscape(where) }
	repo := source.Repository{URL: home.URL + "/charts", BearerToken: secret(canary)}
	pass := Options{PassCredentials: true}
	for _, tc := range []struct {
		reason, address string
		opts            Options
		header          []string
		home, other     string
		err             string
	}{
		{reason: "to itself", address: to(home, "/x"), home: "/to Bearer c4n4ry, /x Bearer c4n4ry"},
		{reason: "to another port", address: to(home, other.URL+"/x"), home: "/to Bearer c4n4ry", other: "/x"},
		{reason: "to another name", address: to(home, strings.Replace(other.URL, "127.0.0.1", "localhost", 1)+"/x"), home: "/to Bearer c4n4ry", other: "/x"},
		{reason: "away and back", address: to(home, to(other, home.URL+"/x")), home: "/to Bearer c4n4ry, /x", other: "/to"},
		{reason: "another host", address: other.URL + "/x", other: "/x"},
		{reason: "another host that sends here", address: to(other, home.URL+"/x"), home: "/x", other: "/to"},
		{reason: "another host, passed", address: other.URL + "/x", opts: pass, other: "/x Bearer c4n4ry"},
		{reason: "passed, but not to where one is sent", address: to(home, other.URL+"/x"), opts: pass, home: "/to Bearer c4n4ry", other: "/x"},
		{reason: "what the caller set", address: to(home, other.URL+"/x"), opts: Options{Anonymous: true}, header: []string{"Authorization"}, home: "/to c4n4ry", other: "/x"},
		{reason: "what the caller set, away and back", address: to(home, to(other, home.URL+"/x")), opts: Options{Anonymous: true}, header: []string{"Authorization", "Cookie"}, home: "/to c4n4ryc4n4ry, /x", other: "/to"},
		{reason: "anonymous", address: home.URL + "/x", opts: Options{Anonymous: true}, home: "/x"},
		{reason: "the query is not in a Referer", address: to(home, "/x?"+canary), home: "/to Bearer c4n4ry, /x Bearer c4n4ry"},
		{reason: "to a file", address: to(home, "file:///etc/passwd?"+canary), home: "/to Bearer c4n4ry", err: "redirect"},
		{reason: "to where clouds keep credentials", address: to(home, "http://169.254.169.254/latest"), home: "/to Bearer c4n4ry", err: "no repository is read from"},
		{reason: "in circles", address: home.URL + "/circle", home: strings.TrimSuffix(strings.Repeat("/circle Bearer c4n4ry, ", 10), ", "), err: "more than 10"},
		{reason: "to nowhere", address: to(home, "http://["), home: "/to Bearer c4n4ry", err: "Location"},
	} {
		err := get(t, repo, tc.opts, tc.address, tc.header...)
		if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if h, o := home.take(), other.take(); h != tc.home || o != tc.other {
			t.Errorf("%s: home %q, other %q", tc.reason, h, o)
		}
	}
	repo = source.Repository{URL: secure.URL, CAData: secure.ca(), BearerToken: secret(canary)}
	if err := get(t, repo, Options{}, to(secure, other.URL+"/x")); err == nil || fault.KindOf(err) != fault.Broken || other.take() != "" {
		t.Errorf("https to http: %v", err)
	}
	if err := get(t, repo, pass, other.URL+"/x"); err != nil || other.take() != "/x" {
		t.Errorf("credentials of https are passed to http: %v", err)
	}
}

// TestTLS: one's own certificate is for the repository's host, others do not even see it.
func TestTLS(t *testing.T) {
	home, other := newPlace(t, true), newPlace(t, true)
	cert, key := selfSigned(t)
	client := source.Repository{URL: home.URL, CAData: home.ca(), TLSClientCertData: cert, TLSClientCertKey: secret(key)}
	for _, tc := range []struct {
		reason, address string
		repo            source.Repository
		kind            fault.Kind
		home, other     string
	}{
		{"trusted by argocd-tls-certs-cm", home.URL + "/x", source.Repository{URL: home.URL, CAData: home.ca()}, 0, "/x", ""},
		{"unknown", home.URL + "/x", source.Repository{URL: home.URL}, fault.Broken, "", ""},
		{"not checked", home.URL + "/x", source.Repository{URL: home.URL, Insecure: true}, 0, "/x", ""},
		{"a client's certificate", home.URL + "/x", client, 0, "/x certificate", ""},
		{"to another host of the same authority", other.URL + "/x", client, 0, "", "/x"},
		{"redirected to another host", home.URL + "/to?" + other.URL + "/x", client, 0, "/to certificate", "/x"},
		{"no PEM", home.URL, source.Repository{URL: home.URL, CAData: "x"}, fault.Invalid, "", ""},
		{"no pair", home.URL, source.Repository{URL: home.URL, TLSClientCertData: cert, TLSClientCertKey: secret(canary)}, fault.Invalid, "", ""},
		{"HTTP where HTTPS is", strings.Replace(home.URL, "https", "http", 1), source.Repository{URL: home.URL}, fault.Broken, "", ""},
	} {
		err := get(t, tc.repo, Options{}, tc.address)
		if (tc.kind == 0) != (err == nil) || err != nil && fault.KindOf(err) != tc.kind {
			t.Errorf("%s: %v (%v)", tc.reason, err, fault.KindOf(err))
		}
		if h, o := home.take(), other.take(); h != tc.home || o != tc.other {
			t.Errorf("%s: home %q, other %q", tc.reason, h, o)
		}
	}
}

func TestProxy(t *testing.T) {
	var mu sync.Mutex
	var asked []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, r.URL.String()+" "+r.Header.Get("Proxy-Authorization"))
	}))
	defer server.Close()
	with := strings.Replace(server.URL, "//", "//ada:"+canary+"@", 1)
	const auth = " Basic YWRhOmM0bjRyeQ=="
	for _, tc := range []struct {
		reason, url, proxy, noProxy string
		opts                        Options
		want, err                   string
	}{
		{"the repository's", "http://charts.invalid/x", with, "", Options{}, "http://charts.invalid/x" + auth, ""},
		{"without a scheme", "http://charts.invalid/x", strings.TrimPrefix(with, "http://"), "", Options{}, "http://charts.invalid/x" + auth, ""},
		{"the default", "http://charts.invalid/x", "", "", Options{Proxy: secret(with)}, "http://charts.invalid/x" + auth, ""},
		{"excepted", "http://charts.invalid/x", with, "charts.invalid", Options{}, "", "charts.invalid"},
		{"the default's exceptions are not the repository's", "http://charts.invalid/x", with, "", Options{NoProxy: "*"}, "http://charts.invalid/x" + auth, ""},
		{"to where clouds keep credentials", "http://169.254.169.254/x", with, "", Options{}, "", "no repository is read from"},
		{"not a proxy", "http://charts.invalid/x", "ftp://ada:" + canary + "@x", "", Options{}, "", "its proxy is not an address"},
		{"no URL", "http://charts.invalid/x", "http://ada:" + canary + "%zz@x", "", Options{}, "", "its proxy is not an address"},
	} {
		err := get(t, source.Repository{URL: tc.url, Proxy: secret(tc.proxy), NoProxy: tc.noProxy}, tc.opts, tc.url)
		if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		mu.Lock()
		if got := strings.Join(asked, ", "); got != tc.want {
			t.Errorf("%s: %s", tc.reason, got)
		}
		asked = nil
		mu.Unlock()
	}
}

func TestAddresses(t *testing.T) {
	for text, want := range map[string]string{
		"93.184.216.34": "", "10.0.0.1": "", "2606:2800:220:1::1": "", "fd00::1": "",
		"169.254.169.254": "read from", "::ffff:169.254.169.254": "read from", "64:ff9b::a9fe:a9fe": "read from", "fe80::1%eth0": "read from",
		"fd00:ec2::254": "read from", "100.100.100.200": "read from", "192.0.0.192": "read from", "224.0.0.1": "read from",
		"127.0.0.1": "own address", "127.8.8.8": "own address", "::1": "own address", "0.0.0.0": "own address", "::": "own address", "::ffff:127.0.0.1": "own address",
	} {
		err := guard{}.check(netip.MustParseAddr(text))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || fault.KindOf(err) != fault.Denied) {
			t.Errorf("%s: %v", text, err)
		}
	}
	p := newPlace(t, false)
	named := strings.Replace(p.URL, "127.0.0.1", "localhost", 1)
	if err := get(t, source.Repository{URL: "http://charts.invalid"}, Options{}, named); err == nil || fault.KindOf(err) != fault.Denied {
		t.Errorf("a name that resolves to this machine: %v", err)
	}
	// A proxy is not asked for this machine, and is itself wherever it likes to be.
	proxied := source.Repository{URL: "http://charts.invalid", Proxy: secret("http://127.0.0.1:1")}
	if err := get(t, proxied, Options{}, named); err == nil || fault.KindOf(err) != fault.Denied {
		t.Errorf("past a proxy: %v", err)
	}
	if err := get(t, source.Repository{URL: p.URL}, Options{RefuseLoopback: true}, p.URL); err == nil || fault.KindOf(err) != fault.Denied {
		t.Error(err)
	}
	if err := get(t, source.Repository{URL: "https://charts.invalid"}, Options{}, p.URL); err == nil || fault.KindOf(err) != fault.Denied {
		t.Errorf("an index that names this machine: %v", err)
	}
	if p.take() != "" {
		t.Error("it was asked")
	}
}

// TestWithin: what a stranger has named in a repository leads no further inside than
// that repository is, by no redirect either.
func TestWithin(t *testing.T) {
	inward := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/redirect" {
			http.Redirect(w, r, "http://10.255.255.1/secret", http.StatusFound)
		}
	}))
	defer inward.Close()
	for _, tc := range []struct{ reason, within, path, want string }{
		{"named by the operator", "", "/", ""},
		{"named beside it", strings.Replace(inward.URL, "127.0.0.1", "localhost", 1) + "/app.git", "/", ""},
		{"named from the world", "https://git.example.invalid/app.git", "/", "a loopback address, which is not followed from git.example.invalid"},
		{"sent further inside", inward.URL + "/app.git", "/redirect", "10.255.255.1 is at a private address, which is not followed from 127.0.0.1"},
	} {
		err := get(t, source.Repository{URL: inward.URL, Within: tc.within}, Options{}, inward.URL+tc.path)
		if (err == nil) != (tc.want == "") || err != nil && (!strings.Contains(err.Error(), tc.want) || fault.KindOf(err) != fault.Denied) {
			t.Errorf("%s: %v", tc.reason, err)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, tc := range []struct {
		repo, other string
		want        bool
	}{
		{"https://a.example/charts", "https://a.example/x", true},
		{"https://a.example/charts", "https://A.example:443/x", true},
		{"a.example/charts", "https://a.example/x", true},
		{"oci://a.example/charts", "https://a.example/x", true},
		{"http://a.example/charts", "https://a.example/x", true},
		{"https://a.example/charts", "http://a.example/x", false},
		{"https://a.example/charts", "https://a.example:8443/x", false},
		{"http://a.example:8080/charts", "https://a.example:8443/x", false},
		{"https://a.example/charts", "https://b.a.example/x", false},
		{"https://a.example/charts", "https://a.example.evil.example/x", false},
		{"https://a.example/charts", "https://a.example@evil.example/x", false},
	} {
		o, err := originOf(source.Repository{URL: tc.repo})
		u, _ := url.Parse(tc.other)
		if err != nil || o.includes(u) != tc.want {
			t.Errorf("%s, %s: %v, %v", tc.repo, tc.other, !tc.want, err)
		}
	}
}

func TestTimeout(t *testing.T) {
	hang := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}))
	defer hang.Close()
	client, err := NewClient(source.Repository{URL: hang.URL}, Options{Timeout: 100 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseIdleConnections()
	res, err := client.Get(hang.URL + "/?" + canary)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	_, err = io.ReadAll(res.Body)
	if err = Failure(err, hang.URL+"/?"+canary); fault.KindOf(err) != fault.Unavailable || err.Error() != hang.URL+"/: the server took too long" {
		t.Error(err)
	}
}

func TestRefusal(t *testing.T) {
	for status, want := range map[int]fault.Kind{
		401: fault.Broken, 403: fault.Broken, 407: fault.Broken, 404: fault.NotFound, 410: fault.NotFound,
		408: fault.Unavailable, 429: fault.Unavailable, 500: fault.Unavailable, 503: fault.Unavailable, 204: fault.Broken, 418: fault.Broken,
	} {
		if err := Refusal(status, "https://ada:"+canary+"@x/?"+canary); fault.KindOf(err) != want || strings.Contains(err.Error(), canary) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if err := Refusal(http.StatusOK, ""); err != nil {
		t.Error(err)
	}
	text := "redirect to https://ada:" + canary + "@x/?sig=" + canary + " \x1b[31m\u202e" + strings.Repeat("é", 500)
	got := Failure(errors.New(text), "x").Error()
	if strings.Contains(got, canary) || strings.ContainsAny(got, "\x1b\u202e") || len(got) > maxComplaint+10 {
		t.Error(got)
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "ada"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	der2, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der2}))
}
