package desired

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// settings are the rest of an Input in a data file. The cluster knows the
// kinds of core, apps and batch, and Cluster* besides.
type settings struct {
	App       string       `json:"app"`
	Namespace string       `json:"namespace"`
	Self      resource.Key `json:"self"`
	Excluded  []string     `json:"excluded"`
}

func scope(gk schema.GroupKind) (namespaced, known bool) {
	switch {
	case strings.HasPrefix(gk.Kind, "Cluster"), gk.Kind == "Namespace", gk.Kind == "CustomResourceDefinition":
		return false, true
	case gk.Group == "", gk.Group == "apps", gk.Group == "batch", gk.Group == "argoproj.io":
		return true, true
	}
	return false, false
}

func read(t testing.TB, ar *txtar.Archive) Input {
	t.Helper()
	in := Input{Scope: scope}
	for _, f := range ar.Files {
		switch f.Name {
		case "settings.yaml":
			var s settings
			if err := yaml.UnmarshalStrict(f.Data, &s); err != nil {
				t.Fatal(err)
			}
			in.App, in.Namespace, in.Self = s.App, s.Namespace, s.Self
			if s.Excluded != nil {
				in.Excluded = func(gk schema.GroupKind) bool { return slices.Contains(s.Excluded, gk.Kind) }
			}
		case "objects.yaml":
			for doc := range strings.SplitSeq(string(f.Data), "\n---\n") {
				var obj map[string]any
				if err := yaml.Unmarshal([]byte(doc), &obj); err != nil {
					t.Fatal(err)
				}
				in.Objects = append(in.Objects, &unstructured.Unstructured{Object: obj})
			}
		}
	}
	return in
}

func print(s State, err error) string {
	if err != nil {
		return fmt.Sprintf("%s: %s\n", fault.KindOf(err), strings.ReplaceAll(err.Error(), "; ", ";\n"))
	}
	var b strings.Builder
	for _, list := range []struct {
		name    string
		objects []Object
	}{{"object", s.Objects}, {"hook", s.Hooks}} {
		for _, o := range list.objects {
			fmt.Fprintf(&b, "%s %s wave=%d", list.name, o.Key, o.Wave)
			if !o.ScopeKnown {
				b.WriteString(" scope-unknown")
			}
			if o.Self {
				b.WriteString(" self")
			}
			if o.SyncOptions != "" {
				fmt.Fprintf(&b, " options=%q", o.SyncOptions)
			}
			if o.HookTypes != nil {
				fmt.Fprintf(&b, " types=%v policy=%+v", o.HookTypes, o.DeletePolicy)
			}
			fmt.Fprintf(&b, "\n  %s\n", o.JSON)
		}
	}
	for _, c := range s.Conditions {
		fmt.Fprintf(&b, "%s: %s\n", c.Type, c.Message)
	}
	return b.String()
}

func TestBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			in := read(t, ar)
			before := make([]*unstructured.Unstructured, len(in.Objects))
			for i, o := range in.Objects {
				before[i] = o.DeepCopy()
			}
			got := print(Build(in))
			if diff := cmp.Diff(before, in.Objects); diff != "" {
				t.Errorf("Build changed its input:\n%s", diff)
			}
			i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
			if i < 0 {
				t.Fatal("no want")
			}
			if *update {
				ar.Files[i].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(string(ar.Files[i].Data), got); diff != "" {
				t.Errorf("%s(-want +got):\n%s", ar.Comment, diff)
			}
		})
	}
}

func TestTooManyProblems(t *testing.T) {
	in := Input{Objects: make([]*unstructured.Unstructured, 0, 30)}
	for range 30 {
		in.Objects = append(in.Objects, &unstructured.Unstructured{Object: map[string]any{}})
	}
	_, err := Build(in)
	if err == nil || strings.Count(err.Error(), "apiVersion") != maxProblems || !strings.HasSuffix(err.Error(), "; and 20 more") {
		t.Errorf("got %v", err)
	}
}

func TestTooManyWarnings(t *testing.T) {
	in := Input{Namespace: "shop", Scope: scope, Excluded: func(schema.GroupKind) bool { return true }}
	for i := range 25 {
		in.Objects = append(in.Objects, configMap(fmt.Sprintf("c%02d", i), ""))
	}
	s, err := Build(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Conditions) != maxWarnings+1 || s.Conditions[maxWarnings].Message != "and 15 more of the kind above" {
		t.Errorf("got %v", s.Conditions)
	}
}

