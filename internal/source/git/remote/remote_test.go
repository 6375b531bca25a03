package remote

import (
	"net/url"
	"strings"
	"testing"

	"evenkeel.dev/internal/fault"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		reason, raw string
		url         string // empty: refused
	}{
		{"https", "https://git.example.com/a/b.git", "https://git.example.com/a/b.git"},
		{"surrounding space", " https://git.example.com/a ", "https://git.example.com/a"},
		{"user and password do not stay in it", "https://ada:pw@Git.Example.com:8443/a", "https://git.example.com:8443/a"},
		{"an encoded space, as Azure has", "https://dev.azure.com/org/My%20Project/_git/x", "https://dev.azure.com/org/My%20Project/_git/x"},
		{"http", "http://git.example.com/a", "http://git.example.com/a"},
		{"an address of IPv6", "https://[::1]:8080/a", "https://[::1]:8080/a"},
		{"ssh", "ssh://git@git.example.com:2222/a", "ssh://git@git.example.com:2222/a"},
		{"ssh without a user", "ssh://git.example.com/a", "ssh://git.example.com/a"},
		{"scp-like", "git@git.example.com:a/b.git", "git@git.example.com:a/b.git"},
		{"scp-like to an absolute path", "git@[::1]:/srv/a.git", "git@[::1]:/srv/a.git"},
		{"file", "file:///srv/a.git", "file:///srv/a.git"},

		{"nothing", "", ""},
		{"remote helper ext", "ext::sh -c touch% /tmp/x", ""},
		{"remote helper ext without a space", "ext::sh", ""},
		{"remote helper before a URL", "ext::https://git.example.com/a", ""},
		{"remote helper that is a transport", "https::https://git.example.com/a", ""},
		{"remote helper fd", "fd::17", ""},
		{"scp-like remote helper", "a@ext::sh", ""},
		{"option", "--upload-pack=touch /tmp/x", ""},
		{"option as scp", "-oProxyCommand=x@host:path", ""},
		{"host that is an option", "ssh://-oProxyCommand=touch/a", ""},
		{"host that is an option, scp-like", "git@-oProxyCommand=x:a", ""},
		{"user that is an option", "ssh://-oProxyCommand=x@host/a", ""},
		{"path that is an option", "ssh://git@host/-oProxyCommand", ""},
		{"path that is an option, scp-like", "git@host:-x", ""},
		{"host that is an option, https", "https://-x/a", ""},
		{"git's own unauthenticated protocol", "git://git.example.com/a", ""},
		{"ftp", "ftp://git.example.com/a", ""},
		{"ssh with a password", "ssh://git:pw@host/a", ""},
		{"ssh without a path", "ssh://git@host", ""},
		{"no host", "https:///a", ""},
		{"file with a host", "file://host/a", ""},
		{"a path", "/srv/a.git", ""},
		{"a relative path", "../a.git", ""},
		{"a path with an at sign", "../a@b:c", ""},
		{"host:path without a user", "host:path", ""},
		{"new line", "https://git.example.com/a\nb", ""},
		{"encoded new line (CVE-2020-5260)", "https://git.example.com/%0ahost=evil", ""},
		{"encoded new line in the host", "https://git%0a.example.com/a", ""},
		{"NUL", "https://git.example.com/a\x00", ""},
		{"right-to-left override", "https://git.example.com/\u202ea", ""},
		{"query", "https://git.example.com/a?sig=x", ""},
		{"fragment", "https://git.example.com/a#x", ""},
		{"not UTF-8", "https://git.example.com/\xff", ""},
		{"too long", "https://git.example.com/" + strings.Repeat("a", maxURL), ""},
		{"script", "javascript:alert(1)", ""},
	} {
		got, err := Parse(tc.raw)
		if tc.url == "" {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %q is taken for %q, %v", tc.reason, tc.raw, got.URL, err)
			}
			continue
		}
		if err != nil || got.URL != tc.url {
			t.Errorf("%s: %q, %v; want %q", tc.reason, got.URL, err, tc.url)
		}
	}
}

func TestSSH(t *testing.T) {
	for raw, want := range map[string]string{
		"ssh://git@host:2222/a/b.git": "-p 2222 -- git@host /a/b.git", "ssh://host/a": "-- host /a", "git@host:a/b.git": "-- git@host a/b.git",
		"git@[::1]:/srv/a": "-- git@::1 /srv/a", "ssh://git@[::1]:22/a": "-p 22 -- git@::1 /a",
	} {
		r, err := Parse(raw)
		if err != nil {
			t.Fatal(err)
		}
		destination, path := r.SSH()
		if got := strings.Join(append(destination, path), " "); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"https://u:p@h/a", "ssh://git@h:22/a", "git@h:a", "file:///a", "ext::x", "-a", "a@[::1]:b", "HTTPS://H/%2e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := Parse(s)
		if err != nil {
			return
		}
		if strings.HasPrefix(r.URL, "-") || strings.Contains(strings.SplitN(r.URL, "/", 2)[0], "::") && !strings.Contains(r.URL, "[") || unprintable(r.URL) {
			t.Errorf("%q is let through as %q", s, r.URL)
		}
		switch r.Scheme {
		case "http", "https", "file":
			u, err := url.Parse(r.URL)
			if err != nil || u.User != nil || u.Scheme != r.Scheme {
				t.Errorf("%q is let through as %q", s, r.URL)
			}
		case "ssh":
		default:
			t.Errorf("%q has the transport %q", s, r.Scheme)
		}
		again, err := Parse(r.URL)
		if err != nil || again.URL != r.URL {
			t.Errorf("%q becomes %q and then %q, %v", s, r.URL, again.URL, err)
		}
	})
}
