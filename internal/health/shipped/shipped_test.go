package shipped

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// document is one of testdata: cases of kinds that are judged alike.
type document struct {
	// Kinds are written group/Kind.
	Kinds []string `json:"kinds"`
	Cases []struct {
		Why      string         `json:"why"`
		Metadata map[string]any `json:"metadata"`
		Spec     map[string]any `json:"spec"`
		Status   map[string]any `json:"status"`
		// Conditions are those of the status, written Type=Status:Reason:Message.
		Conditions []string `json:"conditions"`

		Want v1alpha1.HealthStatusCode `json:"want"`
		// Message is nil where the kinds say it in different words.
		Message *string `json:"message"`
	} `json:"cases"`
}

// fixture is one case of one kind.
type fixture struct {
	name, why, kind string
	// first: of the kinds of its document, whose rules mostly are one.
	first   bool
	object  *unstructured.Unstructured
	want    v1alpha1.HealthStatusCode
	message *string
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	var out []fixture
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for text := range bytes.SplitSeq(b, []byte("\n---\n")) {
			var d document
			if err := yaml.UnmarshalStrict(text, &d); err != nil {
				t.Fatalf("%s: %v\n%s", file, err, text)
			}
			out = append(out, d.fixtures(t)...)
		}
	}
	return out
}

func (d *document) fixtures(t testing.TB) []fixture {
	t.Helper()
	var out []fixture
	for i, kind := range d.Kinds {
		group, name, ok := strings.Cut(kind, "/")
		if !ok {
			t.Fatalf("kind %q is not group/Kind", kind)
		}
		for _, c := range d.Cases {
			object := map[string]any{"apiVersion": group + "/v1", "kind": name, "metadata": map[string]any{"name": "web", "namespace": "shop"}}
			maps.Copy(object["metadata"].(map[string]any), c.Metadata)
			if c.Spec != nil {
				object["spec"] = c.Spec
			}
			if c.Status != nil {
				object["status"] = c.Status
			}
			if c.Conditions != nil {
				status := maps.Clone(c.Status)
				if status == nil {
					status = map[string]any{}
				}
				status["conditions"] = conditionsOfText(t, c.Conditions)
				object["status"] = status
			}
			out = append(out, fixture{kind + " " + c.Why, c.Why, kind, i == 0, decode(t, object), c.Want, c.Message})
		}
	}
	return out
}

func conditionsOfText(t testing.TB, texts []string) []any {
	t.Helper()
	var out []any
	for _, text := range texts {
		head, rest, _ := strings.Cut(text, ":")
		kind, status, ok := strings.Cut(head, "=")
		if !ok {
			t.Fatalf("condition %q is not Type=Status:Reason:Message", text)
		}
		c := map[string]any{"type": kind, "status": status}
		reason, message, _ := strings.Cut(rest, ":")
		if reason != "" {
			c["reason"] = reason
		}
		if message = strings.TrimSpace(message); message != "" {
			c["message"] = message
		}
		out = append(out, c)
	}
	return out
}

// decode gives an object as it comes from the API server, where integers are int64.
func decode(t testing.TB, object map[string]any) *unstructured.Unstructured {
	t.Helper()
	b, err := (&unstructured.Unstructured{Object: object}).MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	return out
}

func ruleOf(t testing.TB, obj *unstructured.Unstructured) Rule {
	t.Helper()
	gk := obj.GroupVersionKind().GroupKind()
	rule := RuleFor(gk)
	if rule == nil {
		t.Fatalf("%v has no rule", gk)
	}
	return rule
}

func TestRules(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			before := f.object.DeepCopy()
			status, message := ruleOf(t, f.object)(f.object)
			want := verdict{f.want, message}
			if f.message != nil {
				want.message = *f.message
			}
			if diff := cmp.Diff(want, verdict{status, message}, cmp.AllowUnexported(verdict{})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", f.why, diff)
			}
			if diff := cmp.Diff(before.Object, f.object.Object); diff != "" {
				t.Errorf("the rule changed its argument:\n%s", diff)
			}
		})
	}
}

