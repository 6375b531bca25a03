package claim_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
)

// rules are those of JSON pointers, about everything; nil without any.
func rules(t testing.TB, pointers ...string) *diff.Rules {
	t.Helper()
	if len(pointers) == 0 {
		return nil
	}
	set, problems := diff.CompileRules([]v1alpha1.ResourceIgnoreDifferences{{Group: "*", Kind: "*", JSONPointers: pointers}}, diff.RuleOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return diff.RulesFor(resource.Key{}, set)
}

// A Set is what the last Put of each Application says, whoever came before.
func TestSet(t *testing.T) {
	apps := []string{"a", "b", "c"}
	names := []string{"x", "y", "z"}
	key := func(name string) resource.Key { return resource.Key{Kind: "ConfigMap", Name: name} }
	rapid.Check(t, func(t *rapid.T) {
		set := claim.NewSet()
		model := map[string]map[string]*claim.Claim{}
		for n := range rapid.IntRange(1, 12).Draw(t, "puts") {
			app := rapid.SampledFrom(apps).Draw(t, "app")
			next := map[string]*claim.Claim{}
			var list []*claim.Claim
			for _, name := range rapid.SliceOfDistinct(rapid.SampledFrom(names), rapid.ID[string]).Draw(t, "objects") {
				next[name] = claim.New(app, desired.Object{Key: key(name), Wave: rapid.IntRange(-1, 1).Draw(t, "wave"), JSON: fmt.Append(nil, n)}, nil, false)
				list = append(list, next[name])
			}
			var affected []string
			for _, other := range apps {
				for name := range model[other] {
					if other != app && (model[app][name] != nil || next[name] != nil) {
						affected = append(affected, other)
						break
					}
				}
			}
			model[app] = next
			if d := gocmp.Diff(affected, set.Put(app, list)); d != "" {
				t.Fatalf("affected (-want +got)\n%s", d)
			}
			for _, name := range names {
				compareWith(t, set, model, name)
			}
			checkAll(t, set.All(app), next)
		}
	})
}

// compareWith checks what a Set says of one object: who claims it, and whose claim it
// is judged by: the tracking Application's, else the first by name.
func compareWith(t *rapid.T, set *claim.Set, model map[string]map[string]*claim.Claim, name string) {
	key := resource.Key{Kind: "ConfigMap", Name: name}
	var first *claim.Claim
	for _, app := range []string{"a", "b", "c"} {
		x := model[app][name]
		if first == nil {
			first = x
		}
		if set.By(app, key) != x {
			t.Fatalf("%s's claim on %s is another", app, name)
		}
		var rivals []string
		for _, other := range []string{"a", "b", "c"} {
			if other != app && model[other][name] != nil {
				rivals = append(rivals, other)
			}
		}
		if d := gocmp.Diff(rivals, set.Rivals(key, app)); d != "" {
			t.Fatalf("rivals of %s (-want +got)\n%s", app, d)
		}
	}
	for _, tracked := range []string{"", "a", "b", "c", "gone"} {
		want := first
		if x := model[tracked][name]; x != nil {
			want = x
		}
		if got := set.Of(key, tracked); got != want {
			t.Fatalf("%s, tracked by %q, is judged by %+v", name, tracked, got)
		}
	}
}

func checkAll(t *rapid.T, all []*claim.Claim, want map[string]*claim.Claim) {
	sorted := slices.IsSortedFunc(all, func(a, b *claim.Claim) int {
		return cmp.Or(cmp.Compare(a.Object.Wave, b.Object.Wave), a.Object.Key.Compare(b.Object.Key))
	})
	if !sorted || len(all) != len(want) {
		t.Fatalf("all: %v of %v", all, want)
	}
}

// The hash tells apart all that a comparison depends on.
func TestHash(t *testing.T) {
	hash := func(body string, ignored ...string) uint64 {
		return claim.New("a", desired.Object{JSON: []byte(body)}, rules(t, ignored...), false).Hash
	}
	seen := map[uint64]string{}
	for _, x := range []struct {
		body    string
		ignored []string
	}{
		{"{}", nil}, {"{ }", nil}, {"{}", []string{"/a"}}, {"{}", []string{"/a/b"}}, {"{}", []string{"/a", "/b"}}, {"{}", []string{"/b", "/a"}}, {"{}/a", nil},
	} {
		h := hash(x.body, x.ignored...)
		text := fmt.Sprint(x.body, x.ignored)
		if other, ok := seen[h]; ok || h == 0 {
			t.Errorf("%s and %s have one hash", text, other)
		}
		seen[h] = text
	}
	if first, second := hash("{}", "/a"), hash("{}", "/a"); first != second {
		t.Error("one thing has two hashes")
	}
}

func TestToApply(t *testing.T) {
	live := body(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: live, b: live}")
	for _, c := range []struct {
		why     string
		ignored []string
		respect bool
		want    string
	}{
		{"as desired", nil, true, "want"},
		{"ignored, and applied all the same", []string{"/data/a"}, false, "want"},
		{"ignored fields are respected", []string{"/data/a"}, true, "live"},
	} {
		x := claim.New("a", desired.Object{JSON: []byte(`{"apiVersion":"v1","data":{"a":"want"},"kind":"ConfigMap","metadata":{"name":"x"}}`)}, rules(t, c.ignored...), c.respect)
		b, err := x.ToApply(live, false)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Data map[string]string `json:"data"`
		}
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(map[string]string{"a": c.want}, got.Data); d != "" {
			t.Errorf("%s (-want +got)\n%s", c.why, d)
		}
		if b, err := x.ToApply(nil, false); err != nil || !strings.Contains(string(b), "want") {
			t.Errorf("%s, nothing live: %s, %v", c.why, b, err)
		}
	}
}
