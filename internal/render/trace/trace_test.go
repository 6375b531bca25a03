package trace_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/test/memtree"
)

type tb interface {
	Context() context.Context
	Fatal(args ...any)
}

// rendered is everything that a rendering says, as text.
func rendered(t tb, fsys fs.FS, source *v1alpha1.ApplicationSource) string {
	result, err := render.Render(t.Context(), render.Request{FS: fsys, Source: source, AppName: "app", AppNamespace: "ns"})
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v %v %v\n", result.SourceType, err, result.Warnings, result.Unsupported)
	for _, o := range result.Objects {
		data, err := o.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		b.Write(data)
	}
	return b.String()
}

func configMap(name, value string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\ndata: {k: '" + value + "'}\n"
}

// contents are what files may hold, by the last element of their path.
func contents(name string) *rapid.Generator[string] {
	switch {
	case strings.HasSuffix(name, "kustomization.yaml"), strings.HasSuffix(name, "kustomization.yml"):
		return rapid.SampledFrom([]string{
			"resources: [a.yaml]\n", "resources: [a.yaml, b.yaml]\n", "resources: [../base]\n", "resources: [../base, a.yaml]\n",
			"resources: [a.yaml]\nconfigMapGenerator: [{name: gen, files: [data.txt]}]\n", "namePrefix: x-\nresources: [b.yaml]\n", "broken: [",
		})
	case strings.HasSuffix(name, "Chart.yaml"):
		return rapid.SampledFrom([]string{"apiVersion: v2\nname: c\nversion: 1.0.0\n", "apiVersion: v2\nname: c\nversion: 1.0.1\n"})
	case strings.HasSuffix(name, "values.yaml"), strings.HasSuffix(name, ".txt"), strings.HasSuffix(name, ".helmignore"):
		return rapid.SampledFrom([]string{"v: one\n", "v: two\n"})
	case strings.Contains(name, "templates/"):
		return rapid.SampledFrom([]string{configMap("t", "{{ .Values.v }}"), configMap("t", "{{ .Files.Get \"data.txt\" | quote }}"), "{{ .Nope.x }}"})
	case strings.HasSuffix(name, ".jsonnet"):
		return rapid.SampledFrom([]string{"import 'lib.libsonnet'", "[import 'lib.libsonnet', import 'sub/c.jsonnet']", "importstr 'data.txt'", "import 'lib'", "[]"})
	case strings.HasSuffix(name, ".libsonnet"):
		return rapid.SampledFrom([]string{"null", "{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'l' } }", "import '../base/lib.libsonnet'", "[importstr 'data.txt']"})
	case strings.HasSuffix(name, ".argocd-source.yaml"):
		return rapid.SampledFrom([]string{"directory: {recurse: true}\n", "kustomize: {namePrefix: over-}\n"})
	}
	return rapid.SampledFrom([]string{configMap("one", "1"), configMap("two", "2"), "# +argocd:skip-file-rendering\n", "kind: ["})
}

var names = []string{
	"app/a.yaml", "app/b.yaml", "app/data.txt", "app/sub/c.yaml", "app/kustomization.yaml", "app/kustomization.yml", "app/Chart.yaml",
	"app/values.yaml", "app/templates/t.yaml", "app/.helmignore", "app/.argocd-source.yaml", "base/kustomization.yaml", "base/a.yaml", "base/b.yaml",
	"other/x.yaml", "top.yaml", "app/p.jsonnet", "app/sub/c.jsonnet", "app/lib.libsonnet", "base/lib.libsonnet", "other/lib.libsonnet", "other/data.txt",
}

func drawFiles(t *rapid.T) map[string]string {
	files := map[string]string{}
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 10, rapid.ID).Draw(t, "names") {
		files[name] = contents(name).Draw(t, name)
	}
	return files
}

