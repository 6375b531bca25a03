package project

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// fixture is one file of testdata: a project and what it answers.
type fixture struct {
	Spec   v1alpha1.AppProjectSpec `json:"spec"`
	Checks []struct {
		Reason      string                           `json:"reason"`
		Source      *string                          `json:"source"`
		Destination *v1alpha1.ApplicationDestination `json:"destination"`
		Object      *Object                          `json:"object"`
		// Namespace is that of an Application; the control namespace is argocd.
		Namespace *string `json:"namespace"`
		// Orphan is a loose object, Counts whether it is an orphan.
		Orphan *Object `json:"orphan"`
		Counts bool    `json:"counts"`
		// Want is the refusal; empty means permitted.
		Want string `json:"want"`
	} `json:"checks"`
}

func TestChecks(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := yaml.UnmarshalStrict(b, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p := &v1alpha1.AppProject{Spec: f.Spec}
		p.Name = strings.TrimSuffix(filepath.Base(file), ".yaml")
		rules := New(p)
		for i, c := range f.Checks {
			var err error
			switch {
			case c.Source != nil:
				err = rules.CheckSource(*c.Source)
			case c.Object != nil:
				err = rules.CheckObject(*c.Object, v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer})
			case c.Destination != nil:
				err = rules.CheckDestination(*c.Destination)
			case c.Orphan != nil:
				if got := rules.Orphan(*c.Orphan, v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer}); got != c.Counts {
					t.Errorf("%s: check %d: %s: an orphan: %v", file, i, c.Reason, got)
				}
				continue
			case c.Namespace != nil:
				err = rules.CheckNamespace(*c.Namespace, "argocd")
			default:
				t.Fatalf("%s: check %d checks nothing", file, i)
			}
			got := ""
			if err != nil {
				got = strings.TrimPrefix(err.Error(), `project "`+p.Name+`": `)
				if fault.KindOf(err) != fault.Denied {
					t.Errorf("%s: check %d: a refusal of kind %s", file, i, fault.KindOf(err))
				}
			}
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("%s: check %d (%s) (-want +got):\n%s", file, i, c.Reason, diff)
			}
		}
	}
}

func TestDefaultPermitsEverything(t *testing.T) {
	rules := New(&v1alpha1.AppProject{Spec: Default()})
	for _, err := range []error{
		rules.CheckSource("https://example.com/a/b/c.git"),
		rules.CheckSource("git@example.com:a/b"),
		rules.CheckDestination(v1alpha1.ApplicationDestination{Server: "https://1.2.3.4", Namespace: "kube-system"}),
		rules.CheckObject(Object{Kind: schema.GroupKind{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}, Name: "x"}, v1alpha1.ApplicationDestination{}),
		rules.CheckObject(Object{Kind: schema.GroupKind{Kind: "Secret"}, Name: "x", Namespace: "y"}, v1alpha1.ApplicationDestination{Name: v1alpha1.InClusterName}),
		rules.CheckNamespace("argocd", "argocd"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestZeroRules(t *testing.T) {
	r := &Rules{}
	for _, err := range []error{
		r.CheckSource("https://example.com/a"),
		r.CheckDestination(v1alpha1.ApplicationDestination{Name: v1alpha1.InClusterName}),
		r.CheckObject(Object{Kind: schema.GroupKind{Kind: "Namespace"}, Name: "x"}, v1alpha1.ApplicationDestination{}),
		r.CheckNamespace("other", "argocd"),
	} {
		if fault.KindOf(err) != fault.Denied {
			t.Errorf("not denied: %v", err)
		}
	}
}

// TestDenialWins: whatever else a project permits, what a "!" names stays denied.
func TestDenialWins(t *testing.T) {
	word := rapid.StringMatching(`[a-z]{1,4}`)
	rapid.Check(t, func(t *rapid.T) {
		ns, repo := word.Draw(t, "namespace"), "https://example.com/"+word.Draw(t, "repo")
		spec := Default()
		deny := v1alpha1.ApplicationDestination{Namespace: "!" + ns}
		if rapid.Bool().Draw(t, "by name") {
			deny.Name = "*"
		} else {
			deny.Server = "*"
		}
		at := rapid.IntRange(0, 1).Draw(t, "at")
		spec.Destinations = insert(spec.Destinations, at, deny)
		spec.SourceRepos = insert(spec.SourceRepos, at, "!"+repo)
		r := New(&v1alpha1.AppProject{Spec: spec})
		if r.CheckDestination(v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer, Namespace: ns}) == nil {
			t.Errorf("namespace %s is permitted", ns)
		}
		if r.CheckSource(repo+".git") == nil {
			t.Errorf("repository %s is permitted", repo)
		}
	})
}

func insert[T any](list []T, at int, v T) []T {
	return append(append(append([]T{}, list[:at]...), v), list[at:]...)
}

// FuzzPatterns: no pattern and no value makes a check panic.
func FuzzPatterns(f *testing.F) {
	f.Add("!*", "x")
	f.Add("/(/", "a")
	f.Add("{a,[b", "git@h:x/y.git")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		if len(pattern) > 64 || len(value) > 64 {
			t.Skip()
		}
		p := &v1alpha1.AppProject{Spec: v1alpha1.AppProjectSpec{
			SourceRepos:      []string{pattern},
			SourceNamespaces: []string{pattern},
			Destinations:     []v1alpha1.ApplicationDestination{{Server: pattern, Name: pattern, Namespace: pattern}},
		}}
		r := New(p)
		_ = r.CheckSource(value)
		_ = r.CheckNamespace(value, "argocd")
		_ = r.CheckDestination(v1alpha1.ApplicationDestination{Server: value, Namespace: value})
	})
}
