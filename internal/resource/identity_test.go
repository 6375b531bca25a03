package resource

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheckKind(t *testing.T) {
	for _, good := range []string{"ConfigMap", "configmap", "K8sThing", "Dash-Kind", "A"} {
		if problem := CheckKind(good); problem != "" {
			t.Errorf("%s: %s", good, problem)
		}
	}
	for _, bad := range []string{"", "Config/Map", "Config:Map", "Config Map", "1Kind", "Künd", "a\nb", "a\x1b[0m", strings.Repeat("a", 64), "Kind-"} {
		if problem := CheckKind(bad); problem == "" || len(problem) > 200 || strings.ContainsAny(problem, "\n\x1b") {
			t.Errorf("%q: %q", bad, problem)
		}
	}
}

func TestCheckAPIVersion(t *testing.T) {
	for _, good := range []string{"v1", "apps/v1", "v1alpha1", "example.com/v1beta2", "a.b.c/d"} {
		if problem := CheckAPIVersion(good); problem != "" {
			t.Errorf("%s: %s", good, problem)
		}
	}
	for bad, want := range map[string]string{
		"": "neither", "/": "neither", "/v1": "neither", "apps/": "neither", "a/b/c": "neither", "v1 ": "version", "V1": "version", "1": "version",
		"../v1": "group", "Apps/v1": "group", "a b/v1": "group", "a:b/v1": "group", "a/v1\x00": "version", strings.Repeat("a.", 200) + "a/v1": "group",
	} {
		if problem := CheckAPIVersion(bad); !strings.Contains(problem, want) || len(problem) > 220 || strings.ContainsAny(problem, "\x00\n") {
			t.Errorf("%q: %q, want something about %s", bad, problem, want)
		}
	}
}

func TestCheckName(t *testing.T) {
	for _, good := range []string{"web", "system:node", "a b", "Upper", "ünï", "a.b", "...", strings.Repeat("a", 253)} {
		if problem := CheckName(good); problem != "" {
			t.Errorf("%q: %s", good, problem)
		}
	}
	for _, bad := range []string{".", "..", "a/b", "a%b", "a\nb", "a\x1b[31m", "a\x7f", "a\xffb", strings.Repeat("a", 254)} {
		if problem := CheckName(bad); problem == "" || strings.ContainsAny(problem, "\n\x1b\x7f") || !utf8.ValidString(problem) {
			t.Errorf("%q: %q", bad, problem)
		}
	}
}

func TestShown(t *testing.T) {
	for in, want := range map[string]string{
		"a":                      `"a"`,
		"a\"\n\x1b":              `"a\"\n\x1b"`,
		"\u202ea":                `"\u202ea"`,
		strings.Repeat("ü", 100): `"` + strings.Repeat("ü", 40) + `…"`,
	} {
		if got := Shown(in); got != want {
			t.Errorf("%q: got %s", in, got)
		}
	}
}