// TestEveryRuleHasData: each entry of the tables is used by a case, and its cases want
// enough to tell the rule from a constant.
func TestEveryRuleHasData(t *testing.T) {
	seen := map[schema.GroupKind]map[v1alpha1.HealthStatusCode]bool{}
	for _, f := range fixtures(t) {
		gk := entryFor(f.object.GroupVersionKind().GroupKind())
		if seen[gk] == nil {
			seen[gk] = map[v1alpha1.HealthStatusCode]bool{}
		}
		seen[gk][f.want] = true
	}
	constant := schema.GroupKind{Group: "astra.netapp.io", Kind: "Schedule"}
	for gk := range all.exact {
		if len(seen[gk]) < 2 && gk != constant {
			t.Errorf("%v: the data wants %v", gk, seen[gk])
		}
	}
	for _, w := range all.wild {
		if gk := (schema.GroupKind{Group: "*" + w.suffix, Kind: anyKind}); len(seen[gk]) < 2 {
			t.Errorf("%v: the data wants %v", gk, seen[gk])
		}
	}
}

// entryFor is the entry of the tables that judges a kind.
func entryFor(gk schema.GroupKind) schema.GroupKind {
	if _, ok := all.exact[gk]; ok {
		return gk
	}
	gk.Kind = anyKind
	if _, ok := all.exact[gk]; ok {
		return gk
	}
	for _, w := range all.wild {
		if strings.HasSuffix(gk.Group, w.suffix) {
			gk.Group = "*" + w.suffix
		}
	}
	return gk
}

func TestRuleFor(t *testing.T) {
	// A kind with a rule of its own knows Suspended, those of the wildcard do not.
	paused := decode(t, map[string]any{
		"apiVersion": "s3.aws.crossplane.io/v1", "kind": "Bucket",
		"status": map[string]any{"conditions": conditionsOfText(t, []string{"Ready=True", "Synced=False:ReconcilePaused"})},
	})
	for kind, want := range map[string]v1alpha1.HealthStatusCode{"Bucket": suspended, "BucketPolicy": degraded} {
		if got, _ := RuleFor(schema.GroupKind{Group: "s3.aws.crossplane.io", Kind: kind})(paused); got != want {
			t.Errorf("%s: got %s, want %s", kind, got, want)
		}
	}
	for _, gk := range []schema.GroupKind{
		{Kind: "ConfigMap"},
		{Group: "argoproj.io", Kind: "Application"},
		{Group: "argoproj.io", Kind: "Sensor"},
		{Group: "crossplane.io", Kind: "Thing"},
		{Group: "notcrossplane.io", Kind: "Thing"},
		{Group: "example.com", Kind: "Certificate"},
	} {
		if RuleFor(gk) != nil {
			t.Errorf("%v has a rule", gk)
		}
	}
}

// TestTablesAreDisjoint: a group that stands in two tables would lose one of them.
func TestTablesAreDisjoint(t *testing.T) {
	seen := map[string]bool{}
	for _, part := range tables {
		for group := range part {
			if seen[group] {
				t.Errorf("group %s is in two tables", group)
			}
			seen[group] = true
		}
	}
}

// everyRule calls f with each rule.
func everyRule(f func(name string, rule Rule)) {
	for gk, rule := range all.exact {
		f(gk.String(), rule)
	}
	for _, w := range all.wild {
		f("*"+w.suffix, w.rule)
	}
}

// sound says what is wrong with what a rule makes of an object, of which before is a
// copy.
func sound(name string, rule Rule, obj, before *unstructured.Unstructured) string {
	status, message := rule(obj)
	if !known(status) {
		return name + " gives status " + string(status)
	}
	if s, m := rule(before); s != status || m != message {
		return name + " gives " + string(s) + ": " + m + " and " + string(status) + ": " + message + " of the same object"
	}
	if !reflect.DeepEqual(before.Object, obj.Object) {
		return name + " changed its argument:\n" + cmp.Diff(before.Object, obj.Object)
	}
	return ""
}

func known(status v1alpha1.HealthStatusCode) bool {
	switch status {
	case healthy, suspended, progressing, missing, degraded, unknown:
		return true
	}
	return false
}

