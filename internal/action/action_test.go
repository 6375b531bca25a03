package action_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/action"
)

// now is when all happens.
func now() time.Time { return time.Date(2026, 11, 26, 10, 11, 12, 0, time.FixedZone("", 3600)) }

// testCase is one of testdata/*.yaml: an object, and what an action makes of it.
type testCase struct {
	Name   string          `json:"name"`
	Object json.RawMessage `json:"object"`
	// Rules are customizations.
	Rules action.Rules `json:"rules"`
	// Actions are those listed, each with what there is to say of it; unset is not looked at.
	Actions []string `json:"actions"`
	// Run is the action that is run, with Params.
	Run    string            `json:"run"`
	Params map[string]string `json:"params"`
	// What comes out: patches, objects, or an error that holds a text.
	Rest   map[string]any   `json:"rest"`
	Status map[string]any   `json:"status"`
	Create []map[string]any `json:"create"`
	Error  string           `json:"error"`
	// Sample is the patch that the action is known by before it is run.
	Sample map[string]any `json:"sample"`
}

func cases(t testing.TB) []testCase {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	var out []testCase
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []testCase
		if err := yaml.UnmarshalStrict(b, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, c := range list {
			c.Name = strings.TrimSuffix(filepath.Base(file), ".yaml") + "/" + c.Name
			out = append(out, c)
		}
	}
	return out
}

// live is the object as the API server's JSON decodes: integers are int64.
func live(t testing.TB, c testCase) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(c.Object, &u.Object); err != nil {
		t.Fatal(err)
	}
	return u
}

func TestActions(t *testing.T) {
	for _, c := range cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			obj := live(t, c)
			before := obj.DeepCopy()
			if c.Actions != nil {
				list, err := c.Rules.List(t.Context(), obj, now())
				if d := cmp.Diff(c.Actions, told(list, err)); d != "" {
					t.Errorf("actions (-want +got):\n%s", d)
				}
			}
			if c.Run != "" {
				tryRun(t, c, obj)
			}
			if c.Sample != nil {
				trySample(t, c, obj)
			}
			if d := cmp.Diff(before, obj); d != "" {
				t.Errorf("the object was changed (-before +after):\n%s", d)
			}
		})
	}
}

// told is a line for each action.
func told(list []action.Action, err error) []string {
	if err != nil {
		return []string{"error: " + err.Error()}
	}
	out := []string{}
	for _, a := range list {
		line := a.Name
		if a.Disabled {
			line += " disabled"
		}
		for _, p := range a.Params {
			line += " " + p.Name + "=" + p.Default
		}
		if a.DisplayName != "" {
			line += " (" + a.DisplayName + ")"
		}
		if a.IconClass != "" {
			line += " [" + a.IconClass + "]"
		}
		out = append(out, line)
	}
	return out
}

func tryRun(t *testing.T, c testCase, obj *unstructured.Unstructured) {
	t.Helper()
	got := testCase{}
	ops, err := c.Rules.Run(t.Context(), obj, c.Run, action.Input{Params: c.Params, Now: now()})
	for _, op := range ops {
		if op.Verb == action.Create {
			got.Create = append(got.Create, op.Object.Object)
			continue
		}
		change, failed := action.ChangeOf(obj, op)
		if err = failed; err != nil {
			break
		}
		got.Rest, got.Status = change.Rest, change.Status
	}
	if c.Error != "" || err != nil {
		if err == nil || c.Error == "" || !strings.Contains(err.Error(), c.Error) {
			t.Errorf("got error %v, want %q", err, c.Error)
		}
		return
	}
	for what, pair := range map[string][2]any{
		"rest": {c.Rest, got.Rest}, "status": {c.Status, got.Status}, "create": {c.Create, got.Create},
	} {
		if d := cmp.Diff(asYAML(t, pair[0]), asYAML(t, pair[1])); d != "" {
			t.Errorf("%s (-want +got):\n%s", what, d)
		}
	}
}

func trySample(t *testing.T, c testCase, obj *unstructured.Unstructured) {
	t.Helper()
	next := c.Rules.Sample(t.Context(), obj, action.Action{Name: c.Run}, now())
	if next == nil {
		t.Fatal("no sample")
	}
	change, err := action.ChangeOf(obj, action.Operation{Verb: action.Patch, Object: next})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(asYAML(t, c.Sample), asYAML(t, change.Rest)); d != "" {
		t.Errorf("sample (-want +got):\n%s", d)
	}
}

