package git

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io/fs"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/proof"
	"evenkeel.dev/test/gitserver"
)

const canary = "c4n4ry-p4ssw0rd"

// seen is what any process of the machine shows in its arguments.
func seen(t testing.TB, secret string) string {
	for _, name := range must(filepath.Glob("/proc/[0-9]*/cmdline")) {
		data, err := os.ReadFile(name)
		if err == nil && bytes.Contains(data, []byte(secret)) {
			return string(bytes.ReplaceAll(data, []byte{0}, []byte{' '}))
		}
	}
	return ""
}

func TestHTTPCredentials(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary, BearerToken: canary + "-token"})
	sha := f.commit(t, map[string]string{"a": "1"})
	spy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, secret := range []string{canary, base64.StdEncoding.EncodeToString([]byte("ada:" + canary))} {
			if line := seen(t, secret); line != "" {
				t.Errorf("a process shows it: %s", line)
			}
		}
		f.server.ServeHTTP(w, r)
	}))
	defer spy.Close()
	at := func(userinfo string) string {
		return strings.Replace(spy.URL, "http://", "http://"+userinfo, 1) + "/app.git"
	}
	for _, tc := range []struct {
		reason string
		repo   source.Repository
		want   string
	}{
		{"basic", source.Repository{URL: at(""), Username: "ada", Password: source.NewSecret(canary)}, ""},
		{"a newline at the end of a Secret", source.Repository{URL: at(""), Username: "ada\n", Password: source.NewSecret(canary + "\n")}, ""},
		{"bearer", source.Repository{URL: at(""), BearerToken: source.NewSecret(canary + "-token")}, ""},
		{"in the URL", source.Repository{URL: at("ada:" + canary + "@")}, ""},
		{"wrong password", source.Repository{URL: at(""), Username: "ada", Password: source.NewSecret(canary + "x")}, "refuses the credentials"},
		{"wrong password in the URL", source.Repository{URL: at("ada:" + canary + "x@")}, "refuses the credentials"},
		{"none", source.Repository{URL: at("")}, "refuses the credentials"},
		{"a header of one's own", source.Repository{URL: at(""), BearerToken: source.NewSecret(canary + "\r\nX: y")}, "holds a line break"},
	} {
		var log bytes.Buffer
		store, err := Open(t.Context(), Options{Dir: t.TempDir(), Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		got, err := follow(t.Context(), store, tc.repo, "main")
		if tc.want == "" && (err != nil || got != sha) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if text := fmt.Sprintf("%+v %s", err, log.String()); strings.Contains(text, canary) {
			t.Errorf("%s: the error shows it: %s", tc.reason, text)
		}
		store.Close()
		assertNotOnDisk(t, store.opts.Dir, canary)
	}
}

func assertNotOnDisk(t *testing.T, dir, secret string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(secret)) {
			t.Errorf("%s holds it", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	clientCert, clientKey := selfSigned(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(clientCert))
	web := httptest.NewUnstartedServer(f.server)
	web.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, 0)
	web.TLS = &tls.Config{ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	web.StartTLS()
	defer web.Close()
	strict := httptest.NewUnstartedServer(f.server)
	strict.Config.ErrorLog = web.Config.ErrorLog
	strict.TLS = &tls.Config{ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	strict.StartTLS()
	defer strict.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	// With TLS 1.3 a server that wants a certificate may hang up at any time, so that there is no one kind.
	const works, fails fault.Kind = -1, -2
	for _, tc := range []struct {
		reason string
		repo   source.Repository
		want   fault.Kind
	}{
		{"its authority is known", source.Repository{URL: web.URL + "/app.git", CAData: ca}, works},
		{"its authority is unknown", source.Repository{URL: web.URL + "/app.git"}, fault.Broken},
		{"another authority", source.Repository{URL: web.URL + "/app.git", CAData: clientCert}, fault.Broken},
		{"insecure", source.Repository{URL: web.URL + "/app.git", Insecure: true}, works},
		{"with a client certificate", source.Repository{URL: strict.URL + "/app.git", CAData: ca, TLSClientCertData: clientCert, TLSClientCertKey: source.NewSecret(clientKey)}, works},
		{"without the client certificate", source.Repository{URL: strict.URL + "/app.git", CAData: ca}, fails},
	} {
		store := openStore(t, Options{Dir: t.TempDir()})
		got, err := follow(t.Context(), store, tc.repo, "main")
		if tc.want == works && (err != nil || got != sha) || tc.want >= 0 && fault.KindOf(err) != tc.want || tc.want == fails && err == nil {
			t.Errorf("%s: %v of kind %v", tc.reason, err, fault.KindOf(err))
		}
		if left := must(os.ReadDir(store.tmp)); len(left) > 0 {
			t.Errorf("%s: left in the private directory: %v", tc.reason, left)
		}
	}
}

func selfSigned(t *testing.T) (cert, key string) {
	t.Helper()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "client"}, NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}, IsCA: true, BasicConstraintsValid: true,
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, public, private))
	cert = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	key = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(private))}))
	return cert, key
}