// commit changes, adds or removes up to three files.
func commit(t *rapid.T, files map[string]string) map[string]string {
	next := maps.Clone(files)
	for _, name := range rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "changed") {
		if _, exists := next[name]; exists && rapid.Bool().Draw(t, "removed") {
			delete(next, name)
			continue
		}
		next[name] = contents(name).Draw(t, name)
	}
	return next
}

var sources = []*v1alpha1.ApplicationSource{
	{Path: "app"},
	{Path: "app", Directory: &v1alpha1.ApplicationSourceDirectory{Recurse: true}},
	{Path: "app", Directory: &v1alpha1.ApplicationSourceDirectory{Exclude: "a.*"}},
	{Path: ".", Directory: &v1alpha1.ApplicationSourceDirectory{}},
	{Path: "app", Directory: &v1alpha1.ApplicationSourceDirectory{
		Include: "*.jsonnet", Jsonnet: v1alpha1.ApplicationSourceJsonnet{Libs: []string{"base", "other"}},
	}},
	{Path: "app", Kustomize: &v1alpha1.ApplicationSourceKustomize{NamePrefix: "p-"}},
	{Path: "app", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"../base/*.yaml"}, IgnoreMissingValueFiles: true}},
}

// TestStillHoldsMeansEqual: if a read set holds for another commit, rendering
// that commit gives the old result.
func TestStillHoldsMeansEqual(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		source := rapid.SampledFrom(sources).Draw(t, "source")
		files := drawFiles(t)
		traced := trace.New(memtree.New(files))
		before := rendered(t, traced, source)
		set, err := traced.ReadSet()
		if err != nil {
			t.Fatal(err)
		}
		if same, err := set.StillHolds(memtree.New(files)); err != nil || !same {
			t.Fatalf("the read set does not hold for its own tree: %v", err)
		}
		next := memtree.New(commit(t, files))
		holds, err := set.StillHolds(next)
		if err != nil {
			t.Fatal(err)
		}
		after := rendered(t, next, source)
		if holds && before != after {
			t.Fatalf("the read set holds, the result differs:\n%s\nread set:\n%v", cmp.Diff(before, after), set)
		}
	})
}

