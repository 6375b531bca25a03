package depends_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/depends"
)

// node is an Application of a case. What it does not say is as it should be.
type node struct {
	Needs     string   `json:"needs"`
	Sync      string   `json:"sync"`
	Health    string   `json:"health"`
	Revisions []string `json:"revisions"`
	Desired   []string `json:"desired"`
	Stale     bool     `json:"stale"`
	Syncing   bool     `json:"syncing"`
	Deleting  bool     `json:"deleting"`
}

func (n node) facts(t *testing.T) depends.Facts {
	t.Helper()
	on, err := depends.Parse(n.Needs)
	if err != nil {
		t.Fatal(err)
	}
	f := depends.Facts{
		Sync: v1alpha1.SyncStatusSynced, Health: v1alpha1.HealthStatusHealthy, Revisions: []string{"r1"}, Desired: []string{"r1"},
		Observed: !n.Stale, Syncing: n.Syncing, Deleting: n.Deleting, DependsOn: on,
	}
	if n.Sync != "" {
		f.Sync = v1alpha1.SyncStatusCode(strings.TrimSuffix(n.Sync, "none"))
	}
	if n.Health != "" {
		f.Health = v1alpha1.HealthStatusCode(strings.TrimSuffix(n.Health, "none"))
	}
	if n.Revisions != nil {
		f.Revisions = n.Revisions
	}
	if n.Desired != nil {
		f.Desired = n.Desired
	}
	return f
}

func ref(name string) depends.Ref {
	if namespace, name, ok := strings.Cut(name, "/"); ok {
		return depends.Ref{Namespace: namespace, Name: name}
	}
	return depends.Ref{Namespace: "argocd", Name: name}
}

func graphOf(facts map[depends.Ref]depends.Facts) depends.Graph {
	return func(r depends.Ref) (depends.Facts, bool) { f, ok := facts[r]; return f, ok }
}

