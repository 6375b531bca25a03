package git

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/test/gitserver"
)

// bookOf is a Book of one repository Secret and Argo CD's config maps.
func bookOf(t *testing.T, in credential.Input, fields map[string]string) *credential.Book {
	t.Helper()
	data := map[string][]byte{}
	for k, v := range fields {
		data[k] = []byte(v)
	}
	in.Secrets = append(in.Secrets, credential.Secret{Name: "s", Labels: map[string]string{v1alpha1.LabelSecretType: credential.TypeRepository}, Data: data})
	book, problems := credential.New(in)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return book
}

// What Argo CD's Secrets and config maps hold reaches git, and the server's answer us.
func TestBookOverTLS(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary})
	sha := f.commit(t, map[string]string{"a": "1"})
	clientCert, clientKey := selfSigned(t)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(clientCert))
	web := httptest.NewUnstartedServer(f.server)
	web.TLS = &tls.Config{ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	web.StartTLS()
	defer web.Close()
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	other, _ := selfSigned(t)
	secret := map[string]string{
		"type": "git", "url": web.URL + "/app.git", "username": "ada", "password": canary + "\n",
		"tlsClientCertData": clientCert, "tlsClientCertKey": clientKey,
	}
	for _, tc := range []struct {
		reason string
		certs  map[string]string
		works  bool
	}{
		{"the authority of its host", map[string]string{"127.0.0.1": ca}, true},
		{"one of several", map[string]string{"127.0.0.1": other + ca}, true},
		{"another host's", map[string]string{"example.com": ca}, false},
		{"another authority", map[string]string{"127.0.0.1": other}, false},
		{"none", nil, false},
	} {
		repo, err := bookOf(t, credential.Input{TLSCerts: tc.certs}, secret).Find(web.URL+"/app.git", "p")
		if err != nil {
			t.Fatal(err)
		}
		store := openStore(t, Options{Dir: t.TempDir()})
		got, err := follow(t.Context(), store, repo, "main")
		if tc.works && (err != nil || got != sha) || !tc.works && fault.KindOf(err) != fault.Broken {
			t.Errorf("%s: %s, %v", tc.reason, got, err)
		}
	}
}

func TestBookOverSSH(t *testing.T) {
	f := newFixture(t, gitserver.Options{})
	sha := f.commit(t, map[string]string{"a": "1"})
	at := serveSSH(t, f.server, gitserver.SSHOptions{})
	changed := serveSSH(t, f.server, gitserver.SSHOptions{})
	for _, tc := range []struct{ reason, known, want string }{
		{"its line among others", "# a comment\ngithub.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl\n" + at.known + "\n", ""},
		{"without a last line end", at.known, ""},
		{"other hosts only", changed.known, "host key is unknown"},
		{"another key of its host", strings.Replace(changed.known, changed.address[strings.LastIndex(changed.address, ":"):], at.address[strings.LastIndex(at.address, ":"):], 1), "host key is not the one"},
		{"an empty config map", "", "host key is unknown"},
	} {
		repo, err := bookOf(t, credential.Input{KnownHosts: tc.known}, map[string]string{"url": at.url("app"), "sshPrivateKey": at.key}).Find(at.url("app"), "p")
		if err != nil {
			t.Fatal(err)
		}
		store := openStore(t, Options{Dir: t.TempDir()})
		got, err := follow(t.Context(), store, repo, "main")
		if tc.want == "" && (err != nil || got != sha) || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
			t.Errorf("%s: %s, %v", tc.reason, got, err)
		}
	}
}

// tunnel is a proxy that leads every CONNECT to one address.
func tunnel(t *testing.T, to string, used *atomic.Int64) *httptest.Server {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect || !strings.HasPrefix(r.Header.Get("Proxy-Authorization"), "Basic ") {
			w.Header().Set("Proxy-Authenticate", "Basic")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		used.Add(1)
		server, err := net.Dial("tcp", to)
		if err != nil {
			t.Error(err)
			return
		}
		defer server.Close()
		client, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer client.Close()
		io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
		go func() {
			io.Copy(server, buffered)
			server.(*net.TCPConn).CloseWrite()
		}()
		io.Copy(client, server)
	}))
	t.Cleanup(proxy.Close)
	return proxy
}

// All that talks to a repository's server takes its proxy: git, the look at a redirect,
// and what gets large files and submodules.
func TestBookThroughAProxy(t *testing.T) {
	f := newFixture(t, gitserver.Options{Username: "ada", Password: canary})
	_, lib := f.another(t, "lib", map[string]gitserver.File{"a": {Content: "lib"}})
	pointer, err := f.repo.Large(large)
	if err != nil {
		t.Fatal(err)
	}
	sha := must(f.repo.Apply(t.Context(), gitserver.Change{Message: "x", Files: map[string]gitserver.File{
		"large": {Content: pointer}, "lib": gitlink(lib), ".gitmodules": gitmodules("lib", "../lib.git"),
	}}))
	web := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, "/old/"); ok {
			r.URL.Path = "/" + rest
			http.Redirect(w, r, r.URL.String(), http.StatusMovedPermanently)
			return
		}
		f.server.ServeHTTP(w, r)
	}))
	defer web.Close()
	var used atomic.Int64
	proxy := must(url.Parse(tunnel(t, web.Listener.Addr().String(), &used).URL))
	proxy.User = url.UserPassword("pat", canary+"-proxy")
	ca := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
	fields := map[string]string{
		"url": "https://example.com/old/app.git", "username": "ada", "password": canary, "enableLfs": "true", "proxy": proxy.String(),
	}
	in := credential.Input{TLSCerts: map[string]string{"example.com": ca}}
	repo := must(bookOf(t, in, fields).Find(fields["url"], "p"))
	got, err := follow(t.Context(), f.store, repo, "main")
	if err != nil || got != sha {
		t.Fatalf("%s, %v", got, err)
	}
	tree := must(f.store.Tree(t.Context(), repo, sha))
	before := used.Load()
	for name, want := range map[string]string{"large": large, "lib/a": "lib"} {
		if got, err := tree.ReadFile(name); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
	if before == 0 || used.Load() < before+2 {
		t.Errorf("the proxy was used %d and then %d times", before, used.Load())
	}

	fields["noProxy"] = "git.invalid"
	fields["url"] = "https://git.invalid/app.git"
	around := must(bookOf(t, in, fields).Find(fields["url"], "p"))
	before = used.Load()
	if _, err := f.store.Refs(t.Context(), around); fault.KindOf(err) != fault.Unavailable || used.Load() != before || strings.Contains(err.Error(), canary) {
		t.Errorf("around the proxy: %v", err)
	}
}