// recorder passes requests on and remembers which headers came.
type recorder struct {
	handler http.Handler
	mu      sync.Mutex
	auth    []string
}

func (r *recorder) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	r.auth = append(r.auth, req.Header.Get("Authorization"))
	r.mu.Unlock()
	r.handler.ServeHTTP(w, req)
}

func TestRedirects(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	elsewhere := &recorder{handler: f.server}
	other := httptest.NewServer(elsewhere)
	defer other.Close()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		target := ""
		switch path, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/"); path {
		case "away":
			target = other.URL + "/app.git/" + rest
		case "near":
			target = "/app.git/" + rest
		case "loop":
			target = "/loop/" + rest
		case "page":
			target = "/login"
		case "inside":
			target = "http://169.254.169.254/" + rest
		case "file":
			target = "file://" + f.repo.Dir + "/" + rest
		default:
			f.server.ServeHTTP(w, r)
			return
		}
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusMovedPermanently)
	}))
	defer front.Close()
	secret := source.NewSecret(canary)
	for _, tc := range []struct {
		reason, path string
		token        source.Secret
		want         string
		lsRemote     int64
	}{
		{"elsewhere without credentials", "away", source.Secret{}, "", 3},
		{"elsewhere with credentials", "away", secret, "credentials are not sent to another host", 1},
		{"on the same host with credentials", "near", secret, "", 3},
		{"in a circle", "loop", secret, "redirected more than", 1},
		{"in a circle without credentials", "loop", source.Secret{}, "redirect", 1},
		{"to a login page", "page", secret, "something else than a repository", 1},
		{"to a file", "file", secret, "credentials are not sent to another host", 1},
		{"to a file without credentials", "file", source.Secret{}, "by file, which is not followed", 1},
		{"into the machine", "inside", source.Secret{}, "169.254.169.254 is at a link-local address", 1},
	} {
		store := openStore(t, Options{Dir: t.TempDir()})
		repo := source.Repository{URL: front.URL + "/" + tc.path, BearerToken: tc.token}
		got, err := follow(t.Context(), store, repo, "main")
		if tc.want == "" {
			if err == nil {
				_, err = follow(t.Context(), store, repo, "main")
			}
			if err != nil || got != sha {
				t.Errorf("%s: %v", tc.reason, err)
			}
		} else if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), canary) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if n := store.Stats().Processes["ls-remote"]; n != tc.lsRemote {
			t.Errorf("%s: %d times ls-remote, want %d", tc.reason, n, tc.lsRemote)
		}
	}
	for _, auth := range elsewhere.auth {
		if auth != "" {
			t.Errorf("the other host was given %q", auth)
		}
	}
	if len(elsewhere.auth) == 0 {
		t.Error("the other host was never asked")
	}
}

