package rendering

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/test/memtree"
)

// chart is a repository with a chart, values one with values, plain one with manifests.
var (
	chart = map[string]string{
		"web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "web/values.yaml": "v: chart\nfile: none\n",
		"web/templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {v: '{{ .Values.v }}', file: '{{ .Values.file }}', r: '{{ .Release.Name }}'}\n",
	}
	values = map[string]string{"env/prod.yaml": "v: prod\n", "env/dev.yaml": "v: dev\n", "file.txt": "text", "README.md": "r"}
	plain  = map[string]string{"all/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: extra}\ndata: {v: '1'}\n", "README.md": "r"}
)

func several(sources ...v1alpha1.ApplicationSource) Request {
	r := newRequest()
	r.Origin = resource.Origin{Sources: sources, Listed: true}
	for i := range sources {
		r.Origin.Revisions = append(r.Origin.Revisions, "r"+string(rune('1'+i)))
	}
	return r
}

func web(files ...string) v1alpha1.ApplicationSource {
	return v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/web.git", Path: "web", Name: "chart", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: files}}
}

func lending(path string) v1alpha1.ApplicationSource {
	return v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/values.git", Ref: "values", Path: path}
}

var extra = v1alpha1.ApplicationSource{RepoURL: "https://git.example.com/plain.git", Path: "all"}

func trees(files ...map[string]string) []trace.Tree {
	var out []trace.Tree
	for _, f := range files {
		out = append(out, memtree.New(f))
	}
	return out
}

// data are the objects' data by name, with the position of their source.
func data(t interface{ Fatal(...any) }, r *Rendering) map[string]string {
	out := map[string]string{}
	for _, x := range r.Claims {
		var body struct {
			Data map[string]string `json:"data"`
		}
		if err := utiljson.Unmarshal(x.Object.JSON, &body); err != nil {
			t.Fatal(err)
		}
		var words []string
		for _, k := range slices.Sorted(maps.Keys(body.Data)) {
			words = append(words, k+"="+body.Data[k])
		}
		out[x.Object.Key.Name] = strings.Join(words, " ") + " of " + string(rune('0'+x.Object.Source))
	}
	return out
}

