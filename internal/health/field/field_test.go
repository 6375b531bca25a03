package field

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func TestReaders(t *testing.T) {
	o := Object{
		"int": int64(3), "float": 2.9, "plain": 4, "text": "a", "yes": true, "null": nil,
		"list": []any{map[string]any{"n": "1"}, "no object", nil, map[string]any{"n": "2"}},
		"deep": map[string]any{"er": map[string]any{"text": "b"}},
	}
	var names []string
	for e := range o.Each("list") {
		names = append(names, e.Text("n"))
	}
	holder, name := o.At("deep.er.text")
	lost, lostName := o.At("text.er.nothing")
	got := []any{
		o.Number("int"), o.Number("float"), o.Number("plain"), o.Number("text"), o.Number("none"),
		o.Text("text"), o.Text("int"), o.Flag("yes"), o.Flag("text"), len(o.List("list")), len(o.List("deep")),
		o.Has("null"), o.Has("int"), o.Object("text") == nil, names, holder.Text(name), lost.Has(lostName),
	}
	want := []any{
		int64(3), int64(2), int64(4), int64(0), int64(0),
		"a", "", true, false, 4, 0,
		false, true, true,
		[]string{"1", "2"},
		"b", false,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for range o.Each("list") {
		break
	}
}

func TestNothing(t *testing.T) {
	obj := &unstructured.Unstructured{}
	if Spec(obj) != nil || Status(obj) != nil || Generation(obj) != 0 || Annotation(obj, "a") != "" || Status(obj).Condition("Ready") != nil {
		t.Error("an empty object has something")
	}
	var none Object
	if slices.Collect(none.Each("x")) != nil || none.Object("x").Object("y").Text("z") != "" {
		t.Error("nothing has something")
	}
}

func TestScalar(t *testing.T) {
	for _, tt := range []struct {
		v    any
		want string
		ok   bool
	}{
		{"", "", true},
		{"a", "a", true},
		{true, "true", true},
		{int64(-3), "-3", true},
		{2.5, "2.5", true},
		{3.0, "3", true},
		{nil, "", false},
		{[]any{"a"}, "", false},
		{map[string]any{}, "", false},
	} {
		if got, ok := Scalar(tt.v); got != tt.want || ok != tt.ok {
			t.Errorf("Scalar(%v): got %q, %v", tt.v, got, ok)
		}
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		condition Object
		want      string
	}{
		{Object{"type": "Ready", "status": "False", "reason": "Failed", "message": "no such image"}, "Failed: no such image"},
		{Object{"type": "Ready", "status": "False", "reason": "Failed", "message": "Failed: no such image"}, "Failed: no such image"},
		{Object{"type": "Ready", "status": "True", "reason": "Ready", "message": "Ready"}, "Ready"},
		{Object{"type": "Ready", "status": "False", "reason": "Failed"}, "Ready is False: Failed"},
		{Object{"type": "Ready", "status": "False", "message": "no such image"}, "Ready is False: no such image"},
		{Object{"type": "Ready", "status": "Unknown"}, "Ready is Unknown"},
	} {
		if got := Words(tt.condition); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
