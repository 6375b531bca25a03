package diff_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
)

// TestWrongRules: what is wrong with a rule is told, and the rest of it is in force.
func TestWrongRules(t *testing.T) {
	set, problems := diff.CompileRules([]v1alpha1.ResourceIgnoreDifferences{
		{Kind: "[", JSONPointers: []string{"/data"}},
		{Group: strings.Repeat("a", 300), Kind: "*"},
		{Kind: "ConfigMap", JSONPointers: []string{"data", "/data/a"}, JQPathExpressions: []string{".[", "env", ".data.b"}},
	}, diff.RuleOptions{})
	if len(problems) != 5 {
		t.Errorf("problems: %v", problems)
	}
	rules := diff.RulesFor(resource.Key{Kind: "ConfigMap", Name: "c"}, set, nil)
	obj := func(v string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"data": map[string]any{"a": v, "b": v}}}
	}
	d, l, failed := rules.Apply(obj("1"), obj("2"))
	if c := diff.Predict(d, l, v1alpha1.FieldManager); len(c) != 0 || len(failed) != 0 {
		t.Errorf("the rest is not in force: %v %v", c, failed)
	}
	if _, problems := diff.CompileKnown([]diff.KnownType{{Kind: "X", Field: "a", Type: "core/v1/Nonsense"}, {Kind: "[", Field: "a", Type: "core/Quantity"}}); len(problems) != 2 {
		t.Errorf("known types: %v", problems)
	}
	if r := diff.RulesFor(resource.Key{Kind: "Secret"}, set); r != nil || r.Digest() != 0 {
		t.Error("there are rules about an object that none is about")
	}
}

// TestDigest: rules that differ in anything have another digest.
func TestDigest(t *testing.T) {
	seen := map[uint64]int{}
	for i, r := range []v1alpha1.ResourceIgnoreDifferences{
		{Kind: "X", JSONPointers: []string{"/a"}},
		{Kind: "X", JSONPointers: []string{"/a", "/b"}},
		{Kind: "X", JSONPointers: []string{"/b", "/a"}},
		{Kind: "X", JQPathExpressions: []string{".a"}},
		{Kind: "X", ManagedFieldsManagers: []string{"a"}},
		{Kind: "*", JSONPointers: []string{"/a"}},
	} {
		set, _ := diff.CompileRules([]v1alpha1.ResourceIgnoreDifferences{r}, diff.RuleOptions{})
		digest := diff.RulesFor(resource.Key{Kind: "X"}, set).Digest()
		if other, ok := seen[digest]; ok || digest == 0 {
			t.Errorf("rules %d and %d have one digest", i, other)
		}
		seen[digest] = i
	}
}

// TestRulesChangeNothing: whatever the objects are, applying and respecting rules leaves
// them as they were, never adds a difference to an object and itself, and what is sent
// of an object that is as desired is not more than it.
func TestRulesChangeNothing(t *testing.T) {
	set, problems := diff.CompileRules([]v1alpha1.ResourceIgnoreDifferences{{
		Group: "*", Kind: "*", JSONPointers: []string{"/spec/a", "/spec/b/0", "/spec/c/d"},
		JQPathExpressions: []string{".spec[]?[0]?", `.. | objects | select(has("x")).x`}, ManagedFieldsManagers: []string{"m"},
	}}, diff.RuleOptions{})
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	rules := diff.RulesFor(resource.Key{Kind: "X"}, set, diff.AutoscaledReplicas())
	rapid.Check(t, func(t *rapid.T) {
		desired := &unstructured.Unstructured{Object: map[string]any{"spec": fields(3).Draw(t, "desired")}}
		live := &unstructured.Unstructured{Object: map[string]any{"spec": fields(3).Draw(t, "live")}}
		before := []map[string]any{desired.DeepCopy().Object, live.DeepCopy().Object}
		rules.Apply(desired, live)
		rules.Live(live)
		for _, whole := range []bool{true, false} {
			rules.Respect(desired, live, whole)
			rules.LeaveReplicas(desired, live, whole)
		}
		if d := cmp.Diff(before, []map[string]any{desired.Object, live.Object}); d != "" {
			t.Fatalf("an input was changed: %s", d)
		}
		d, l, _ := rules.Apply(live, live.DeepCopy())
		if c := diff.Predict(d, l, v1alpha1.FieldManager); len(c) != 0 {
			t.Fatalf("an object differs from itself: %v", c)
		}
	})
}
