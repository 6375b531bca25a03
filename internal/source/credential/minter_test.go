package credential

import (
	"bufio"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// hosts are those that world plays.
var hosts = []string{
	"api.github.com", "ghe.example.com", "oauth2.googleapis.com", "login.microsoftonline.com", "login.example.com", "example.azurecr.io",
}

// world is the services that give tokens, behind a proxy through which alone they
// can be reached, and with certificates of an authority of its own.
type world struct {
	proxy  string
	ca     string
	key    *rsa.PrivateKey
	answer func(method, address string) (int, string)

	mu    sync.Mutex
	asked []string
}

func newWorld(t *testing.T, answer func(method, address string) (int, string)) *world {
	t.Helper()
	w := &world{answer: answer}
	var err error
	if w.key, err = rsa.GenerateKey(rand.Reader, 2048); err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "world"}, NotAfter: time.Now().Add(time.Hour),
		DNSNames: hosts, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, w.key.Public(), w.key)
	if err != nil {
		t.Fatal(err)
	}
	w.ca = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	services := httptest.NewUnstartedServer(http.HandlerFunc(w.serve))
	services.TLS = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: w.key}}}
	services.StartTLS()
	t.Cleanup(services.Close)
	proxy := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { connect(rw, r, services.Listener.Addr().String()) }))
	t.Cleanup(proxy.Close)
	w.proxy = proxy.URL
	return w
}

// connect is a proxy to which every host is at one address.
func connect(w http.ResponseWriter, r *http.Request, address string) {
	there, err := net.Dial("tcp", address)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	here, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
	go func() {
		defer there.Close()
		io.Copy(there, here)
	}()
	go func() {
		defer here.Close()
		io.Copy(here, there)
	}()
}

func (w *world) serve(rw http.ResponseWriter, r *http.Request) {
	address := r.Method + " " + r.Host + r.URL.Path
	var b strings.Builder
	fmt.Fprintln(&b, address)
	if token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok {
		fmt.Fprintln(&b, "  Bearer", w.readable(token))
	}
	r.ParseForm()
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		fmt.Fprintf(&b, "  %s=%s\n", name, w.readable(r.PostForm.Get(name)))
	}
	w.mu.Lock()
	w.asked = append(w.asked, b.String())
	w.mu.Unlock()
	status, body := w.answer(r.Method, r.Host+r.URL.Path)
	if status >= 300 && status < 400 {
		rw.Header().Set("Location", body)
	}
	rw.WriteHeader(status)
	io.WriteString(rw, body)
}

// readable is what a token that was signed with the key says, else the text.
func (w *world) readable(token string) string {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return token
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err != nil || rsa.VerifyPKCS1v15(&w.key.PublicKey, crypto.SHA256, sum[:], signature) != nil {
		return token
	}
	var out []string
	for _, part := range parts[:2] {
		text, err := base64.RawURLEncoding.DecodeString(part)
		var values map[string]any
		if err != nil || json.Unmarshal(text, &values) != nil {
			return token
		}
		out = append(out, fmt.Sprint(values))
	}
	return "signed " + strings.Join(out, " ")
}

func (w *world) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.asked)
}

// expand puts the key into a field, in the form that is named.
func (w *world) expand(t *testing.T, text string) string {
	t.Helper()
	pkcs8, err := x509.MarshalPKCS8PrivateKey(w.key)
	if err != nil {
		t.Fatal(err)
	}
	one := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(w.key)}))
	quoted, err := json.Marshal(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})))
	if err != nil {
		t.Fatal(err)
	}
	return strings.NewReplacer("$PKCS1", one, "$JSONKEY", string(quoted)).Replace(text)
}

// find is the repository of a Secret as the Book has it, behind the world's proxy.
func (w *world) find(t *testing.T, fields map[string]string) (source.Repository, error) {
	t.Helper()
	s := Secret{Name: "s", Labels: map[string]string{"argocd.argoproj.io/secret-type": TypeRepository}, Data: map[string][]byte{"proxy": []byte(w.proxy)}}
	for name, value := range fields {
		s.Data[name] = []byte(w.expand(t, value))
	}
	certs := map[string]string{}
	for _, host := range hosts {
		certs[host] = w.ca
	}
	book, _ := New(Input{Secrets: []Secret{s}, TLSCerts: certs})
	return book.Find(fields["url"], "")
}

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func fields(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			out[name] = value
		}
	}
	return out
}