func TestPrecision(t *testing.T) {
	t.Parallel()
	plain := map[string]string{"app/a.yaml": configMap("a", "1"), "app/readme.md": "x", "app/sub/x.yaml": configMap("x", "1"), "other/b.yaml": "x"}
	kust := map[string]string{"app/kustomization.yaml": "resources: [../base]\n", "base/kustomization.yaml": "resources: [a.yaml]\n", "base/a.yaml": configMap("a", "1"), "base/b.yaml": "x", "app/readme.md": "x"}
	chart := map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\n", "app/templates/a.yaml": configMap("a", "1"), "app/docs/x": "x", "app/.helmignore": "docs\n", "values/v.yaml": "a: b\n"}
	net := map[string]string{"app/a.jsonnet": "import '../lib/l.libsonnet'", "lib/l.libsonnet": "importstr 'x.txt'", "app/x.txt": "x", "lib/y.txt": "y"}
	tests := []struct {
		reason string
		files  map[string]string
		change map[string]string // "" removes
		holds  bool
	}{
		{"another directory changes", plain, map[string]string{"other/b.yaml": "y"}, true},
		{"another directory appears", plain, map[string]string{"new/b.yaml": "y"}, true},
		{"a file that is no manifest changes", plain, map[string]string{"app/readme.md": "y"}, true},
		{"a directory that is not recursed into changes", plain, map[string]string{"app/sub/x.yaml": "y"}, true},
		{"a manifest changes", plain, map[string]string{"app/a.yaml": configMap("a", "2")}, false},
		{"a manifest appears", plain, map[string]string{"app/b.yaml": configMap("b", "2")}, false},
		{"a manifest disappears", plain, map[string]string{"app/a.yaml": ""}, false},
		{"a kustomization appears", plain, map[string]string{"app/kustomization.yaml": "x"}, false},
		{"an override appears", plain, map[string]string{"app/.argocd-source.yaml": "x: y"}, false},
		{"a file becomes a directory", plain, map[string]string{"app/readme.md": "", "app/readme.md/x": "y"}, false},
		{"the source disappears", plain, map[string]string{"app/a.yaml": "", "app/readme.md": "", "app/sub/x.yaml": ""}, false},
		{"a base's other file changes", kust, map[string]string{"base/b.yaml": "y"}, true},
		{"a base's other file appears", kust, map[string]string{"base/c.yaml": "y"}, true},
		{"the overlay's readme changes", kust, map[string]string{"app/readme.md": "y"}, true},
		{"a base's manifest changes", kust, map[string]string{"base/a.yaml": configMap("a", "2")}, false},
		{"a base's kustomization changes", kust, map[string]string{"base/kustomization.yaml": "resources: [a.yaml]\nnamePrefix: x\n"}, false},
		{"a second kustomization appears", kust, map[string]string{"base/kustomization.yml": "resources: []"}, false},
		{"what no program imports changes", net, map[string]string{"lib/y.txt": "z"}, true},
		{"what a library imports changes", net, map[string]string{"app/x.txt": "y"}, false},
		{"a library changes", net, map[string]string{"lib/l.libsonnet": "[]"}, false},
		{"a file appears where an import is looked for first", net, map[string]string{"lib/x.txt": "y"}, false},
		{"what .helmignore names changes", chart, map[string]string{"app/docs/x": "y"}, true},
		{"another chart's values change", chart, map[string]string{"values/v.yaml": "a: c\n"}, true},
		{"a template changes", chart, map[string]string{"app/templates/a.yaml": configMap("a", "2")}, false},
		{"values appear", chart, map[string]string{"app/values.yaml": "a: b\n"}, false},
	}
	for _, tt := range tests {
		traced := trace.New(memtree.New(tt.files))
		rendered(t, traced, &v1alpha1.ApplicationSource{Path: "app"})
		set, err := traced.ReadSet()
		if err != nil {
			t.Fatal(err)
		}
		next := maps.Clone(tt.files)
		for name, content := range tt.change {
			if next[name] = content; content == "" {
				delete(next, name)
			}
		}
		holds, err := set.StillHolds(memtree.New(next))
		if err != nil || holds != tt.holds {
			t.Errorf("%s: holds %v, %v, want %v; read set %v", tt.reason, holds, err, tt.holds, set)
		}
	}
}

func TestReadSetIsSortedAndDistinct(t *testing.T) {
	t.Parallel()
	traced := trace.New(memtree.New(map[string]string{"b": "1", "a": "2"}))
	for _, name := range []string{"b", "a", "b", "nope"} {
		_, _ = fs.ReadFile(traced, name)
	}
	set, err := traced.ReadSet()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, e := range set {
		paths = append(paths, e.Path)
	}
	if !slices.Equal(paths, []string{"a", "b", "nope"}) {
		t.Errorf("got %v", paths)
	}
}

// broken fails to answer.
type broken struct{ memtree.Tree }

var errBroken = errors.New("the object store is gone")

func (broken) Lookup(string) (string, fs.FileMode, bool, error) { return "", 0, false, errBroken }

func TestAnswerThatCannotBeRecorded(t *testing.T) {
	t.Parallel()
	good := memtree.New(map[string]string{"a": "1"})
	traced := trace.New(broken{good})
	_, _ = fs.Stat(traced, "a")
	if set, err := traced.ReadSet(); !errors.Is(err, errBroken) {
		t.Errorf("got %v, %v", set, err)
	}
	if _, err := (trace.ReadSet{{Path: "a", Question: trace.Content, Answer: "x"}}).StillHolds(broken{good}); !errors.Is(err, errBroken) {
		t.Errorf("got %v", err)
	}
}
