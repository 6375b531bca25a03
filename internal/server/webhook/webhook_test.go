package webhook

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/settings"
)

// desk is a Receiver that keeps what it is told, of several requests at once.
type desk struct {
	secrets settings.Webhooks
	unknown bool

	mu     sync.Mutex
	pushes []Push
}

func (d *desk) Settings() (settings.Webhooks, bool) { return d.secrets, !d.unknown }

func (d *desk) Pushed(p Push) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.pushes = append(d.pushes, p)
	return 1
}

// send has a handler take a request, and returns the status and the answer or the
// error's message.
func send(t testing.TB, h http.Handler, header http.Header, body string) string {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/webhook", strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	answer := strings.TrimSpace(w.Body.String())
	if w.Code != http.StatusOK {
		var failure struct{ Message string }
		if err := json.Unmarshal(w.Body.Bytes(), &failure); err != nil {
			t.Fatalf("%d %s: %v", w.Code, answer, err)
		}
		answer = failure.Message
	}
	return fmt.Sprintf("%d %s", w.Code, answer)
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

var function = regexp.MustCompile(`\$(HMAC|BASE64)\(([^)]*)\)`)

// request reads headers, an empty line and a body. In the headers $HMAC(SECRET) is
// the body's signature, and $BASE64(TEXT) what it says.
func request(t testing.TB, text string) (header http.Header, body string) {
	t.Helper()
	head, body, _ := strings.Cut(text, "\n\n")
	body = strings.TrimSpace(body)
	head = function.ReplaceAllStringFunc(head, func(call string) string {
		f := function.FindStringSubmatch(call)
		if f[1] == "BASE64" {
			return base64.StdEncoding.EncodeToString([]byte(f[2]))
		}
		return sign(f[2], body)
	})
	mime, err := textproto.NewReader(bufio.NewReader(strings.NewReader(strings.TrimSpace(head) + "\n\n"))).ReadMIMEHeader()
	if err != nil {
		t.Fatalf("%q: %v", head, err)
	}
	return http.Header(mime), body
}

func sign(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	io.WriteString(mac, body)
	return hex.EncodeToString(mac.Sum(nil))
}

func secrets(t testing.TB, text []byte) settings.Webhooks {
	t.Helper()
	values := map[string]string{}
	if err := yaml.UnmarshalStrict(text, &values); err != nil {
		t.Fatal(err)
	}
	w := settings.Webhooks{MaxPayload: 1 << 20}
	fields := map[string]*string{
		"github": &w.GitHub, "gitlab": &w.GitLab, "bitbucket": &w.BitbucketUUID, "bitbucketserver": &w.BitbucketServer,
		"gogs": &w.Gogs, "harbor": &w.Harbor, "azureuser": &w.AzureUsername, "azurepassword": &w.AzurePassword,
	}
	for name, value := range values {
		*fields[name] = value
	}
	return w
}

// sample is one case of testdata.
type sample struct {
	name, want string
	secrets    settings.Webhooks
	header     http.Header
	body       string
}

// samples reads the cases of testdata/*.txtar: the secrets, and of each case the
// request and what comes of it.
func samples(t testing.TB) []sample {
	t.Helper()
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var all []sample
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		content := map[string]string{}
		for _, f := range archive.Files {
			content[f.Name] = string(f.Data)
		}
		for _, f := range archive.Files {
			name, ok := strings.CutSuffix(f.Name, "/request")
			if !ok {
				continue
			}
			s := sample{name: filepath.Base(file) + "/" + name, want: content[name+"/want"], secrets: secrets(t, []byte(content["secrets"]))}
			s.header, s.body = request(t, string(f.Data))
			all = append(all, s)
		}
	}
	return all
}

func TestEvents(t *testing.T) {
	for _, s := range samples(t) {
		t.Run(s.name, func(t *testing.T) {
			d := &desk{secrets: s.secrets}
			h := New(d, quiet())
			var got strings.Builder
			fmt.Fprintln(&got, send(t, h, s.header, s.body))
			if len(d.pushes) > 1 {
				t.Errorf("%d pushes of one event", len(d.pushes))
			}
			for _, p := range d.pushes {
				fmt.Fprintln(&got, map[bool]string{true: "signed", false: "unsigned"}[p.Signed])
				from, _ := h.find(s.header, s.secrets)
				e, err := from.parse(s.header, []byte(s.body))
				if err != nil {
					t.Fatal(err)
				}
				describe(&got, e)
			}
			if diff := cmp.Diff(s.want, got.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func describe(w io.Writer, e event) {
	for _, r := range e.repos {
		fmt.Fprintln(w, "repo", r.host, r.path)
	}
	for _, r := range e.refs {
		fmt.Fprintln(w, "ref", r)
	}
	if e.head != "" {
		fmt.Fprintln(w, "head", e.head)
	}
	if e.artifact {
		fmt.Fprintln(w, "artifact")
	}
}

func cases[T any](t *testing.T, file string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := yaml.UnmarshalStrict(b, &all); err != nil || len(all) == 0 {
		t.Fatal(file, err)
	}
	return all
}

func TestAddresses(t *testing.T) {
	for _, c := range cases[struct {
		Reason, Event, Source string
		Artifact, Same        bool
	}](t, "addresses.yaml") {
		e := event{artifact: c.Artifact}
		e.about(c.Event)
		if got := e.isAbout(c.Source); got != c.Same {
			t.Errorf("%s: %q and %q: %v, of %+v", c.Reason, c.Event, c.Source, got, e.repos)
		}
	}
}

func TestTargets(t *testing.T) {
	for _, c := range cases[struct {
		Reason, Head, Target string
		Refs                 []string
		Moved                bool
	}](t, "targets.yaml") {
		if got := (event{refs: c.Refs, head: c.Head}).concerns(c.Target); got != c.Moved {
			t.Errorf("%s: %q of %q: %v", c.Reason, c.Target, c.Refs, got)
		}
	}
}

func TestMoreRefsThanAreToldApart(t *testing.T) {
	var e event
	e.moved(strings.Split(strings.Repeat("refs/heads/x ", maxRefs)+"refs/heads/main", " ")...)
	if !e.concerns("other") {
		t.Error("of what is not told apart any may have moved")
	}
}

// Before the secrets are known nobody can be asked for one.
func TestSecretsThatAreNotKnownYet(t *testing.T) {
	d := &desk{unknown: true}
	header := http.Header{"X-Github-Event": {"push"}}
	got := send(t, New(d, quiet()), header, `{"repository": {"html_url": "https://github.com/team/apps"}}`)
	if got != "503 the secrets of webhooks are not read yet" || len(d.pushes) > 0 {
		t.Errorf("got %s, %d pushes", got, len(d.pushes))
	}
}

func TestTheLogHasNoCredentials(t *testing.T) {
	var log strings.Builder
	h := New(&desk{secrets: settings.Webhooks{GitLab: "opensesame", MaxPayload: 1 << 10}}, slog.New(slog.NewTextHandler(&log, nil)))
	body := `{"object_kind": "push", "project": {"git_http_url": "https://ada:hunter2@git.example.com/team/apps?token=hunter2"}}`
	for _, token := range []string{"opensesame", "closesesame"} {
		send(t, h, http.Header{"X-Gitlab-Event": {"Push Hook"}, "X-Gitlab-Token": {token}}, body)
	}
	text := log.String()
	for _, secret := range []string{"hunter2", "sesame"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is in the log: %s", secret, text)
		}
	}
	for _, part := range []string{"git.example.com/team/apps", "a webhook is refused"} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in the log: %s", part, text)
		}
	}
}