// Many servers send from http to https. The second time git goes there at once.
func TestRedirectToTLS(t *testing.T) {
	f := newFixture(t, gitserver.Options{BearerToken: canary})
	sha := f.commit(t, map[string]string{"a": "1"})
	secure := httptest.NewTLSServer(f.server)
	defer secure.Close()
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, secure.URL+r.URL.String(), http.StatusMovedPermanently)
	}))
	defer front.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}))
	repo := source.Repository{URL: front.URL + "/app.git", BearerToken: source.NewSecret(canary), CAData: ca}
	for range 2 {
		if got, err := follow(t.Context(), f.store, repo, "main"); err != nil || got != sha {
			t.Fatalf("%s, %v", got, err)
		}
	}
	if n := f.processes("ls-remote"); n != 3 {
		t.Errorf("%d times ls-remote, want 3", n)
	}
	back := httptest.NewTLSServer(http.RedirectHandler(f.web.URL+"/app.git/info/refs", http.StatusFound))
	defer back.Close()
	_, err := f.store.Refs(t.Context(), source.Repository{URL: back.URL + "/app.git", Insecure: true})
	if fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), "by http, which is not followed") {
		t.Errorf("from https to http: %v", err)
	}
}

func TestProxy(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	proxy := &recorder{handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user := r.Header.Get("Proxy-Authorization"); user == "" {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		f.server.ServeHTTP(w, r)
	})}
	web := httptest.NewServer(proxy)
	defer web.Close()
	address := source.NewSecret(strings.Replace(web.URL, "http://", "http://ada:"+canary+"@", 1))
	repo := source.Repository{URL: "http://git.example.invalid/app.git", Proxy: address}
	if got, err := follow(t.Context(), f.store, repo, "main"); err != nil || got != sha {
		t.Errorf("through the proxy: %v", err)
	}
	repo.NoProxy = "git.example.invalid"
	if _, err := f.store.Refs(t.Context(), repo); fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), canary) {
		t.Errorf("around the proxy: %v", err)
	}
	whole := openStore(t, Options{Dir: t.TempDir(), Proxy: address})
	if got, err := follow(t.Context(), whole, source.Repository{URL: repo.URL}, "main"); err != nil || got != sha {
		t.Errorf("through the store's proxy: %v", err)
	}
	ssh := source.Repository{URL: "git@git.example.invalid:a", Proxy: address}
	if _, err := f.store.Refs(t.Context(), ssh); fault.KindOf(err) != fault.Unsupported {
		t.Errorf("ssh with a proxy: %v", err)
	}
}

// sshAddress is where an SSH server is, and what is needed to be let in.
type sshAddress struct{ address, key, known string }

func (a sshAddress) url(repo string) string { return "ssh://git@" + a.address + "/" + repo + ".git" }

// serveSSH serves by SSH, with keys of its own, until the test ends.
func serveSSH(t *testing.T, server *gitserver.Server, opts gitserver.SSHOptions) sshAddress {
	t.Helper()
	key, public := sshKey(t)
	hostKey, hostPublic := sshKey(t)
	opts.HostKey, opts.AuthorizedKey = must(ssh.ParsePrivateKey([]byte(hostKey))), public
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	served := make(chan error, 1)
	go func() { served <- server.ServeSSH(t.Context(), listener, opts) }()
	t.Cleanup(func() {
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	address := listener.Addr().String()
	return sshAddress{address, key, knownhosts.Line([]string{address}, hostPublic)}
}

func TestSSH(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	otherKey, _ := sshKey(t)
	_, otherHost := sshKey(t)
	at := serveSSH(t, f.server, gitserver.SSHOptions{})
	address, key, known, url := at.address, at.key, at.known, at.url("app")
	for _, tc := range []struct {
		reason string
		repo   source.Repository
		want   string
	}{
		{"known", source.Repository{SSHPrivateKey: source.NewSecret(key), KnownHosts: known}, ""},
		{"line ends of Windows", source.Repository{SSHPrivateKey: source.NewSecret(strings.ReplaceAll(strings.TrimSpace(key), "\n", "\r\n")), KnownHosts: known}, ""},
		{"unknown host", source.Repository{SSHPrivateKey: source.NewSecret(key)}, "host key is unknown; add it to argocd-ssh-known-hosts-cm"},
		{"changed host key", source.Repository{SSHPrivateKey: source.NewSecret(key), KnownHosts: knownhosts.Line([]string{address}, otherHost)}, "host key is not the one"},
		{"unknown host is ignored", source.Repository{SSHPrivateKey: source.NewSecret(key), InsecureIgnoreHostKey: true}, ""},
		{"insecure", source.Repository{SSHPrivateKey: source.NewSecret(key), Insecure: true}, ""},
		{"a key that is not let in", source.Repository{SSHPrivateKey: source.NewSecret(otherKey), KnownHosts: known}, "accepts no SSH key"},
		{"no key", source.Repository{KnownHosts: known}, "accepts no SSH key"},
		{"no key at all in the key", source.Repository{SSHPrivateKey: source.NewSecret(canary), KnownHosts: known}, "private key cannot be read"},
	} {
		store := openStore(t, Options{Dir: t.TempDir()})
		tc.repo.URL = url
		got, err := follow(t.Context(), store, tc.repo, "main")
		if tc.want == "" && (err != nil || got != sha) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), canary)) {
			t.Errorf("%s: %v", tc.reason, err)
		}
		if left := must(os.ReadDir(store.tmp)); len(left) > 0 {
			t.Errorf("%s: left in the private directory: %v", tc.reason, left)
		}
	}
}