// asYAML makes values comparable whatever types their numbers have; nothing and an
// empty object are the same.
func asYAML(t *testing.T, v any) string {
	t.Helper()
	b, err := yaml.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if s := string(b); s != "null\n" && s != "[]\n" {
		return s
	}
	return "{}\n"
}

// Whatever a shipped action does, it can be told as a patch of the object, and it does
// the same to the outcome of a patch.
func TestPatchMakesTheObject(t *testing.T) {
	all := cases(t)
	rapid.Check(t, func(r *rapid.T) {
		c := rapid.SampledFrom(all).Draw(r, "case")
		obj := live(t, c)
		mutate(r, obj.Object)
		list := action.Shipped(obj)
		if len(list) == 0 {
			return
		}
		a := rapid.SampledFrom(list).Draw(r, "action")
		in := action.Input{Now: now(), Params: map[string]string{"replicas": "7", "instance": "any"}}
		ops, ok, err := action.RunShipped(obj, a.Name, in)
		if !ok {
			r.Fatalf("%s is listed and not there", a.Name)
		}
		if err != nil || ops[0].Verb != action.Patch {
			return
		}
		change, err := action.ChangeOf(obj, ops[0])
		if err != nil {
			r.Fatal(err)
		}
		got := merged(merged(obj.Object, change.Rest), change.Status)
		if d := cmp.Diff(withoutNulls(ops[0].Object.Object), withoutNulls(got)); d != "" {
			r.Fatalf("%s (-wanted +patched):\n%s", a.Name, d)
		}
	})
}

// mutate makes fields of an object something else.
func mutate(r *rapid.T, m map[string]any) {
	for _, name := range slices.Sorted(maps.Keys(m)) {
		v := m[name]
		if inner, ok := v.(map[string]any); ok && name == "metadata" {
			mutate(r, inner)
		}
		if slices.Contains([]string{"apiVersion", "kind", "metadata", "name", "namespace"}, name) {
			continue
		}
		switch rapid.IntRange(0, 12).Draw(r, name) {
		case 0:
			delete(m, name)
		case 1:
			m[name] = rapid.SampledFrom([]any{nil, true, int64(3), "text", []any{}, map[string]any{}, []any{map[string]any{"type": "x"}}}).Draw(r, "value")
		default:
			if inner, ok := v.(map[string]any); ok {
				mutate(r, inner)
			}
		}
	}
}

// merged is RFC 7386.
func merged(m, patch map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, m)
	for k, v := range patch {
		inner, isMap := v.(map[string]any)
		switch {
		case v == nil:
			delete(out, k)
		case isMap:
			was, _ := out[k].(map[string]any)
			out[k] = merged(was, inner)
		default:
			out[k] = v
		}
	}
	return out
}

func withoutNulls(v any) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for k, x := range m {
		if x != nil {
			out[k] = withoutNulls(x)
		}
	}
	return out
}

// A script that never ends is that action's error.
func TestEndlessScript(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	rules := action.Rules{{Kind: "ConfigMap", Text: "discovery.lua: \"while true do end\"\ndefinitions: [{name: a, action.lua: \"return obj\"}]"}}
	obj := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a"}}}
	if _, err := rules.List(ctx, obj, now()); err == nil || ctx.Err() != nil {
		t.Errorf("listed: %v, %v", err, ctx.Err())
	}
	if _, err := rules.Run(ctx, obj, "a", action.Input{Now: now()}); err != nil {
		t.Errorf("the other script: %v", err)
	}
}

// FuzzRules: whatever somebody writes into the settings is an error or an answer.
func FuzzRules(f *testing.F) {
	for _, c := range cases(f) {
		for _, r := range c.Rules {
			f.Add(r.Text, c.Run)
		}
	}
	obj := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap", "metadata": map[string]any{"name": "a", "namespace": "b"}, "data": map[string]any{"count": "1"},
	}}
	f.Fuzz(func(t *testing.T, text, name string) {
		rules := action.Rules{{Kind: "ConfigMap", Text: text}}
		list, err := rules.List(t.Context(), obj, now())
		if err != nil {
			list = []action.Action{{Name: name}}
		}
		for _, a := range list {
			ops, err := rules.Run(t.Context(), obj, a.Name, action.Input{Now: now()})
			if err != nil {
				continue
			}
			for _, op := range ops {
				if op.Verb != action.Patch {
					continue
				}
				if c, err := action.ChangeOf(obj, op); err == nil {
					_ = c.Fields()
				}
			}
		}
	})
}
