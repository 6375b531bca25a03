package webhook

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/settings"
)

// absurd are what a field may be replaced by; gone removes it.
var absurd = []any{nil, gone, "", "x", 1.5, true, []any{}, []any{nil}, []any{[]any{}}, map[string]any{}, strings.Repeat("[", 100)} //nolint:gochecknoglobals // never changed

const gone = "\x00gone"

// variants are a value with one of its parts absurd, for each part.
func variants(v any) []any {
	all := slices.Clone(absurd)
	switch v := v.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			for _, other := range variants(v[key]) {
				m := maps.Clone(v)
				m[key] = other
				if other == any(gone) {
					delete(m, key)
				}
				all = append(all, m)
			}
		}
	case []any:
		for i := range v {
			for _, other := range variants(v[i]) {
				l := slices.Clone(v)
				l[i] = other
				all = append(all, l)
			}
		}
	}
	return all
}

// Whatever a field is, of each provider: no panic, an answer that is none of ours to
// be ashamed of, and a push only of a repository that was named.
// (CVE-2025-59531, CVE-2025-59537, CVE-2025-59538.)
func TestEachFieldAbsurd(t *testing.T) {
	tried := 0
	for _, s := range samples(t) {
		var payload any
		if err := json.Unmarshal([]byte(s.body), &payload); err != nil || !strings.Contains(s.want, "accepted") {
			continue
		}
		from, ok := New(nil, nil).find(s.header, s.secrets)
		if !ok {
			t.Fatal(s.name)
		}
		for _, v := range variants(payload) {
			body, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			tried++
			checkParse(t, from, s.header, body)
		}
	}
	if tried < 1000 {
		t.Errorf("only %d variants", tried)
	}
}

// checkParse parses what may be anything.
func checkParse(t testing.TB, p provider, header http.Header, body []byte) {
	t.Helper()
	e, err := p.parse(header, body)
	if err != nil {
		if len(err.Error()) > 300 {
			t.Errorf("%s: an error of %d bytes for %.300q", p.name, len(err.Error()), body)
		}
		return
	}
	if (e.ignored == "") != (len(e.repos) > 0) {
		t.Errorf("%s: %+v of %q", p.name, e, body)
	}
	for _, r := range e.repos {
		if r.host == "" || r.path == "" || len(r.host)+len(r.path) > 2*maxAddress {
			t.Errorf("%s: %+v of %q", p.name, r, body)
		}
	}
	if len(e.refs) > maxRefs+1 {
		t.Errorf("%s: %d refs", p.name, len(e.refs))
	}
	for _, ref := range e.refs {
		if !strings.HasPrefix(ref, "refs/") || !e.concerns(ref) {
			t.Errorf("%s: ref %q", p.name, ref)
		}
	}
	for _, repo := range []string{"", "/", "git@", "https://", "https://github.com/", "oci://x", string(body)} {
		e.isAbout(repo)
	}
}

// fuzzParser is the fuzz target of one provider: its name, and the headers of an
// event that it has something to do for.
func fuzzParser(f *testing.F, name string, headers ...string) {
	f.Helper()
	header := http.Header{}
	for i := 0; i+1 < len(headers); i += 2 {
		header.Set(headers[i], headers[i+1])
	}
	all := providers()
	from := all[slices.IndexFunc(all, func(p provider) bool { return p.name == name })]
	for _, s := range samples(f) {
		f.Add([]byte(s.body))
	}
	f.Fuzz(func(t *testing.T, body []byte) { checkParse(t, from, header, body) })
}

func FuzzGitHub(f *testing.F)    { fuzzParser(f, "GitHub", "X-GitHub-Event", "push") }
func FuzzGHCR(f *testing.F)      { fuzzParser(f, "GitHub", "X-GitHub-Event", "package") }
func FuzzGitLab(f *testing.F)    { fuzzParser(f, "GitLab", "X-Gitlab-Event", "System Hook") }
func FuzzBitbucket(f *testing.F) { fuzzParser(f, "Bitbucket", "X-Event-Key", "repo:push") }
func FuzzBitbucketServer(f *testing.F) {
	fuzzParser(f, "Bitbucket Server", "X-Event-Key", "repo:refs_changed")
}
func FuzzGogs(f *testing.F)   { fuzzParser(f, "Gogs", "X-Gogs-Event", "push") }
func FuzzAzure(f *testing.F)  { fuzzParser(f, "Azure DevOps") }
func FuzzHarbor(f *testing.F) { fuzzParser(f, "Harbor") }