func sshKey(t *testing.T) (private string, public ssh.PublicKey) {
	t.Helper()
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	block := must(ssh.MarshalPrivateKey(priv, ""))
	return string(pem.EncodeToMemory(block)), must(ssh.NewPublicKey(pub))
}

func TestFile(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	repo := source.Repository{URL: "file://" + f.repo.Dir}
	local := openStore(t, Options{Dir: t.TempDir(), Local: true})
	if got, err := follow(t.Context(), local, repo, "main"); err != nil || got != sha {
		t.Errorf("%v", err)
	}
	if _, err := local.Refs(t.Context(), source.Repository{URL: "file://" + t.TempDir()}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a directory that is no repository: %v", err)
	}
}

// TestMirrorsAreNoRepositories: where a mirror lies can be told from its URL, so that
// a repository of this machine would be anybody's way to what others have fetched.
func TestMirrorsAreNoRepositories(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": canary})
	f.fetch(t, "main")
	for _, url := range []string{
		"file://" + f.mirrorDir(t),
		"FILE://" + f.mirrorDir(t),
		"file:///proc/self/cwd/../" + filepath.Base(f.mirrorDir(t)), // git's working directory lies beside it
		"file://" + f.repo.Dir,
	} {
		repo := source.Repository{URL: url}
		if _, err := f.store.Refs(t.Context(), repo); fault.KindOf(err) != fault.Denied || !strings.Contains(err.Error(), "directories of this machine") {
			t.Errorf("%s: refs: %v", url, err)
		}
		if err := f.store.Fetch(t.Context(), repo, sha, ""); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: fetch: %v", url, err)
		}
		if _, err := f.store.Tree(t.Context(), repo, sha); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: tree: %v", url, err)
		}
	}
}

