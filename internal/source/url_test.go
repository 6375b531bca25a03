package source

import (
	"strings"
	"testing"
)

func TestNormalizeURL(t *testing.T) {
	for _, tc := range []struct {
		reason string
		a, b   string
		want   bool
	}{
		{"case of the host", "https://GITHUB.com/argoproj/test", "https://github.com/argoproj/test.git", true},
		{"case of the path", "https://github.com/FOO", "https://github.com/foo", true},
		{".git in capitals", "https://github.com/TEST.GIT", "https://github.com/test", true},
		{"port", "https://github.com:4443/TEST", "https://github.com:4443/TEST.git", true},
		{"another port", "https://github.com:4443/TEST", "https://github.com/TEST.git", false},
		{"scp and ssh", "git@GITHUB.com:argoproj/test.git", "ssh://git@github.com/argoproj/test", true},
		{"scp without directory", "git@github.com:test.git", "ssh://git@github.com/test", true},
		{"user with an at sign", "john@doe.org@host:project", "ssh://john@doe.org@host/project", true},
		{"another user", "git@github.com:test", "ada@github.com:test", false},
		{"surrounding space", "\thttps://github.com/argoproj/test\n", "https://github.com/argoproj/test.git", true},
		{"https and ssh are two ways in", "https://github.com/a/b", "git@github.com:a/b", false},
		{"schemes", "https://github.com/a/b", "http://github.com/a/b", false},
		{"a trailing slash counts, as in Argo CD", "https://github.com/a/b/", "https://github.com/a/b", false},
		{"longer name", "https://github.com/a/b", "https://github.com/a/bc", false},
		{"what is no URL is equal to itself only", "https://a b:%zz", "https://a b:%zz", true},
	} {
		if a, b := NormalizeURL(tc.a), NormalizeURL(tc.b); (a == b) != tc.want {
			t.Errorf("%s: %q is %q, %q is %q", tc.reason, tc.a, a, tc.b, b)
		}
	}
}

func TestHost(t *testing.T) {
	for url, want := range map[string]string{
		"https://ada:pw@Git.Example.com:8443/x": "git.example.com",
		"git@GitHub.com:a/b":                    "github.com",
		"ssh://git@[::1]:22/a":                  "::1",
		"file:///srv/a.git":                     "",
		"https://github.com@evil.example/a":     "evil.example",
		"Registry.example.com:5000/a/b":         "registry.example.com",
		"nonsense %zz":                          "",
	} {
		if got := Host(url); got != want {
			t.Errorf("Host(%q) = %q, want %q", url, got, want)
		}
	}
}

func TestRedactURL(t *testing.T) {
	for url, want := range map[string]string{
		"https://ada:hunter2@example.com/a.git":     "https://example.com/a.git",
		"https://ada:hun@ter2@example.com/a.git":    "https://example.com/a.git",
		"https://token@example.com/a.git?sig=x#y":   "https://example.com/a.git",
		"ssh://git@example.com/a.git":               "ssh://git@example.com/a.git",
		"ssh://git:pw@example.com/a.git":            "ssh://example.com/a.git",
		"git@example.com:a.git":                     "git@example.com:a.git",
		"https://ada:%zz@example.com/not-a-url":     "https://example.com/not-a-url",
		"https://example.com/path@with:at/a":        "https://example.com/path@with:at/a",
		"https://ada:hunter#2@example.com/a":        "https://example.com/a",
		"https://ada:hunter?2@example.com/a":        "https://example.com/a",
		"https://ada:hunter/2@example.com/a":        "https://example.com/a",
		"ada:hunter2@example.com/a":                 "example.com/a",
		"oci://user:pw@registry.example.com/charts": "oci://registry.example.com/charts",
	} {
		if got := RedactURL(url); got != want {
			t.Errorf("RedactURL(%q) = %q, want %q", url, got, want)
		}
	}
}

func FuzzNormalizeURL(f *testing.F) {
	for _, s := range []string{"https://github.com/A/b.git", "git@github.com:a/b.git", "ssh://git@h:22/a", "", "a@b@c:d", "https://h/%2e%2e/", "ssh://ssh://x", "0.git.git"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n := NormalizeURL(s)
		if strings.TrimSpace(s) != "" && NormalizeURL(strings.TrimSpace(s)) != n && n != s {
			t.Errorf("%q is not the same as itself without spaces", s)
		}
		if n == "" && s != "" {
			t.Errorf("%q became nothing", s)
		}
		Host(s)
		if r := RedactURL(s); RedactURL(r) != r && !strings.Contains(s, "@") {
			t.Errorf("redacting %q twice: %q then %q", s, r, RedactURL(r))
		}
	})
}