// vocabulary is the words that the rules look for, so that random objects get somewhere.
func vocabulary(t testing.TB) (names, texts []string) {
	n, s := map[string]bool{}, map[string]bool{}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for name, e := range v {
				n[name] = true
				walk(e)
			}
		case []any:
			for _, e := range v {
				walk(e)
			}
		case string:
			s[v] = true
		}
	}
	for _, f := range fixtures(t) {
		walk(f.object.Object["spec"])
		walk(f.object.Object["status"])
	}
	return slices.Sorted(maps.Keys(n)), slices.Sorted(maps.Keys(s))
}

// TestAnyObject: whatever an object is, each rule has an answer, always the same, and
// leaves the object alone.
func TestAnyObject(t *testing.T) {
	names, texts := vocabulary(t)
	name, text := rapid.SampledFrom(names), rapid.SampledFrom(texts)
	scalars := rapid.OneOf(
		rapid.Just[any](nil), rapid.Map(text, func(s string) any { return s }), rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }), rapid.Map(rapid.Int64Range(-2, 5), func(n int64) any { return n }),
		rapid.Map(rapid.Float64(), func(n float64) any { return n }),
	)
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return scalars
		}
		return rapid.OneOf(
			scalars,
			rapid.Map(rapid.MapOfN(name, value(depth-1), 0, 5), func(m map[string]any) any { return m }),
			rapid.Map(rapid.SliceOfN(value(depth-1), 0, 4), func(l []any) any { return l }),
		)
	}
	object := value(4)
	rapid.Check(t, func(t *rapid.T) {
		obj := &unstructured.Unstructured{Object: map[string]any{}}
		for _, part := range [...]string{"kind", "metadata", "spec", "status"} {
			if rapid.Bool().Draw(t, "has "+part) {
				obj.Object[part] = object.Draw(t, part)
			}
		}
		before := obj.DeepCopy()
		everyRule(func(name string, rule Rule) {
			if problem := sound(name, rule, obj, before); problem != "" {
				t.Error(problem)
			}
		})
	})
}

// TestDamagedObject: a case of the data from which something is taken, or in which
// something is of another type, still has an answer.
func TestDamagedObject(t *testing.T) {
	for _, f := range fixtures(t) {
		if !f.first {
			continue
		}
		rule := ruleOf(t, f.object)
		damage(f.object.Object, func(what string) {
			if status, _ := rule(f.object); !known(status) {
				t.Errorf("%s without its %s: status %q", f.name, what, status)
			}
		})
	}
}

// damage calls f with each of the values in v replaced, one at a time.
func damage(v any, f func(what string)) {
	wrong := []any{nil, "", "x", true, int64(-1), 0.5, []any{nil, "x"}, map[string]any{"x": nil}}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			was := v[name]
			for _, v[name] = range wrong {
				f(name)
			}
			v[name] = was
			damage(was, f)
		}
	case []any:
		for i, was := range v {
			for _, v[i] = range wrong {
				f("element")
			}
			v[i] = was
			damage(was, f)
		}
	}
}

// FuzzRules: no JSON object makes any of the rules panic or give a status of its own.
func FuzzRules(f *testing.F) {
	kinds := map[string]bool{}
	for _, x := range fixtures(f) {
		if !x.first || kinds[x.kind] {
			continue
		}
		kinds[x.kind] = true
		b, err := x.object.MarshalJSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		obj := &unstructured.Unstructured{}
		if obj.UnmarshalJSON(b) != nil {
			t.Skip()
		}
		before := obj.DeepCopy()
		everyRule(func(name string, rule Rule) {
			if problem := sound(name, rule, obj, before); problem != "" {
				t.Error(problem)
			}
		})
	})
}

func BenchmarkRules(b *testing.B) {
	for _, f := range fixtures(b) {
		switch f.name {
		case "cert-manager.io/Certificate issued", "argoproj.io/Rollout it waits for a person at its third step",
			"ec2.aws.upbound.io/VPC there and as it should be", "postgresql.cnpg.io/Cluster fine":
			b.Run(f.kind, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					RuleFor(f.object.GroupVersionKind().GroupKind())(f.object)
				}
			})
		}
	}
}