// TestProxiesProveNothing: whoever writes a repository's Secret may name a server of
// his own as its proxy, which shows him whatever he likes at any URL. That opens no
// mirror of others, and moves no repository for them.
func TestProxiesProveNothing(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary})
	sha := f.commit(t, map[string]string{"a": canary})
	// Go asks no proxy for an address of this machine, so that this one has a name.
	const url = "http://git.example.invalid/app.git"
	f.store = openStore(t, Options{Dir: t.TempDir(), Proxy: source.NewSecret(f.web.URL)})
	insider := source.Repository{URL: url, Username: "ada", Password: source.NewSecret(canary)}
	if got, err := follow(t.Context(), f.store, insider, "main"); err != nil || got != sha {
		t.Fatal(err)
	}
	mine := newFixture(t, gitserver.Options{})
	mine.commit(t, map[string]string{"a": "mine"})
	var moving atomic.Bool
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/app.git"); ok && moving.Load() {
			http.Redirect(w, r, "/evil.git"+rest+"?"+r.URL.RawQuery, http.StatusMovedPermanently)
			return
		}
		r.URL.Path = strings.Replace(r.URL.Path, "/evil.git", "/app.git", 1)
		mine.server.ServeHTTP(w, r)
	}))
	defer proxy.Close()
	outsider := source.Repository{URL: url, Username: "eve", Password: source.NewSecret("x"), Proxy: source.NewSecret(proxy.URL)}
	for _, moves := range []bool{false, true} {
		moving.Store(moves)
		if got, err := follow(t.Context(), f.store, outsider, "main"); err != nil || got == sha {
			t.Fatalf("what the proxy shows: %s, %v", got, err)
		}
		if err := f.store.Fetch(t.Context(), outsider, sha, ""); fault.KindOf(err) != fault.NotFound {
			t.Errorf("fetch of what others have: %v", err)
		}
		if short, err := f.store.ResolveShort(t.Context(), outsider, sha[:8]); fault.KindOf(err) != fault.NotFound {
			t.Errorf("short name of what others have: %s, %v", short, err)
		}
		if _, err := f.store.Tree(t.Context(), outsider, sha); fault.KindOf(err) != fault.NotFound {
			t.Errorf("tree of what others have: %v", err)
		}
		if got, err := follow(t.Context(), f.store, insider, "main"); err != nil || got != sha {
			t.Errorf("the others: %s, %v", got, err)
		}
	}
}

// What the server says is shown, but cannot steer a terminal or fill memory.
func TestServersWords(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/rude"):
			w.Header().Set("Content-Type", "text/plain")
			w.WriteHeader(http.StatusInternalServerError)
			fmt.Fprint(w, "\x1b[31mgo away\x1b[0m https://ada:"+canary+"@example.com "+strings.Repeat("x", 4096))
		case strings.HasPrefix(r.URL.Path, "/endless"):
			w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
			fmt.Fprint(w, "001e# service=git-upload-pack\n0000")
			for i := 0; r.Context().Err() == nil; i++ {
				line := fmt.Sprintf("%040x refs/heads/branch-%d\n", i+1, i)
				if _, err := fmt.Fprintf(w, "%04x%s", len(line)+4, line); err != nil || i > 2_000 {
					break
				}
			}
			fmt.Fprint(w, "0000")
		}
	}))
	defer web.Close()
	store := openStore(t, Options{Dir: t.TempDir(), MaxRefsSize: 64 << 10})
	_, err := store.Refs(t.Context(), source.Repository{URL: web.URL + "/rude"})
	if err == nil || strings.ContainsAny(err.Error(), "\x1b\n") || strings.Contains(err.Error(), canary) || len(err.Error()) > 1000 {
		t.Errorf("rude: %q", err)
	}
	_, err = store.Refs(t.Context(), source.Repository{URL: web.URL + "/endless"})
	if err == nil || !strings.Contains(err.Error(), "more refs than are accepted") {
		t.Errorf("endless: %v", err)
	}
}

// endless is a server whose advertisement of refs does not end, of protocol 0, which
// git keeps in memory whole before it says anything.
func endless(t *testing.T, pause <-chan struct{}) *httptest.Server {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-git-upload-pack-advertisement")
		fmt.Fprint(w, "001e# service=git-upload-pack\n0000")
		var lines strings.Builder
		for i := range 1000 {
			line := fmt.Sprintf("%040x refs/heads/branch-%d\n", i+1, i)
			fmt.Fprintf(&lines, "%04x%s", len(line)+4, line)
		}
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, lines.String()); err != nil {
				return
			}
			w.(http.Flusher).Flush()
			select {
			case <-pause:
			case <-r.Context().Done():
			}
		}
	}))
	t.Cleanup(web.Close)
	return web
}

