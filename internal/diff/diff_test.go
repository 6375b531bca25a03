package diff_test

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/jsonobject"
)

// TestPredict reads testdata/predict/*.txtar: desired.yaml, live.yaml, optionally
// ignore (JSON pointers), and want: one line per change, "PATH: DESIRED <- LIVE (MANAGER)", and whether it is unsure.
// What kubectl applied client-side becomes ours.
func TestPredict(t *testing.T) {
	files, err := filepath.Glob("testdata/predict/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			parts := map[string][]byte{}
			for _, f := range a.Files {
				parts[f.Name] = f.Data
			}
			desired, live := object(t, parts["desired.yaml"]), object(t, parts["live.yaml"])
			ignore := strings.Fields(string(parts["ignore"]))
			before := desired.DeepCopy()
			changes := diff.Predict(diff.Without(desired, ignore), diff.Without(live, ignore), v1alpha1.FieldManager, "kubectl-client-side-apply")
			if d := cmp.Diff(strings.TrimSpace(string(parts["want"])), strings.TrimSpace(show(changes, live))); d != "" {
				t.Errorf("%s\n(-want +got)\n%s", strings.TrimSpace(string(a.Comment)), d)
			}
			if d := cmp.Diff(before.Object, desired.Object); d != "" {
				t.Errorf("desired was changed: %s", d)
			}
		})
	}
}

func show(changes []diff.Change, live *unstructured.Unstructured) string {
	var b strings.Builder
	for _, a := range diff.Attribute(changes, live, v1alpha1.FieldManager) {
		unsure := ""
		if a.Unsure {
			unsure = ", unsure"
		}
		fmt.Fprintf(&b, "%s: %s <- %s (%s%s)\n", a.Path, text(a.Desired), text(a.Live), a.Manager, unsure)
	}
	return b.String()
}

func text(v any) string {
	b, _ := json.Marshal(v)
	return string(b)
}

func object(t testing.TB, y []byte) *unstructured.Unstructured {
	t.Helper()
	j, err := yaml.YAMLToJSONStrict(y)
	if err != nil {
		t.Fatal(err)
	}
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(j, &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

// value draws a JSON value.
func value(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 3
		if depth > 0 {
			kinds = 5
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return rapid.StringMatching("[a-z]{0,4}").Draw(t, "s")
		case 1:
			return rapid.Int64Range(-3, 1000).Draw(t, "i")
		case 2:
			return rapid.Bool().Draw(t, "b")
		case 3:
			return fields(depth-1).Draw(t, "m")
		}
		list := rapid.SliceOfN(value(depth-1), 0, 3).Draw(t, "l")
		return list
	})
}

func fields(depth int) *rapid.Generator[map[string]any] {
	return rapid.MapOfN(rapid.StringMatching("[a-z]{1,3}"), value(depth), 0, 4)
}

func TestEqualObjectsDoNotDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &unstructured.Unstructured{Object: map[string]any{"spec": fields(3).Draw(t, "spec")}}
		if c := diff.Predict(o, o.DeepCopy(), v1alpha1.FieldManager); len(c) != 0 {
			t.Fatalf("an object differs from itself: %v", c)
		}
		if c := diff.Compare(o, o.DeepCopy()); len(c) != 0 {
			t.Fatalf("an object compares unequal to itself: %v", c)
		}
		if diff.Hash(o) != diff.Hash(o.DeepCopy()) {
			t.Fatal("equal objects have different hashes")
		}
	})
}

// Whatever the shape of lists, and whoever owns them, a comparison finds nothing if and only
// if there is nothing.
func TestCompareMissesNothing(t *testing.T) {
	list := rapid.SliceOfN(rapid.OneOf(
		rapid.Custom(func(t *rapid.T) any {
			return map[string]any{"k": rapid.SampledFrom([]any{"a", "b", int64(1)}).Draw(t, "k"), "v": rapid.IntRange(0, 1).Draw(t, "v")}
		}),
		rapid.SampledFrom([]any{"a", "b", int64(1), "1", nil, map[string]any{"v": "a"}, []any{"a"}}),
	), 0, 4)
	owned := []any{
		map[string]any{"f:list": map[string]any{}},
		map[string]any{"f:list": map[string]any{`k:{"k":"a"}`: map[string]any{".": map[string]any{}}}},
		map[string]any{"f:list": map[string]any{`v:"a"`: map[string]any{}}},
	}
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) *unstructured.Unstructured {
			return &unstructured.Unstructured{Object: map[string]any{
				"metadata": map[string]any{"managedFields": []any{map[string]any{"manager": "m", "fieldsV1": map[string]any{"f:spec": rapid.SampledFrom(owned).Draw(t, "owned")}}}},
				"spec":     map[string]any{"list": list.Draw(t, name)},
			}}
		}
		outcome, live := draw("outcome"), draw("live")
		changes, equal := diff.Compare(outcome, live), jsonobject.Equal(outcome.Object["spec"], live.Object["spec"])
		if equal != (len(changes) == 0) {
			t.Fatalf("equal: %t, changes: %v", equal, changes)
		}
	})
}

// A field that somebody changes is found, whatever is around it.
func TestAnyChangedFieldDiffers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		desired := &unstructured.Unstructured{Object: map[string]any{"spec": fields(3).Draw(t, "spec")}}
		desired.Object["spec"].(map[string]any)["probe"] = "git"
		live := desired.DeepCopy()
		live.Object["spec"].(map[string]any)["probe"] = "kubectl"
		live.Object["spec"].(map[string]any)["added"] = "by a controller"
		live.Object["status"] = map[string]any{"phase": "whatever"}
		c := diff.Predict(desired, live, v1alpha1.FieldManager)
		if len(c) != 1 || c[0].Path != "/spec/probe" {
			t.Fatalf("changes: %v", c)
		}
	})
}

func FuzzPointers(f *testing.F) {
	for _, s := range []string{"", "/", "/spec/replicas", "/a~1b/0/~0", "//", "/spec/list/-1", "/spec/list/99999999999999999999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, pointer string) {
		o := &unstructured.Unstructured{Object: map[string]any{
			"spec": map[string]any{"list": []any{"x", map[string]any{"": "y"}}, "a/b": []any{int64(1)}},
		}}
		before := o.DeepCopy()
		without := diff.Without(o, []string{pointer})
		if d := cmp.Diff(before.Object, o.Object); d != "" {
			t.Fatalf("Without changed its input: %s", d)
		}
		if again := diff.Without(without, []string{pointer}); again != without && !strings.Contains(pointer, "list/") {
			t.Fatalf("%q is still there", pointer)
		}
	})
}

func BenchmarkPredict(b *testing.B) {
	a, err := txtar.ParseFile("testdata/predict/deployment-in-sync.txtar")
	if err != nil {
		b.Fatal(err)
	}
	desired, live := object(b, a.Files[0].Data), object(b, a.Files[1].Data)
	b.ReportAllocs()
	for b.Loop() {
		if c := diff.Predict(desired, live, v1alpha1.FieldManager); len(c) != 0 {
			b.Fatal(c)
		}
	}
}
