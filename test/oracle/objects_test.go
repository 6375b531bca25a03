package oracle_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	kubeyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// decode reads a program's output as Argo CD does (kube.SplitYAML, and what
// GenerateManifests does with lists).
func decode(data []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := kubeyaml.NewYAMLOrJSONDecoder(bytes.NewReader(data), 4096)
	for {
		var raw runtime.RawExtension
		if err := decoder.Decode(&raw); errors.Is(err, io.EOF) {
			return objects, nil
		} else if err != nil {
			return nil, err
		}
		raw.Raw = bytes.TrimSpace(raw.Raw)
		if len(raw.Raw) == 0 || bytes.Equal(raw.Raw, []byte("null")) {
			continue
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(raw.Raw, object); err != nil {
			return nil, err
		}
		more, err := flattened(object)
		if err != nil {
			return nil, err
		}
		objects = append(objects, more...)
	}
}

func flattened(object *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	if !object.IsList() {
		return []*unstructured.Unstructured{object}, nil
	}
	var items []*unstructured.Unstructured
	err := object.EachListItem(func(item runtime.Object) error {
		one, ok := item.(*unstructured.Unstructured)
		if !ok {
			return fmt.Errorf("an item of a list is %T", item)
		}
		items = append(items, one)
		return nil
	})
	return items, err
}

// differences lists where two renderings differ, one value a line.
func differences(theirs, ours []*unstructured.Unstructured) []string {
	var d differ
	for i := range max(len(theirs), len(ours)) {
		switch {
		case i >= len(ours):
			d.found = append(d.found, title(theirs[i])+": only the program has it")
		case i >= len(theirs):
			d.found = append(d.found, title(ours[i])+": only evenkeel has it")
		case title(theirs[i]) != title(ours[i]):
			d.found = append(d.found, fmt.Sprintf("object %d: program %s, evenkeel %s", i, title(theirs[i]), title(ours[i])))
		default:
			d.value(title(ours[i])+":", theirs[i].Object, ours[i].Object)
		}
	}
	return d.found
}

func title(o *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s %s/%s", o.GetAPIVersion(), o.GetKind(), o.GetNamespace(), o.GetName())
}

type differ struct{ found []string }

func (d *differ) value(at string, theirs, ours any) {
	if reflect.DeepEqual(theirs, ours) {
		return
	}
	a, aMap := theirs.(map[string]any)
	b, bMap := ours.(map[string]any)
	if aMap && bMap {
		keys := slices.Sorted(maps.Keys(a))
		for k := range b {
			if _, both := a[k]; !both {
				keys = append(keys, k)
			}
		}
		slices.Sort(keys)
		for _, k := range keys {
			d.value(at+" "+k, field(a, k), field(b, k))
		}
		return
	}
	x, xList := theirs.([]any)
	y, yList := ours.([]any)
	if xList && yList && len(x) == len(y) {
		for i := range x {
			d.value(fmt.Sprintf("%s %d", at, i), x[i], y[i])
		}
		return
	}
	d.found = append(d.found, fmt.Sprintf("%s: program %s, evenkeel %s", at, spell(theirs), spell(ours)))
}

// absent stands for a value that is not there, which is not null.
type absent struct{}

func field(m map[string]any, key string) any {
	if v, ok := m[key]; ok {
		return v
	}
	return absent{}
}

func spell(v any) string {
	if _, none := v.(absent); none {
		return "nothing"
	}
	return fmt.Sprintf("%T %#v", v, v)
}

// TestDifferences: an oracle that sees no difference would let everything pass.
func TestDifferences(t *testing.T) {
	t.Parallel()
	read := func(text string) []*unstructured.Unstructured {
		objects, err := decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return objects
	}
	const a = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: 1, w: null, l: [1, {z: 1}]}}"
	const b = "{apiVersion: v1, kind: Secret, metadata: {name: b}}"
	for _, c := range []struct {
		why, theirs, ours string
		want              []string
	}{
		{"equal", a + "\n---\n---\n" + b, a + "\n---\n" + b, nil},
		{"a list is what is in it", "{apiVersion: v1, kind: List, items: [" + a + "," + b + "]}", a + "\n---\n" + b, nil},
		{"order", a + "\n---\n" + b, b + "\n---\n" + a, []string{
			"object 0: program v1 ConfigMap /a, evenkeel v1 Secret /b", "object 1: program v1 Secret /b, evenkeel v1 ConfigMap /a",
		}},
		{"one less", a + "\n---\n" + b, a, []string{"v1 Secret /b: only the program has it"}},
		{"one more", a, a + "\n---\n" + b, []string{"v1 Secret /b: only evenkeel has it"}},
		{"types and nulls", a, "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}, data: {x: '1', l: [1, {z: 2}]}}", []string{
			"v1 ConfigMap /a: data l 1 z: program int64 1, evenkeel int64 2",
			"v1 ConfigMap /a: data w: program <nil> <nil>, evenkeel nothing",
			`v1 ConfigMap /a: data x: program int64 1, evenkeel string "1"`,
		}},
	} {
		if diff := cmp.Diff(c.want, differences(read(c.theirs), read(c.ours))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}