func TestEndlessAdvertisement(t *testing.T) {
	now := make(chan struct{})
	close(now)
	for _, tc := range []struct {
		reason string
		opts   Options
		pause  <-chan struct{}
		want   string
		kind   fault.Kind
	}{
		{"at once", Options{MaxRefsSize: 64 << 10, MaxMemory: 80 << 20}, now, "sends more than is accepted", fault.Broken},
		{"and then silence", Options{Timeout: 300 * time.Millisecond}, nil, "time limit", fault.Unavailable},
	} {
		tc.opts.Dir = t.TempDir()
		store := openStore(t, tc.opts)
		repo := source.Repository{URL: endless(t, tc.pause).URL + "/a"}
		_, listed := store.Refs(t.Context(), repo)
		fetched := store.Fetch(t.Context(), repo, strings.Repeat("1", 40), "refs/heads/x")
		for verb, err := range map[string]error{"list": listed, "fetch": fetched} {
			if fault.KindOf(err) != tc.kind || !strings.Contains(fmt.Sprint(err), tc.want) {
				t.Errorf("%s: %s: %v of kind %v", tc.reason, verb, err, fault.KindOf(err))
			}
		}
	}
}

func TestPacksAreBounded(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	noise := make([]byte, 300<<10)
	rand.Read(noise)
	sha := f.commit(t, map[string]string{"a": string(noise)})
	f.store = openStore(t, Options{Dir: t.TempDir(), MaxPackSize: 100 << 10})
	err := f.store.Fetch(t.Context(), f.source, sha, "refs/heads/main")
	if fault.KindOf(err) != fault.Broken || !strings.Contains(err.Error(), "sends more than is accepted") {
		t.Errorf("%v of kind %v", err, fault.KindOf(err))
	}
	if left := must(filepath.Glob(filepath.Join(f.mirrorDir(t), "objects/pack/*"))); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestSilentServer(t *testing.T) {
	listener := must(net.Listen("tcp", "127.0.0.1:0"))
	defer listener.Close()
	store := openStore(t, Options{Dir: t.TempDir(), Timeout: 300 * time.Millisecond})
	_, err := store.Refs(t.Context(), source.Repository{URL: "http://" + listener.Addr().String() + "/a"})
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "time limit") {
		t.Errorf("got %v", err)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	first := openStore(t, Options{Dir: dir})
	writeFile(t, "KEY", dir, "tmp", "access-1", "key")
	if _, err := Open(t.Context(), Options{Dir: dir}); fault.KindOf(err) != fault.Conflict {
		t.Errorf("two at once: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second := openStore(t, Options{Dir: dir})
	if _, err := os.Stat(filepath.Join(dir, "tmp", "access-1")); err == nil {
		t.Error("a key of a process that crashed is still there")
	}
	if _, err := second.Refs(t.Context(), source.Repository{URL: "https://x/y", Type: source.Helm}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a Helm repository: %v", err)
	}
	old := filepath.Join(t.TempDir(), "git")
	if err := os.WriteFile(old, []byte("#!/bin/sh\necho git version 2.30.2\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, opts := range map[string]Options{
		"old git": {Dir: t.TempDir(), GitBinary: old}, "no git": {Dir: t.TempDir(), GitBinary: "/nonexistent"}, "no directory": {},
	} {
		if _, err := Open(t.Context(), opts); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestRestartWhileAway: what somebody was let in to read is there for the same one after a
// restart, though the server is away by then, and for nobody else.
func TestRestartWhileAway(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary})
	sha := f.commit(t, map[string]string{"a": "1"})
	dir := t.TempDir()
	remembering := func() *Store {
		book, err := proof.Open(filepath.Join(dir, "proofs"), time.Now(), nil)
		if err != nil {
			t.Fatal(err)
		}
		return openStore(t, Options{Dir: filepath.Join(dir, "git"), Proofs: book})
	}
	store := remembering()
	ada := f.source
	ada.Username, ada.Password = "ada", source.NewSecret(canary)
	if got, err := follow(t.Context(), store, ada, "main"); err != nil || got != sha {
		t.Fatal(got, err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	f.web.Close()
	store = remembering()
	tree, err := store.Tree(t.Context(), ada, sha)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := fs.ReadFile(tree, "a"); err != nil || string(b) != "1" {
		t.Errorf("%q, %v", b, err)
	}
	eve := ada
	eve.Password = source.NewSecret("guessed")
	if _, err := store.Tree(t.Context(), eve, sha); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("another password: %v", err)
	}
	assertNotOnDisk(t, dir, canary)
}