// TestTokens: what is asked of whom for which Secret, and what comes of it. A file
// holds the Secret's fields, the answers by request, and the conversation.
func TestTokens(t *testing.T) {
	files, err := filepath.Glob("testdata/token/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			part := map[string]string{}
			for _, f := range archive.Files {
				part[f.Name] = string(f.Data)
			}
			w := newWorld(t, scripted(part["answers"]))
			workload := fields(part["workload"])
			opts := MinterOptions{Now: func() time.Time { return start }, Workload: WorkloadIdentity{ClientID: workload["client"], TenantID: workload["tenant"]}}
			if token := workload["token"]; token != "" {
				opts.Workload.TokenFile = filepath.Join(t.TempDir(), "token")
				if err := os.WriteFile(opts.Workload.TokenFile, []byte(token+"\n"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			repo, err := w.find(t, fields(part["secret"]))
			if err == nil {
				repo, err = NewMinter(opts).SignIn(t.Context(), repo)
			}
			got := strings.Join(w.asked, "") + outcome(repo, err)
			if diff := cmp.Diff(part["want"], got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", archive.Comment, diff)
			}
			if err != nil && strings.Contains(err.Error(), "c4n4ry") {
				t.Errorf("a credential is shown: %v", err)
			}
		})
	}
}

func outcome(repo source.Repository, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %v\n", fault.KindOf(err), err)
	}
	return fmt.Sprintf("user %q password %q bearer %q\n", repo.Username, repo.Password.Reveal(), repo.BearerToken.Reveal())
}

// scripted answers with lines of METHOD ADDRESS STATUS BODY.
func scripted(text string) func(method, address string) (int, string) {
	return func(method, address string) (int, string) {
		lines := bufio.NewScanner(strings.NewReader(text))
		for lines.Scan() {
			var status int
			rest, ok := strings.CutPrefix(lines.Text(), method+" "+address+" ")
			if !ok {
				continue
			}
			code, body, _ := strings.Cut(rest, " ")
			if _, err := fmt.Sscan(code, &status); err == nil {
				return status, body
			}
		}
		return http.StatusNotFound, `{"message": "Not Found"}`
	}
}

// app is a repository whose token comes from an App, whose life is as long as the
// clock says.
type app struct {
	*world
	*Minter
	repo source.Repository

	mu     sync.Mutex
	now    time.Time
	status int
	wait   chan struct{}
}

func newApp(t *testing.T) *app {
	a := &app{now: start, status: http.StatusCreated}
	a.world = newWorld(t, func(string, string) (int, string) {
		if a.wait != nil {
			<-a.wait
		}
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.status, fmt.Sprintf(`{"token": "token-%d", "expires_at": %q}`, a.now.Sub(start)/time.Minute, a.now.Add(time.Hour).Format(time.RFC3339))
	})
	a.Minter = NewMinter(MinterOptions{Now: func() time.Time {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.now
	}})
	a.repo = a.named(t, "https://github.com/o/r")
	return a
}

func (a *app) named(t *testing.T, address string) source.Repository {
	repo, err := a.find(t, map[string]string{"url": address, "githubAppID": "1", "githubAppInstallationID": "2", "githubAppPrivateKey": "$PKCS1"})
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func (a *app) at(minutes, status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.now, a.status = start.Add(time.Duration(minutes)*time.Minute), status
}

func (a *app) token(t *testing.T) string {
	repo, err := a.SignIn(t.Context(), a.repo)
	if err != nil {
		return fault.KindOf(err).String()
	}
	return repo.Password.Reveal()
}

// TestLifeOfAToken: it is asked for once, five minutes before its end again, and
// a service that is down then takes nothing away until the end.
func TestLifeOfAToken(t *testing.T) {
	a := newApp(t)
	for _, step := range []struct {
		reason   string
		minute   int
		status   int
		refused  bool
		want     string
		requests int
	}{
		{"the first", 0, http.StatusCreated, false, "token-0", 1},
		{"again", 1, http.StatusCreated, false, "token-0", 1},
		{"six minutes before its end", 54, http.StatusCreated, false, "token-0", 1},
		{"five minutes before its end, and the service is down", 55, http.StatusBadGateway, false, "token-0", 2},
		{"which is not asked by everybody", 55, http.StatusBadGateway, false, "token-0", 2},
		{"a minute later", 56, http.StatusCreated, false, "token-56", 3},
		{"a new one that is refused is as good as the next", 56, http.StatusCreated, true, "token-56", 3},
		{"an old one that is refused is replaced", 57, http.StatusCreated, true, "token-57", 4},
		{"after its end, and the service is down", 200, http.StatusBadGateway, false, "unavailable", 5},
		{"which is not asked by everybody then", 200, http.StatusCreated, false, "unavailable", 5},
		{"and recovers", 201, http.StatusCreated, false, "token-201", 6},
	} {
		a.at(step.minute, step.status)
		if step.refused {
			a.Refused(a.repo)
		}
		if got := a.token(t); got != step.want || a.count() != step.requests {
			t.Errorf("%s: %s after %d requests, want %s after %d", step.reason, got, a.count(), step.want, step.requests)
		}
	}
}

// TestManyWantOneToken: repositories that describe a token alike share it, and one
// who leaves takes nothing from the others.
func TestManyWantOneToken(t *testing.T) {
	a := newApp(t)
	a.wait = make(chan struct{})
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := a.SignIn(ctx, a.repo)
		left <- err
	}()
	leave()
	if err := <-left; !errors.Is(err, context.Canceled) || fault.KindOf(err) != fault.Unavailable {
		t.Errorf("the one who left got %v", err)
	}
	tokens := make(chan string)
	for i := range 50 {
		repo := a.named(t, fmt.Sprintf("https://github.com/o%d/r", i))
		go func() {
			repo, err := a.SignIn(t.Context(), repo)
			tokens <- fmt.Sprint(repo.Password.Reveal(), err)
		}()
	}
	close(a.wait)
	for range 50 {
		if got := <-tokens; got != "token-0<nil>" {
			t.Error(got)
		}
	}
	if a.count() != 1 {
		t.Errorf("%d requests", a.count())
	}
}

