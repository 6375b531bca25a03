package health

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/builtin"
	"evenkeel.dev/internal/health/custom"
)

// noon is what rules of tests are told the time is.
func noon() time.Time { return time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC) }

// customCase is one testdata/custom/*.txtar: files "GROUP/KIND.lua", "….openlibs.lua" and
// "….cel" are rules, the kind may be a glob with _ for *; NAME.yaml are objects, NAME.want
// their verdicts, one line "Status: message", or "none". problems are those of the rules.
type customCase struct {
	comment string
	specs   []custom.Spec
	objects map[string]*unstructured.Unstructured
	want    map[string]string
}

func readCustom(t testing.TB, file string) customCase {
	t.Helper()
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := customCase{comment: string(ar.Comment), objects: map[string]*unstructured.Unstructured{}, want: map[string]string{}}
	for _, f := range ar.Files {
		text := string(f.Data)
		name, kind := f.Name, filepath.Ext(f.Name)
		switch kind {
		case ".lua", ".cel":
			name, open := strings.CutSuffix(strings.TrimSuffix(name, kind), ".openlibs")
			group, k, ok := strings.Cut(strings.ReplaceAll(name, "_", "*"), "/")
			if !ok {
				group, k = "", group
			}
			spec := custom.Spec{Group: group, Kind: k, OpenLibs: open}
			if kind == ".lua" {
				spec.Lua = text
			} else {
				spec.CEL = text
			}
			c.specs = append(c.specs, spec)
		case ".yaml":
			var object map[string]any
			if err := yaml.Unmarshal(f.Data, &object); err != nil {
				t.Fatalf("%s: %s: %v", file, f.Name, err)
			}
			c.objects[strings.TrimSuffix(name, kind)] = live(t, fixture{Object: object})
		default:
			c.want[strings.TrimSuffix(name, kind)] = strings.TrimSpace(text)
		}
	}
	return c
}

func shownVerdict(v *Verdict) string {
	if v == nil {
		return "none"
	}
	return strings.TrimSuffix(strings.TrimSpace(string(v.Status)+": "+v.Message), ":")
}

func TestCustom(t *testing.T) {
	files, err := filepath.Glob("testdata/custom/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		c := readCustom(t, file)
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			rules, problems := NewRules(c.specs, custom.Options{Now: noon})
			var told []string
			for _, p := range problems {
				told = append(told, p.Spec.Group+"/"+p.Spec.Kind+": "+p.Reason)
			}
			if diff := cmp.Diff(c.want["problems"], strings.Join(told, "\n")); diff != "" {
				t.Errorf("%sproblems (-want +got):\n%s", c.comment, diff)
			}
			if len(c.objects) == 0 {
				t.Error("no objects")
			}
			for name, obj := range c.objects {
				before := obj.DeepCopy()
				want, ok := c.want[name]
				if !ok {
					t.Errorf("no verdict is wanted of %s", name)
				}
				for range 2 { // the second time in an interpreter that was used
					if diff := cmp.Diff(want, shownVerdict(rules.Of(obj))); diff != "" {
						t.Errorf("%s%s (-want +got):\n%s", c.comment, name, diff)
					}
				}
				if diff := cmp.Diff(before.Object, obj.Object); diff != "" {
					t.Errorf("%s: the rule changed the object:\n%s", name, diff)
				}
			}
		})
	}
}