// FuzzUnproven: where all secrets are configured, no request without one of them is
// handed on, and none gets more of an answer than that.
func FuzzUnproven(f *testing.F) {
	for _, s := range samples(f) {
		names := slices.Sorted(maps.Keys(s.header))
		var text strings.Builder
		for _, name := range names {
			fmt.Fprintf(&text, "%s: %s\n", name, s.header.Get(name))
		}
		f.Add(text.String(), s.body)
	}
	all := settings.Webhooks{
		GitHub: "7f3a-1", GitLab: "7f3a-2", BitbucketUUID: "7f3a-3", BitbucketServer: "7f3a-4", Gogs: "7f3a-5", Harbor: "7f3a-6",
		AzureUsername: "7f3a-7", AzurePassword: "7f3a-8", MaxPayload: 1 << 20,
	}
	f.Fuzz(func(t *testing.T, headers, body string) {
		header := http.Header{}
		for line := range strings.Lines(headers) {
			if name, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": "); ok {
				header.Set(name, value)
			}
		}
		if strings.Contains(headers, "7f3a-") {
			t.Skip("it knows a secret")
		}
		d := &desk{secrets: all}
		got := send(t, New(d, quiet()), header, body)
		if len(d.pushes) > 0 || !strings.HasPrefix(got, "401 ") && !strings.HasPrefix(got, "400 no header says") {
			t.Errorf("%s, %d pushes", got, len(d.pushes))
		}
	})
}

func FuzzAddress(f *testing.F) {
	for _, s := range []string{"https://github.com/team/apps", "git@github.com:team/apps.git", "[::1]:80/x", "a@b@c:1/2", "[", "://", ":@/", "%2f%00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		a, ok := parseAddress(raw)
		if !ok {
			return
		}
		if a.host == "" || a.path == "" || strings.ContainsAny(a.host, "/@") {
			t.Errorf("%q: %+v", raw, a)
		}
	})
}

// However an address is written, it is that address, and one that differs in a letter
// is another.
func TestSpellings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		host := rapid.StringMatching(`[a-z]([a-z0-9-]{0,8}[a-z0-9])?(\.[a-z]{1,5}){1,3}`).Draw(t, "host")
		path := rapid.StringMatching(`[a-zA-Z~_+()[\]*.-]([a-z0-9_.+()|*-]{0,8}[a-z0-9])(/[a-z0-9~_-][a-z0-9+]{0,8}){0,3}`).Draw(t, "path")
		event := event{}
		event.about("https://" + host + "/" + path)
		user := rapid.SampledFrom([]string{"", "git@", "ada.b-c@", "ada:p@"}).Draw(t, "user")
		sub := rapid.SampledFrom([]string{"", "ssh.", "altssh."}).Draw(t, "subdomain")
		port := rapid.SampledFrom([]string{"", ":22", ":8443"}).Draw(t, "port")
		git := rapid.SampledFrom([]string{"", ".git", ".git/", "/"}).Draw(t, "end")
		scheme := rapid.SampledFrom([]string{"https://", "http://", "ssh://"}).Draw(t, "scheme")
		ssh, loud := rapid.Bool().Draw(t, "as SSH"), rapid.Bool().Draw(t, "loud")
		spell := func(host string) string {
			spelling := scheme + user + sub + host + port + "/" + path + git
			if ssh {
				spelling = "git@" + sub + host + ":" + path + git
			}
			if loud {
				return strings.ToUpper(spelling)
			}
			return spelling
		}
		if s := spell(host); !event.isAbout(s) {
			t.Errorf("%q is not %+v", s, event.repos)
		}
		for _, other := range []string{strings.Replace(host, ".", "x", 1), "x" + host, "x." + host, host + "x", host + ".x"} {
			if s := spell(other); event.isAbout(s) {
				t.Errorf("%q is %+v", s, event.repos)
			}
		}
	})
}