// TestDescriptionStays: what names the repository everywhere does not change.
func TestDescriptionStays(t *testing.T) {
	a := newApp(t)
	before, again := a.repo, a.named(t, a.repo.URL)
	signed, err := a.SignIn(t.Context(), a.repo)
	if err != nil || a.repo != before || before != again {
		t.Errorf("%v: %v", a.repo, err)
	}
	if signed.NeedsToken() || signed.URL != before.URL || signed.Proxy != before.Proxy {
		t.Errorf("signed in: %+v", signed)
	}
	text := fmt.Sprintf("%+v %v %#v", before, before.Token, signed)
	if _, err := json.Marshal(before); err != nil || strings.Contains(text, "PRIVATE KEY") || strings.Contains(text, "token-0") {
		t.Errorf("a credential is shown: %s", text)
	}
}

func TestOtherTokensAreOthers(t *testing.T) {
	a := newApp(t)
	first := a.token(t)
	for name, change := range map[string]func(*source.Repository){
		"installation": func(r *source.Repository) { r.Token.GitHubInstallationID = 3 },
		"app":          func(r *source.Repository) { r.Token.GitHubAppID = 3 },
		"key":          func(r *source.Repository) { r.Token.GitHubPrivateKey = source.NewSecret("not the key") },
	} {
		a.at(1, http.StatusCreated)
		repo := a.repo
		change(&repo)
		if got, err := a.SignIn(t.Context(), repo); err == nil && got.Password.Reveal() == first {
			t.Errorf("another %s gets the token", name)
		}
	}
}

func TestWithoutMinter(t *testing.T) {
	a := newApp(t)
	var none *Minter
	_, err := none.SignIn(t.Context(), a.repo)
	if fault.KindOf(err) != fault.Unsupported {
		t.Error(err)
	}
	none.Refused(a.repo)
	plain := source.Repository{URL: "https://github.com/o/r"}
	if got, err := none.SignIn(t.Context(), plain); err != nil || got != plain {
		t.Error(got, err)
	}
}

// TestNothingComesBack: a service that complains at length, or repeats what it was sent.
func TestNothingComesBack(t *testing.T) {
	a := newApp(t)
	a.answer = func(string, string) (int, string) {
		return http.StatusBadRequest, `{"message": "` + strings.Repeat("long ", 1000) + `"}`
	}
	_, err := a.SignIn(t.Context(), a.repo)
	if err == nil || !strings.Contains(err.Error(), "long") || len(err.Error()) > 600 || strings.Contains(err.Error(), "eyJ") {
		t.Error(err)
	}
	s := service{base: &url.URL{Host: "h"}, secrets: []string{"c4n4ry"}}
	res := &http.Response{StatusCode: http.StatusUnauthorized, Status: "401 Unauthorized"}
	body := []byte(`{"error": "invalid_client", "error_description": "c4n4ry at https://u:c4n4ry2@h/ \u001b[31m` + `\nsecond line"}`)
	if got := s.refusal(res, body).Error(); strings.Contains(got, "c4n4ry") || strings.ContainsAny(got, "\x1b\n") || !strings.Contains(got, "invalid_client") {
		t.Errorf("%q", got)
	}
}