func TestSeveralSources(t *testing.T) {
	withFile := web("$values/env/prod.yaml")
	withFile.Helm.FileParameters = []v1alpha1.HelmFileParameter{{Name: "file", Path: "$values/file.txt"}}
	for _, c := range []struct {
		why     string
		req     Request
		trees   []trace.Tree
		want    map[string]string
		types   []string
		warn    string
		problem string
		kind    fault.Kind
	}{
		{
			why: "together, in the order of the sources", req: several(web(), extra), trees: trees(chart, plain),
			want: map[string]string{"web": "file=none r=shop v=chart of 0", "extra": "v=1 of 1"}, types: []string{"Helm", "Directory"},
		},
		{
			why: "value files of a source that renders nothing", req: several(web("$values/env/prod.yaml"), lending("")), trees: trees(chart, values),
			want: map[string]string{"web": "file=none r=shop v=prod of 0"}, types: []string{"Helm", ""},
		},
		{
			why: "a file parameter of one", req: several(withFile, lending("")), trees: trees(chart, values),
			want: map[string]string{"web": "file=text r=shop v=prod of 0"}, types: []string{"Helm", ""},
		},
		{
			why: "the ref comes first, and its files are a glob", req: several(lending(""), web("$values/env/*.yaml")), trees: trees(values, chart),
			want: map[string]string{"web": "file=none r=shop v=prod of 1"}, types: []string{"", "Helm"},
		},
		{
			why: "a source that lends and renders", req: several(web("$values/env.yaml"), lending("all")), trees: trees(chart, map[string]string{"env.yaml": "v: lent", "all/a.yaml": plain["all/a.yaml"]}),
			want: map[string]string{"web": "file=none r=shop v=lent of 0", "extra": "v=1 of 1"}, types: []string{"Helm", "Directory"},
		},
		{
			why: "of an object of two the later one wins", req: several(extra, extra), trees: trees(plain, map[string]string{"all/a.yaml": strings.Replace(plain["all/a.yaml"], "'1'", "'2'", 1)}),
			want: map[string]string{"extra": "v=2 of 1"}, types: []string{"Directory", "Directory"}, warn: "appeared 2 times",
		},
		{why: "only lent files", req: several(lending("")), trees: trees(values), want: map[string]string{}, types: []string{""}},
		{
			why: "a ref that no source has", req: several(web("$nope/env/prod.yaml"), lending("")), trees: trees(chart, values),
			problem: `source chart: helm.valueFiles: "$nope/env/prod.yaml": no source has the ref "nope"`, kind: fault.Invalid,
		},
		{
			why: "a file that the ref has not", req: several(web("$values/env/nope.yaml"), lending("")), trees: trees(chart, values),
			problem: `source chart: helm.valueFiles: "$values/env/nope.yaml": no such file`, kind: fault.Broken,
		},
		{
			why: "out of the tree of the ref", req: several(web("$values/../secret.yaml"), lending("")), trees: trees(chart, values),
			problem: "leads out of the repository", kind: fault.Invalid,
		},
		{
			why: "one that is broken breaks all", req: several(web(), extra), trees: trees(chart, map[string]string{"all/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: [\n"}),
			problem: "source 2 of 2: all/a.yaml", kind: fault.Broken,
		},
		{why: "a tree too few", req: several(web(), extra), trees: trees(chart), problem: "1 trees and 2 revisions of 2 sources", kind: fault.Internal},
	} {
		t.Run(c.why, func(t *testing.T) {
			made, err := newMaker(t).Make(t.Context(), c.trees, c.req)
			if c.problem != "" {
				if err == nil || !strings.Contains(err.Error(), c.problem) || fault.KindOf(err) != c.kind || made != nil {
					t.Errorf("got %v, want %q of kind %v", err, c.problem, c.kind)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, data(t, made)); diff != "" {
				t.Errorf("objects (-want +got)\n%s", diff)
			}
			if diff := cmp.Diff(c.types, made.SourceTypes); diff != "" {
				t.Errorf("types (-want +got)\n%s", diff)
			}
			if (len(made.Conditions) == 0) != (c.warn == "") || c.warn != "" && !strings.Contains(made.Conditions[0].Message, c.warn) {
				t.Errorf("conditions %v", made.Conditions)
			}
			if !slices.Equal(made.Checked, c.req.Origin.Revisions) || !made.Origin.Equal(c.req.Origin) {
				t.Errorf("made of %+v, checked at %q", made.Origin, made.Checked)
			}
		})
	}
}

// TestReadSetsOfSources: a commit to the repository of the values needs a new rendering
// if it changes a file that was read, and only then.
func TestReadSetsOfSources(t *testing.T) {
	req := several(web("$values/env/prod.yaml"), lending(""), extra)
	made, err := newMaker(t).Make(t.Context(), trees(chart, values, plain), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		why           string
		source        int
		name, content string
		same          bool
	}{
		{why: "values that were read", source: 1, name: "env/prod.yaml", content: "v: other\n"},
		{why: "values that are gone", source: 1, name: "env/prod.yaml"},
		{why: "values of others", source: 1, name: "env/dev.yaml", content: "v: other\n", same: true},
		{why: "a new file beside them", source: 1, name: "env/new.yaml", content: "v: other\n", same: true},
		{why: "a path of the chart, in the repository of the values", source: 1, name: "web/values.yaml", content: "v: other\n", same: true},
		{why: "the path of the values, in the repository of the chart", source: 0, name: "env/prod.yaml", content: "v: other\n", same: true},
		{why: "the chart", source: 0, name: "web/values.yaml", content: "v: other\n"},
		{why: "a third source", source: 2, name: "all/a.yaml", content: strings.Replace(plain["all/a.yaml"], "'1'", "'2'", 1)},
		{why: "what nobody reads of it", source: 2, name: "README.md", content: "other", same: true},
	} {
		files := []map[string]string{maps.Clone(chart), maps.Clone(values), maps.Clone(plain)}
		if files[c.source][c.name] = c.content; c.content == "" {
			delete(files[c.source], c.name)
		}
		if same, err := made.StillHolds(trees(files...), make([]string, len(files))); same != c.same || err != nil {
			t.Errorf("%s: holds %t, %v", c.why, same, err)
		}
	}
	if same, err := made.StillHolds(trees(chart, values), make([]string, 2)); same || err != nil {
		t.Errorf("with a source less it holds %t, %v", same, err)
	}
}

// TestStillHoldsMeansEqual: if the read sets of several sources hold for other commits,
// rendering those gives the old result.
func TestStillHoldsMeansEqual(t *testing.T) {
	m := newMaker(t)
	req := several(web("$values/env/prod.yaml", "$values/more/*.yaml"), lending(""), extra)
	req.Origin.Sources[0].Helm.IgnoreMissingValueFiles = true
	contents := map[string][]string{
		"web/values.yaml": {"v: one\nfile: a\n", "v: two\nfile: a\n"}, "web/templates/a.yaml": {chart["web/templates/a.yaml"], ""},
		"env/prod.yaml": {"v: one\n", "v: three\n"}, "env/dev.yaml": {"v: x\n"}, "more/a.yaml": {"file: b\n", "file: c\n"}, "more/b.yaml": {"v: four\n"},
		"all/a.yaml": {plain["all/a.yaml"], strings.Replace(plain["all/a.yaml"], "extra", "web", 1)}, "all/b.yaml": {strings.Replace(plain["all/a.yaml"], "extra", "b", 1)},
	}
	names := slices.Sorted(maps.Keys(contents))
	rapid.Check(t, func(t *rapid.T) {
		draw := func(label string) []map[string]string {
			files := []map[string]string{maps.Clone(chart), maps.Clone(values), maps.Clone(plain)}
			for i := range files {
				for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 4, rapid.ID).Draw(t, label) {
					files[i][name] = rapid.SampledFrom(contents[name]).Draw(t, name)
				}
			}
			return files
		}
		before, after := draw("before"), draw("after")
		made, err := m.Make(t.Context(), trees(before...), req)
		if err != nil {
			t.Fatal(err)
		}
		if same, err := made.StillHolds(trees(before...), make([]string, len(before))); !same || err != nil {
			t.Fatalf("the read sets do not hold for their own trees: %v", err)
		}
		holds, err := made.StillHolds(trees(after...), make([]string, len(after)))
		if err != nil || !holds {
			return
		}
		again, err := m.Make(t.Context(), trees(after...), req)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(data(t, made), data(t, again)); diff != "" {
			t.Fatalf("the read sets hold, the result differs:\n%s", diff)
		}
	})
}

// TestReadSetsOfHooks: the files that a hook names as its inputs are of its own source.
func TestReadSetsOfHooks(t *testing.T) {
	job := map[string]string{"all/hook.yaml": strings.Replace(hook, "db/*.sql,schema", "db/*.sql", 1), "db/1.sql": "one"}
	other := map[string]string{"all/a.yaml": plain["all/a.yaml"], "db/1.sql": "one"}
	made, err := newMaker(t).Make(t.Context(), trees(other, job), several(extra, extra))
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Hooks) != 1 || made.Hooks[0].Source != 1 {
		t.Fatalf("%+v", made.Hooks)
	}
	for i, c := range []struct{ same bool }{{true}, {false}} {
		files := []map[string]string{maps.Clone(other), maps.Clone(job)}
		files[i]["db/1.sql"] = "two"
		if same, err := made.StillHolds(trees(files...), make([]string, len(files))); same != c.same || err != nil {
			t.Errorf("a change in source %d: holds %t, %v", i, same, err)
		}
	}
}