func TestCheck(t *testing.T) {
	b, err := os.ReadFile("testdata/check.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Why   string            `json:"why"`
		Graph map[string]node   `json:"graph"`
		Want  map[string]string `json:"want"`
	}
	if err := yaml.UnmarshalStrict(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Why, func(t *testing.T) {
			facts := map[depends.Ref]depends.Facts{}
			for name, n := range c.Graph {
				facts[ref(name)] = n.facts(t)
			}
			got := map[string]string{}
			for name := range c.Want {
				v := depends.Check(ref(name), graphOf(facts))
				got[name] = v.String()
				if v.Ready != (got[name] == "") {
					t.Errorf("%s: ready is %v: %s", name, v.Ready, v)
				}
			}
			if diff := cmp.Diff(c.Want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse(t *testing.T) {
	for value, want := range map[string]string{
		"":                       "",
		" \n":                    "",
		"a":                      "a",
		"a,b":                    "a b",
		" team-a/b ,\n c.d , a ": "team-a/b c.d a",
		"a,b,a":                  "a b",
		"a,,b":                   "!a name is missing before or after a comma",
		"a,":                     "!a name is missing before or after a comma",
		",":                      "!a name is missing before or after a comma",
		"a/b/c":                  `!"a/b/c" is no NAME or NAMESPACE/NAME of an application`,
		"/a":                     `!"/a" is no NAME or NAMESPACE/NAME of an application`,
		"a/":                     `!"a/" is no NAME or NAMESPACE/NAME of an application`,
		"A":                      `!"A" is no NAME or NAMESPACE/NAME of an application`,
		"a b":                    `!"a b" is no NAME or NAMESPACE/NAME of an application`,
		"team.a/b":               `!"team.a/b" is no NAME or NAMESPACE/NAME of an application`,
		"\x1b[2Ja":               `!"\x1b[2Ja" is no NAME or NAMESPACE/NAME of an application`,
		strings.Repeat("x", 999): `!"` + strings.Repeat("x", 80) + `…" is no NAME or NAMESPACE/NAME of an application`,
	} {
		refs, err := depends.Parse(value)
		got := strings.Join(names(refs), " ")
		if err != nil {
			got = "!" + strings.TrimPrefix(err.Error(), "annotation evenkeel.dev/depends-on: ")
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", value, got, want)
		}
	}
}

func names(refs []depends.Ref) []string {
	var out []string
	for _, r := range refs {
		out = append(out, r.String())
	}
	return out
}

func TestParseIsBounded(t *testing.T) {
	var all []string
	for i := range 101 {
		all = append(all, "a"+strings.Repeat("b", i%50)+strings.Repeat("c", i/50))
	}
	if refs, err := depends.Parse(strings.Join(all[:100], ",")); err != nil || len(refs) != 100 {
		t.Errorf("100 applications: %d, %v", len(refs), err)
	}
	if _, err := depends.Parse(strings.Join(all, ",")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("101 applications: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "a", "a,b", "ns/a , b\n", "a,,b", "a/b/c", "-a", "a.b/c", "ns/", strings.Repeat("a,", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		refs, err := depends.Parse(value)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid || refs != nil || len(err.Error()) > 500 {
				t.Fatalf("%v, %v", refs, err)
			}
			return
		}
		again, err := depends.Parse(strings.Join(names(refs), ","))
		if err != nil || !slices.Equal(refs, again) {
			t.Fatalf("%v, read again %v, %v", refs, again, err)
		}
	})
}

func TestOf(t *testing.T) {
	const commit = "0123456789abcdef0123456789abcdef01234567"
	source := &v1alpha1.ApplicationSource{RepoURL: "https://git.example/a", Path: "."}
	app := &v1alpha1.Application{}
	app.Annotations = map[string]string{v1alpha1.AnnotationDependsOn: "b"}
	app.Spec.Source = source
	app.Status.Sync = v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusSynced, Revision: commit, ComparedTo: v1alpha1.ComparedTo{Source: source.DeepCopy()}}
	app.Status.Health.Status = v1alpha1.HealthStatusHealthy
	app.Status.OperationState = &v1alpha1.OperationState{Phase: v1alpha1.OperationSucceeded}

	ready := depends.Facts{
		Sync: v1alpha1.SyncStatusSynced, Health: v1alpha1.HealthStatusHealthy, Observed: true,
		Revisions: []string{commit}, Desired: []string{commit}, DependsOn: []depends.Ref{{Name: "b"}},
	}
	for name, c := range map[string]struct {
		change func(*v1alpha1.Application)
		want   func(*depends.Facts)
	}{
		"ready":                    {func(*v1alpha1.Application) {}, func(*depends.Facts) {}},
		"another path":             {func(a *v1alpha1.Application) { a.Spec.Source.Path = "b" }, func(f *depends.Facts) { f.Observed = false }},
		"another destination":      {func(a *v1alpha1.Application) { a.Spec.Destination.Namespace = "b" }, func(f *depends.Facts) { f.Observed = false }},
		"operation asked for":      {func(a *v1alpha1.Application) { a.Operation = &v1alpha1.Operation{} }, func(f *depends.Facts) { f.Syncing = true }},
		"operation running":        {func(a *v1alpha1.Application) { a.Status.OperationState.Phase = v1alpha1.OperationRunning }, func(f *depends.Facts) { f.Syncing = true }},
		"never synced":             {func(a *v1alpha1.Application) { a.Status.OperationState = nil }, func(*depends.Facts) {}},
		"no revision":              {func(a *v1alpha1.Application) { a.Status.Sync.Revision = "" }, func(f *depends.Facts) { f.Revisions = nil }},
		"being deleted":            {func(a *v1alpha1.Application) { a.DeletionTimestamp = &metav1.Time{} }, func(f *depends.Facts) { f.Deleting = true }},
		"annotation with an error": {func(a *v1alpha1.Application) { a.Annotations[v1alpha1.AnnotationDependsOn] = "," }, func(f *depends.Facts) { f.DependsOn = nil }},
		"several sources": {func(a *v1alpha1.Application) {
			a.Spec.Sources = []v1alpha1.ApplicationSource{*source, *source}
			a.Status.Sync.ComparedTo.Source, a.Status.Sync.ComparedTo.Sources = nil, a.Spec.Sources
			a.Status.Sync.Revisions = []string{"1", "2"}
		}, func(f *depends.Facts) { f.Revisions = []string{"1", "2"} }},
	} {
		a, want := app.DeepCopy(), ready
		c.change(a)
		c.want(&want)
		got, err := depends.Of(a, []string{commit})
		if diff := cmp.Diff(want, got); diff != "" || (err != nil) != (want.DependsOn == nil) {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// drawGraph is a graph of a few Applications, each ready or not, some missing.
func drawGraph(t *rapid.T) map[depends.Ref]depends.Facts {
	all := []string{"a", "b", "c", "d", "e", "team/a", "team/f", "team/g"}
	facts := map[depends.Ref]depends.Facts{}
	for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(all), rapid.ID[string]).Draw(t, "there are") {
		n := depends.Facts{Sync: v1alpha1.SyncStatusSynced, Health: v1alpha1.HealthStatusHealthy, Observed: true, Revisions: []string{"r"}, Desired: []string{"r"}}
		if rapid.IntRange(0, 3).Draw(t, name+" is ready") == 0 {
			n.Health = v1alpha1.HealthStatusProgressing
		}
		for _, on := range rapid.SliceOfN(rapid.SampledFrom(all), 0, 3).Draw(t, name+" depends on") {
			n.DependsOn = append(n.DependsOn, ref(on))
		}
		facts[ref(name)] = n
	}
	return facts
}

// reaches says whether one Application depends on another, directly or not.
func reaches(facts map[depends.Ref]depends.Facts, from, to depends.Ref) bool {
	met := map[depends.Ref]bool{}
	var walk func(depends.Ref) bool
	walk = func(r depends.Ref) bool {
		for _, on := range facts[r].DependsOn {
			if on == to || !met[on] && func() bool { met[on] = true; return walk(on) }() {
				return true
			}
		}
		return false
	}
	return walk(from)
}

func TestReadyIsWhatItMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawGraph(t)
		for app, f := range facts {
			want := !reaches(facts, app, app)
			for _, on := range f.DependsOn {
				other, ok := facts[on]
				want = want && ok && other.Health == v1alpha1.HealthStatusHealthy
			}
			v := depends.Check(app, graphOf(facts))
			if v.Ready != want || (v.String() == "") != want {
				t.Fatalf("%s: ready is %v, want %v: %s", app, v.Ready, want, v)
			}
		}
	})
}