func TestNilObjectsAndNilFuncs(t *testing.T) {
	s, err := Build(Input{Objects: []*unstructured.Unstructured{nil, configMap("c", "shop")}, App: "a"})
	if err != nil || len(s.Objects) != 1 || s.Objects[0].ScopeKnown {
		t.Errorf("got %v, %v", s, err)
	}
}

func configMap(name, namespace string) *unstructured.Unstructured {
	meta := map[string]any{"name": name}
	if namespace != "" {
		meta["namespace"] = namespace
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta, "data": map[string]any{"k": name}}}
}

// TestBuildProperties: each key once, every object tracked as itself, the hash
// follows the body, and building from what was built changes nothing.
func TestBuildProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := Input{App: "app", Namespace: "shop", Scope: scope}
		word := rapid.StringMatching(`[a-z]{1,2}`)
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			obj := configMap(word.Draw(t, "name"), rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "namespace"))
			if rapid.Bool().Draw(t, "secret") {
				obj.Object["kind"], obj.Object["data"] = "Secret", nil
				obj.Object["stringData"] = map[string]any{"k": rapid.String().Draw(t, "value")}
			}
			in.Objects = append(in.Objects, obj)
		}
		s, err := Build(in)
		if err != nil {
			t.Fatal(err)
		}
		again := in
		again.Objects = nil
		for i, o := range s.Objects {
			if i > 0 && s.Objects[i-1].Key.Compare(o.Key) >= 0 {
				t.Errorf("%s after %s", o.Key, s.Objects[i-1].Key)
			}
			u := &unstructured.Unstructured{}
			if err := u.UnmarshalJSON(o.JSON); err != nil {
				t.Fatal(err)
			}
			if id, ok := resource.TrackedBy(u, ""); !ok || id.App != "app" {
				t.Errorf("%s is tracked as %v", o.Key, id)
			}
			again.Objects = append(again.Objects, u)
		}
		s.Conditions = nil
		twice, err := Build(again)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(s, twice); diff != "" {
			t.Errorf("building twice (-once +twice):\n%s", diff)
		}
	})
}

// TestSecretsStayOutOfErrors: whatever is wrong with a Secret, no value of it is in the error.
func TestSecretsStayOutOfErrors(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		canary := "canary" + rapid.String().Draw(t, "value")
		values := rapid.SampledFrom([]any{canary + "!", []any{canary}, map[string]any{"deep": canary}, int64(1)})
		secret := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Secret", "metadata": map[string]any{"name": "s"},
			"data": map[string]any{"k": values.Draw(t, "data")}, "stringData": map[string]any{"s": values.Draw(t, "stringData")},
		}}
		_, err := Build(Input{Namespace: "shop", Scope: scope, Objects: []*unstructured.Unstructured{secret}})
		if err == nil {
			t.Fatal("no error")
		}
		if strings.Contains(err.Error(), "canary") {
			t.Errorf("a value in the error: %v", err)
		}
	})
}

// FuzzBuild: no object makes Build panic, and what it makes has a name, or is a hook.
func FuzzBuild(f *testing.F) {
	f.Add([]byte(`{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"data":{"k":"bm8="},"stringData":{"k":1}}`))
	f.Add([]byte(`{"apiVersion":"v1","kind":"ConfigMap","metadata":{"generateName":"s","annotations":{"a":1}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var obj map[string]any
		if yaml.Unmarshal(body, &obj) != nil {
			t.Skip()
		}
		s, err := Build(Input{App: "a", Namespace: "shop", Scope: scope, Objects: []*unstructured.Unstructured{{Object: obj}}})
		if err != nil {
			return
		}
		for _, o := range s.Objects {
			if o.Key.Name == "" || o.Key.Kind == "" {
				t.Errorf("an object with key %s", o.Key)
			}
		}
	})
}

func BenchmarkBuild1000(b *testing.B) {
	in := Input{App: "app", Namespace: "shop", Scope: scope}
	for i := range 1000 {
		in.Objects = append(in.Objects, configMap(fmt.Sprintf("c%04d", i), ""))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Build(in); err != nil {
			b.Fatal(err)
		}
	}
}
