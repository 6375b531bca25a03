package filter

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/resource"
)

func TestFilters(t *testing.T) {
	ui := resource.Key{Group: "apps", Kind: "Deployment", Namespace: "web", Name: "ui"}
	role := resource.Key{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole", Name: "system:ui"}
	service := resource.Key{Kind: "Service", Namespace: "web", Name: "ui"}
	for _, tc := range []struct {
		reason string
		words  []string
		key    resource.Key
		want   bool
	}{
		{"no filter keeps all", nil, ui, true},
		{"by name", []string{"apps:Deployment:ui"}, ui, true},
		{"by namespace and name", []string{"apps:Deployment:web/ui"}, ui, true},
		{"another namespace", []string{"apps:Deployment:other/ui"}, ui, false},
		{"an empty group is the core group", []string{":Service:ui"}, service, true},
		{"an empty group is no other group", []string{":Deployment:ui"}, ui, false},
		{"stars", []string{"*:*:*"}, ui, true},
		{"a star as namespace", []string{"*:Service:*/ui"}, service, true},
		{"names with colons", []string{"*:ClusterRole:system:ui"}, role, true},
		{"only an exclusion keeps the rest", []string{"!*:Service:*"}, ui, true},
		{"an exclusion", []string{"!*:Service:*"}, service, false},
		{"an exclusion wins over an inclusion", []string{"*:*:ui", "!:Service:ui"}, service, false},
		{"one inclusion is enough", []string{"x:Y:z", "apps:Deployment:ui"}, ui, true},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			fs, err := Parse(tc.words)
			if err != nil {
				t.Fatal(err)
			}
			if got := fs.Keep(tc.key); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestBadFilters(t *testing.T) {
	for _, word := range []string{"", "Deployment/ui", "apps:Deployment", "apps::ui", "apps:Deployment:", "apps:Deployment:a/b/c", "apps:Deployment:/ui", "apps:Deployment:web/", "!"} {
		if f, err := parse(word); err == nil {
			t.Errorf("%q became %+v", word, f)
		}
	}
}

// TestFilterOfKeyMatches writes a key as a filter: it matches that key, and with
// "!" it excludes it.
func TestFilterOfKeyMatches(t *testing.T) {
	word := rapid.StringMatching(`[a-z][a-z0-9.-]{0,8}`)
	rapid.Check(t, func(t *rapid.T) {
		k := resource.Key{
			Group: rapid.OneOf(word, rapid.Just("")).Draw(t, "group"), Kind: word.Draw(t, "kind"),
			Namespace: rapid.OneOf(word, rapid.Just("")).Draw(t, "namespace"), Name: word.Draw(t, "name"),
		}
		text := k.Group + ":" + k.Kind + ":" + strings.TrimPrefix(k.Namespace+"/"+k.Name, "/")
		f, err := parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if !(Filters{f}).Keep(k) {
			t.Fatalf("%q does not keep %v", text, k)
		}
		not, err := parse("!" + text)
		if err != nil {
			t.Fatal(err)
		}
		if (Filters{f, not}).Keep(k) {
			t.Fatalf("!%q keeps %v", text, k)
		}
	})
}

func FuzzParseFilter(f *testing.F) {
	f.Add("apps:Deployment:web/ui")
	f.Add("!*:*:*")
	f.Fuzz(func(t *testing.T, word string) {
		got, err := parse(word)
		if err == nil && (got.Kind == "" || got.Name == "") {
			t.Fatalf("%q became %+v", word, got)
		}
	})
}