// TestCycles: a cycle is one, holds exactly those that depend on each other, and is
// the same for all of them.
func TestCycles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		facts := drawGraph(t)
		for app := range facts {
			v := depends.Check(app, graphOf(facts))
			for r := range facts {
				in := reaches(facts, app, r) && reaches(facts, r, app)
				if in != slices.Contains(v.Cycle, r) {
					t.Fatalf("%s in the cycle of %s, %s: want %v", r, app, v, in)
				}
				if in && !slices.Equal(v.Cycle, depends.Check(r, graphOf(facts)).Cycle) {
					t.Fatalf("%s says %s, %s says %s", app, v, r, depends.Check(r, graphOf(facts)))
				}
			}
			for i := 1; i < len(v.Cycle); i++ {
				if !slices.Contains(facts[v.Cycle[i-1]].DependsOn, v.Cycle[i]) {
					t.Fatalf("%s: %s does not depend on %s", v, v.Cycle[i-1], v.Cycle[i])
				}
			}
			if n := len(v.Cycle); n > 0 && (n < 2 || v.Cycle[0] != v.Cycle[n-1]) {
				t.Fatalf("%s is not closed", v)
			}
		}
	})
}

// TestRing: a simple cycle has each member once.
func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members := rapid.Permutation([]string{"a", "b", "c", "d", "e", "team/a"}).Draw(t, "ring")[:rapid.IntRange(1, 6).Draw(t, "of")]
		facts := map[depends.Ref]depends.Facts{}
		for i, name := range members {
			facts[ref(name)] = depends.Facts{DependsOn: []depends.Ref{ref(members[(i+1)%len(members)])}}
		}
		if v := depends.Check(ref(members[0]), graphOf(facts)); len(v.Cycle) != len(members)+1 {
			t.Fatalf("%s, a ring of %d", v, len(members))
		}
	})
}

// TestLongChains: what strangers make long takes no stack and no time out of proportion.
func TestLongChains(t *testing.T) {
	facts := map[depends.Ref]depends.Facts{}
	name := func(i int) depends.Ref { return depends.Ref{Namespace: "argocd", Name: strings.Repeat("a", i)} }
	const length = 1000
	for i := range length {
		facts[name(i+1)] = depends.Facts{DependsOn: []depends.Ref{name((i+1)%length + 1)}}
	}
	if v := depends.Check(name(1), graphOf(facts)); len(v.Cycle) != length+1 {
		t.Errorf("a cycle of %d", len(v.Cycle))
	}
}
