package resource

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
)

func TestMasked(t *testing.T) {
	tests := map[string]struct {
		reason   string
		obj      map[string]any
		unmasked bool
		keeps    string
	}{
		"data and stringData": {"every value", map[string]any{"kind": "Secret", "data": map[string]any{"a": "canary"}, "stringData": map[string]any{"b": "canary"}}, false, `"a":`},
		"last-applied":        {"it repeats the values (CVE-2023-40029)", map[string]any{"kind": "Secret", "metadata": map[string]any{"name": "x", "annotations": map[string]any{LastApplied: "canary", "note": "kept"}}}, false, "kept"},
		"data of a sort":      {"a Secret that is none", map[string]any{"kind": "Secret", "data": "canary", "stringData": []any{"canary"}}, false, "Secret"},
		"values of a sort":    {"", map[string]any{"kind": "Secret", "data": map[string]any{"a": []any{"canary"}, "b": map[string]any{"c": "canary"}, "d": nil, "e": int64(5)}}, false, `"d":`},
		"lower case":          {"what was meant is clear", map[string]any{"kind": "secret", "data": map[string]any{"a": "canary"}}, false, "secret"},
		"no data":             {"", map[string]any{"kind": "Secret", "type": "Opaque"}, false, "Opaque"},
		"another group's":     {"an object of another group is shown as it is", map[string]any{"apiVersion": "example.com/v1", "kind": "Secret", "data": map[string]any{"a": "canary"}}, true, "canary"},
		"a ConfigMap":         {"", map[string]any{"kind": "ConfigMap", "data": map[string]any{"a": "canary"}}, true, "canary"},
	}
	for name, tt := range tests {
		if tt.obj["apiVersion"] == nil {
			tt.obj["apiVersion"] = "v1"
		}
		obj := &unstructured.Unstructured{Object: tt.obj}
		before := obj.DeepCopy()
		out := Masked(obj)
		text, err := json.Marshal(out.Object)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "canary") != tt.unmasked || !strings.Contains(string(text), tt.keeps) {
			t.Errorf("%s: %s: got %s", name, tt.reason, text)
		}
		if diff := cmp.Diff(before, obj); diff != "" {
			t.Errorf("%s: Masked changed its input:\n%s", name, diff)
		}
	}
	if Masked(nil) != nil {
		t.Error("nothing became something")
	}
}

// TestSensitiveAnnotations: they are masked in objects of every kind, with the annotation
// that repeats them; equal values have equal marks.
func TestSensitiveAnnotations(t *testing.T) {
	obj := func(kind string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": map[string]any{"annotations": map[string]any{
			"token": "canary", "copy": "canary", "note": "kept", LastApplied: "canary", "odd": map[string]any{"x": "canary"},
		}}}}
	}
	for kind, applied := range map[string]bool{"ConfigMap": true, "Secret": false} {
		in := obj(kind)
		out := Masked(in, "token", "copy", "odd", "absent")
		a := rawAnnotations(out)
		if a["token"] != a["copy"] || a["token"] != Mask("canary") || a["note"] != "kept" || a["odd"] == nil {
			t.Errorf("%s: %v", kind, a)
		}
		if v, ok := a[LastApplied]; ok != applied || applied && v != Mask("canary") {
			t.Errorf("%s: last applied is %v", kind, v)
		}
		if diff := cmp.Diff(obj(kind), in); diff != "" {
			t.Errorf("%s: Masked changed its input:\n%s", kind, diff)
		}
	}
	if in := obj("ConfigMap"); Masked(in, "absent") != in || Masked(in) != in {
		t.Error("what has nothing to mask was copied")
	}
}

// TestMaskProperties: a mark tells whether two values are equal, within this
// process, and nothing else.
func TestMaskProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := rapid.StringN(8, 64, -1).Draw(t, "a")
		if first, second := Mask(a), Mask(a); first != second {
			t.Error("one value has two marks")
		}
		if strings.Contains(Mask(a), a) || len(Mask(a)) != len(Mask("")) {
			t.Errorf("%q shows in %s", a, Mask(a))
		}
	})
	marks := map[string]bool{}
	for i := range 100 {
		marks[Mask(strings.Repeat("x", i))] = true
	}
	if len(marks) < 90 {
		t.Errorf("a hundred values have %d marks", len(marks))
	}
}
