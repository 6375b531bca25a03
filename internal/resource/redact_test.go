package resource

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestWithoutCredentials(t *testing.T) {
	for in, want := range map[string]string{
		"https://example.com/a.git":                         "https://example.com/a.git",
		"https://ada:hunter2@example.com/a.git":             "https://example.com/a.git",
		"https://token@example.com/a.git":                   "https://example.com/a.git",
		"https://ada:hun@ter2@example.com/a.git":            "https://example.com/a.git",
		"https://ada:hun/ter2@example.com/a.git":            "https://example.com/a.git",
		"https://ada:hun#ter2@example.com/a.git":            "https://example.com/a.git",
		"https://ada:hun?ter2@example.com/a.git":            "https://example.com/a.git",
		"https://ada:hun@t/er2@example.com/a.git":           "https://example.com/a.git",
		"https://ada:1/hunter2@example.com/a.git":           "https://example.com/a.git",
		"https://ada:@example.com":                          "https://example.com",
		"https://:hunter2@example.com":                      "https://example.com",
		"https://[::1]:8080/a":                              "https://[::1]:8080/a",
		"https://example.com:8443/a":                        "https://example.com:8443/a",
		"https://example.com/path@with:at/a":                "https://example.com/path@with:at/a",
		"ssh://git@example.com:22/a":                        "ssh://example.com:22/a",
		"oci://ada:hunter2@registry.example.com/charts":     "oci://registry.example.com/charts",
		"git@github.com:org/repo.git":                       "git@github.com:org/repo.git",
		"git@github.com:org/repo@v1":                        "git@github.com:org/repo@v1",
		"ada:hunter2@example.com:org/repo":                  "example.com:org/repo",
		"fatal: repository 'https://a:b@x/' and http://c@y": "fatal: repository 'https://x/' and http://y",
		"ext::sh -c x":                                      "ext::sh -c x",
		"file:///a":                                         "file:///a",
		"":                                                  "",
		"no URL: a@b":                                       "no URL: a@b",
	} {
		if got := WithoutCredentials(in); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

// TestNoPasswordIsLeft: whatever password somebody pastes into a URL.
func TestNoPasswordIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		secret := "hunter" + rapid.StringMatching(`[a-zA-Z0-9:/@#?&=%+._~!$-]{0,12}`).Draw(t, "rest") + "2"
		url := rapid.SampledFrom([]string{"https://", "HTTP://", "ssh://", "oci://", "x-y+z://", ""}).Draw(t, "scheme") +
			"ada:" + rapid.SampledFrom([]string{"", "1/", "@", "#", "8080"}).Draw(t, "before") + secret + "@example.com/org/repo.git"
		got := WithoutCredentials(url)
		if strings.Contains(got, "hunter") || !strings.HasSuffix(got, "example.com/org/repo.git") {
			t.Errorf("%s is shown as %s", url, got)
		}
		if WithoutCredentials(got) != got {
			t.Errorf("%s is shown as %s and then as %s", url, got, WithoutCredentials(got))
		}
	})
}