// TestFailingRuleBlindsOneKind: whatever a rule does, only its own kind is Unknown.
func TestFailingRuleBlindsOneKind(t *testing.T) {
	object := func(apiVersion, kind string) *unstructured.Unstructured {
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": apiVersion, "kind": kind, "spec": map[string]any{"type": "ClusterIP"}}}
	}
	rules, problems := NewRules([]custom.Spec{
		{Group: "example.com", Kind: "Syntax", Lua: "if"},
		{Group: "example.com", Kind: "Lua", Lua: "error('no')"},
		{Group: "example.com", Kind: "CEL", CEL: "self.status.phase"},
		{Group: "example.com", Kind: "Good", CEL: "'Healthy'"},
	}, custom.Options{})
	if len(problems) != 1 {
		t.Errorf("problems: %v", problems)
	}
	rules.own = func(gk schema.GroupKind) builtin.Rule {
		if gk.Kind != "Panics" {
			return builtin.RuleFor(gk)
		}
		return func(*unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
			var m map[string]int
			m["x"] = 1 //nolint:govet,staticcheck // it is to panic
			return "", ""
		}
	}
	got := map[string]string{}
	for _, obj := range []*unstructured.Unstructured{
		object("example.com/v1", "Syntax"), object("example.com/v1", "Lua"), object("example.com/v1", "CEL"), object("example.com/v1", "Panics"),
		object("example.com/v1", "Good"), object("example.com/v1", "None"), object("v1", "Service"),
	} {
		got[obj.GetKind()] = shownVerdict(rules.Of(obj))
	}
	if diff := cmp.Diff(map[string]string{
		"Syntax":  "Unknown: the health rule of example.com/Syntax failed: the script cannot be parsed: syntax error at its end",
		"Lua":     "Unknown: the health rule of example.com/Lua failed: script:1: no",
		"CEL":     "Unknown: the health rule of example.com/CEL failed: no such key: status",
		"Panics":  "Unknown: the health rule of example.com/Panics failed: assignment to entry in nil map",
		"Good":    "Healthy",
		"None":    "none",
		"Service": "Healthy",
	}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSame(t *testing.T) {
	rules := func(specs ...custom.Spec) *Rules { r, _ := NewRules(specs, custom.Options{}); return r }
	a := custom.Spec{Group: "example.com", Kind: "A", CEL: "'Healthy'"}
	b := custom.Spec{Group: "example.com", Kind: "*", CEL: "'Degraded'"}
	open := custom.Spec{Group: "example.com", Kind: "A", Lua: "return nil", OpenLibs: true}
	closed := custom.Spec{Group: "example.com", Kind: "A", Lua: "return nil"}
	gk := schema.GroupKind{Group: "example.com", Kind: "A"}
	for name, tt := range map[string]struct {
		x, y *Rules
		want bool
	}{
		"none":            {nil, rules(), true},
		"new":             {nil, rules(a), false},
		"gone":            {rules(a), nil, false},
		"equal":           {rules(a, b), rules(a, b), true},
		"another":         {rules(a), rules(open), false},
		"libraries":       {rules(open), rules(closed), false},
		"of another kind": {rules(a), rules(a, b), true},
		"now of a glob":   {rules(a, b), rules(b), false},
		"nil":             {nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tt.x.Same(tt.y, gk); got != tt.want {
				t.Errorf("got %v", got)
			}
		})
	}
	if !rules(b).HasRule(gk) || rules(a).HasRule(schema.GroupKind{Group: "example.com", Kind: "B"}) || (*Rules)(nil).HasRule(gk) {
		t.Error("HasRule is wrong")
	}
}

// TestExpressionBombs: whatever an expression of testdata/custom-bombs does, it ends
// soon with an error and holds little. Those of scripts are in internal/luavm.
func TestExpressionBombs(t *testing.T) {
	files, err := filepath.Glob("testdata/custom-bombs/*.cel")
	if err != nil || len(files) < 8 {
		t.Fatalf("%d bombs: %v", len(files), err)
	}
	list := make([]any, 20000)
	for i := range list {
		list[i] = "x"
	}
	obj := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "example.com/v1", "kind": "Bomb", "list": list, "text": strings.Repeat("a", 500_000),
	}}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			rules, problems := NewRules([]custom.Spec{{Group: "example.com", Kind: "Bomb", CEL: string(text)}}, custom.Options{})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			begun := time.Now()
			v := rules.Of(obj)
			took := time.Since(begun)
			runtime.ReadMemStats(&after)
			t.Logf("%s in %s, %d MiB allocated", shownVerdict(v), took.Round(time.Millisecond), (after.TotalAlloc-before.TotalAlloc)>>20)
			if v == nil || v.Status != v1alpha1.HealthStatusUnknown {
				t.Errorf("the verdict is %.100s", shownVerdict(v))
			}
			if allocated := after.TotalAlloc - before.TotalAlloc; allocated > 512<<20 {
				t.Errorf("it took %d MiB", allocated>>20)
			}
		})
	}
}

func BenchmarkCustom(b *testing.B) {
	const file = "testdata/custom/conditions.txtar"
	c := readCustom(b, file)
	rules, problems := NewRules(c.specs, custom.Options{Now: noon})
	if len(problems) > 0 {
		b.Fatal(problems)
	}
	for _, name := range []string{"lua-ready", "cel-ready", "lua-managed"} {
		obj := c.objects[name]
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if v := rules.Of(obj); v == nil || v.Status != v1alpha1.HealthStatusHealthy {
					b.Fatal(v)
				}
			}
		})
	}
}
