package cache

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/test/memtree"
)

// counting is a Cache and how often it rendered.
type counting struct {
	*Cache
	renders int
}

func open(t interface{ Fatal(...any) }, dir string) *counting {
	c := &counting{}
	var err error
	c.Cache, err = Open(Options{Dir: dir, Program: "1", Render: func(ctx context.Context, r render.Request) (render.Result, error) {
		c.renders++
		return render.Render(ctx, r)
	}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func treesOf(main map[string]string, refs map[string]map[string]string) Trees {
	out := Trees{Main: trace.New(memtree.New(main)), Refs: map[string]*trace.FS{}}
	for name, files := range refs {
		out.Refs[name] = trace.New(memtree.New(files))
	}
	return out
}

func show(t interface{ Fatal(...any) }, made Made, err error) string {
	if err != nil {
		return err.Error()
	}
	made.Known = false
	b, err := json.Marshal(made)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// sources are one of each kind, which share files.
var sources = map[string]v1alpha1.ApplicationSource{
	"plain":     {Path: "plain", Directory: &v1alpha1.ApplicationSourceDirectory{Recurse: true}},
	"kustomize": {Path: "overlay"},
	"helm":      {Path: "chart", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"$env/values/*.yaml", "../values.yaml", "$env/maybe.yaml"}, IgnoreMissingValueFiles: true}},
	"jsonnet":   {Path: "programs", Directory: &v1alpha1.ApplicationSourceDirectory{Jsonnet: v1alpha1.ApplicationSourceJsonnet{Libs: []string{"lib"}}}},
}

func configMap(name, value string) string {
	return fmt.Sprintf("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\ndata: {x: %q}\n", name, value)
}

// drawFiles are a repository; some of its files are there or not, and have one of a few contents.
func drawFiles(t *rapid.T) (main, env map[string]string) {
	pick := func(label string) string { return rapid.SampledFrom([]string{"1", "2"}).Draw(t, label) }
	main = map[string]string{
		"plain/a.yaml":                 configMap("a", pick("plain a")),
		"base/kustomization.yaml":      "resources: [a.yaml]\n",
		"base/a.yaml":                  configMap("a", pick("base a")),
		"component/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c" + pick("component") + "-\n",
		"overlay/kustomization.yaml":   "resources: [../base]\ncomponents: [../component]\n",
		"chart/Chart.yaml":             "apiVersion: v2\nname: c\nversion: 1.0.0\n",
		"chart/values.yaml":            "x: \"" + pick("chart values") + "\"\n",
		"chart/templates/a.yaml":       "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {x: \"{{ .Values.x }}\"}\n",
		"programs/a.jsonnet":           "local b = import 'b.libsonnet'; {apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: 'a'}, data: {x: b}}\n",
		"README.md":                    pick("readme"),
	}
	env = map[string]string{"values/a.yaml": "y: \"" + pick("env a") + "\"\n", "other.yaml": pick("env other")}
	for name, content := range map[string]string{
		"plain/sub/b.yaml": configMap("b", "1"), "values.yaml": "x: \"9\"\n", "lib/b.libsonnet": "'lib'", "programs/b.libsonnet": "'beside'",
		"chart/templates/b.yaml": configMap("b", "1"), "overlay/unused.yaml": "x", "plain/.argocd-source.yaml": "directory: {recurse: false}\n",
	} {
		if rapid.Bool().Draw(t, name) {
			main[name] = content
		}
	}
	for name, content := range map[string]string{"values/b.yaml": "x: \"7\"\n", "maybe.yaml": "x: \"8\"\n"} {
		if rapid.Bool().Draw(t, "env "+name) {
			env[name] = content
		}
	}
	return main, env
}

// TestSameAsFresh: for random repositories and random commits, with restarts between
// them, what the cache answers is what a fresh rendering says, and what it says was read is
// what that reads.
func TestSameAsFresh(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	known, all := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := open(t, dir) // what other runs left is there
		for range rapid.IntRange(1, 4).Draw(t, "commits") {
			main, env := drawFiles(t)
			for _, name := range slices.Sorted(maps.Keys(sources)) {
				source := sources[name]
				r := render.Request{Source: &source, AppName: "app", AppNamespace: "ns"}
				cached := treesOf(main, map[string]map[string]string{"env": env})
				fresh := treesOf(main, map[string]map[string]string{"env": env})
				got, err := c.Render(t.Context(), cached, r, false)
				want, wantErr := open(t, "").Render(t.Context(), fresh, r, false)
				if diff := cmp.Diff(show(t, want, wantErr), show(t, got, err)); diff != "" {
					t.Fatalf("%s (-fresh +cached):\n%s", name, diff)
				}
				if all++; got.Known {
					known++
				}
				if wantErr != nil {
					continue
				}
				reads, _ := cached.Main.ReadSet()
				wantReads, _ := fresh.Main.ReadSet()
				if diff := cmp.Diff(wantReads, reads); diff != "" {
					t.Fatalf("%s reads (-fresh +cached):\n%s", name, diff)
				}
			}
		}
	})
	if known < all/10 {
		t.Errorf("of %d renderings %d were known", all, known)
	}
}

var base = map[string]string{"app/a.yaml": configMap("a", "1"), "README.md": "x"}

func request() render.Request {
	return render.Request{Source: &v1alpha1.ApplicationSource{Path: "app"}, AppName: "app", AppNamespace: "ns"}
}

// TestWhatIsRenderedAnew: what was made is not made again, until something that it
// depends on is another.
func TestWhatIsRenderedAnew(t *testing.T) {
	t.Parallel()
	with := func(name, content string) map[string]string {
		files := maps.Clone(base)
		files[name] = content
		return files
	}
	for _, tt := range []struct {
		reason string
		files  map[string]string
		change func(r *render.Request)
		fresh  bool
		want   int
	}{
		{reason: "nothing changed", files: base},
		{reason: "a file that it does not read", files: with("README.md", "y")},
		{reason: "a file that it reads", files: with("app/a.yaml", configMap("a", "2")), want: 1},
		{reason: "a new file where it looks", files: with("app/b.yaml", configMap("b", "2")), want: 1},
		{reason: "another revision", files: base, change: func(r *render.Request) { r.Revision = "r2" }},
		{reason: "another name", files: base, change: func(r *render.Request) { r.AppName = "other" }, want: 1},
		{reason: "another option", files: base, change: func(r *render.Request) { r.Options.HelmDisabled = true }, want: 1},
		{reason: "it was asked for", files: base, fresh: true, want: 1},
	} {
		t.Run(tt.reason, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if _, err := open(t, dir).Render(t.Context(), treesOf(base, nil), request(), false); err != nil {
				t.Fatal(err)
			}
			c, r := open(t, dir), request()
			if tt.change != nil {
				tt.change(&r)
			}
			if _, err := c.Render(t.Context(), treesOf(tt.files, nil), r, tt.fresh); err != nil || c.renders != tt.want {
				t.Errorf("rendered %d times, want %d; %v", c.renders, tt.want, err)
			}
		})
	}
}

// TestOfRevision: one with the revision in it is another one at each revision.
func TestOfRevision(t *testing.T) {
	t.Parallel()
	c, r := open(t, t.TempDir()), request()
	r.Source.Directory = &v1alpha1.ApplicationSourceDirectory{Jsonnet: v1alpha1.ApplicationSourceJsonnet{ExtVars: []v1alpha1.JsonnetVar{{Name: "r", Value: "$ARGOCD_APP_REVISION"}}}}
	files := map[string]string{"app/a.jsonnet": "{apiVersion: 'v1', kind: 'ConfigMap', metadata: {name: std.extVar('r')}}"}
	for i, revision := range []string{"r1", "r2", "r1"} {
		r.Revision = revision
		made, err := c.Render(t.Context(), treesOf(files, nil), r, false)
		if err != nil || made.Objects[0].GetName() != revision || !made.OfRevision || made.Known != (i == 2) {
			t.Errorf("%s: %v, %v", revision, made, err)
		}
	}
}

// shop is a Fetcher of one chart whose version moves.
type shop struct {
	version string
	err     error
}

func (s *shop) Fetch(context.Context, remote.Want) (remote.Got, error) {
	files := memtree.New(map[string]string{"Chart.yaml": "apiVersion: v2\nname: dep\nversion: 1.0." + s.version + "\n", "templates/a.yaml": configMap("a", s.version)})
	return remote.Got{FS: files, Digest: s.version, Version: s.version}, s.err
}

// TestWants: what is elsewhere counts as much as what is here.
func TestWants(t *testing.T) {
	t.Parallel()
	c, r, s := open(t, t.TempDir()), request(), &shop{version: "1"}
	r.Fetcher = s
	files := map[string]string{"app/Chart.yaml": "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies: [{name: dep, version: ^1, repository: 'https://x'}]\n"}
	for _, tt := range []struct {
		reason, version string
		err             error
		renders         int
	}{
		{"the first", "1", nil, 1},
		{"the same", "1", nil, 1},
		{"another answer", "2", nil, 2},
		{"the old answer", "1", nil, 2},
		{"no answer", "1", fault.New(fault.Unavailable, "away"), 3},
	} {
		s.version, s.err = tt.version, tt.err
		made, err := c.Render(t.Context(), treesOf(files, nil), r, false)
		if (err != nil) != (tt.err != nil) || c.renders != tt.renders {
			t.Errorf("%s: %v, %d renders", tt.reason, err, c.renders)
		}
		want := []Wanted{{Want: remote.Want{Kind: remote.Chart, URL: "https://x", Name: "dep", Version: "^1"}, Digest: tt.version, Version: tt.version}}
		if err == nil && !slices.Equal(made.Wants, want) {
			t.Errorf("%s: wants %v", tt.reason, made.Wants)
		}
	}
}

// TestNoSecretOnDisk: neither a Secret nor what its rendering read is in a file.
func TestNoSecretOnDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	secret := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {x: hunter2}\n"
	for i := range 2 {
		if _, err := c.Render(t.Context(), treesOf(map[string]string{"app/a.yaml": secret}, nil), request(), false); err != nil || c.renders != i+1 {
			t.Errorf("%v, %d", err, c.renders)
		}
	}
	if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
		t.Errorf("%v, %v", entries, err)
	}
	for _, w := range []remote.Want{{Kind: remote.File, URL: "https://u:p@x/v"}, {Kind: remote.File, URL: "https://x/v?token=t"}} {
		if !mustNotBeKept(Made{Wants: []Wanted{{Want: w}}}) {
			t.Errorf("%v is kept", w)
		}
	}
}

// TestDamage: a file that was cut off, is nonsense or is gone costs a rendering.
func TestDamage(t *testing.T) {
	t.Parallel()
	for reason, harm := range map[string]func(name string) error{
		"cut off":  func(name string) error { return os.Truncate(name, 40) },
		"empty":    func(name string) error { return os.Truncate(name, 0) },
		"nonsense": func(name string) error { return os.WriteFile(name, []byte("x"), 0o600) },
		"gone":     os.Remove,
	} {
		dir := t.TempDir()
		c := open(t, dir)
		for i := range 3 {
			if _, err := c.Render(t.Context(), treesOf(base, nil), request(), false); err != nil {
				t.Fatal(err)
			}
			if want := min(i+1, 2); i != 2 && c.renders != want {
				t.Errorf("%s: %d renders", reason, c.renders)
			}
			names, _ := filepath.Glob(dir + "/*")
			if len(names) != 1 {
				t.Fatalf("%s: %v", reason, names)
			}
			if i == 0 {
				if err := harm(names[0]); err != nil {
					t.Fatal(err)
				}
			}
		}
		if c.renders != 2 {
			t.Errorf("%s: it was not kept again", reason)
		}
	}
}

// TestBounds: there are a few results of a request, and no more bytes than allowed; the
// oldest go first.
func TestBounds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	for i := range 2 * perRequest {
		if _, err := c.Render(t.Context(), treesOf(map[string]string{"app/a.yaml": configMap("a", fmt.Sprint(i))}, nil), request(), false); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.kept) != perRequest {
		t.Errorf("%d results of one request", len(c.kept))
	}
	c.o.MaxBytes = c.size
	r := request()
	r.AppName = "other"
	if _, err := c.Render(t.Context(), treesOf(base, nil), r, false); err != nil {
		t.Fatal(err)
	}
	if c.size > c.o.MaxBytes || len(c.of(c.digest(r, treesOf(base, nil)))) != 1 {
		t.Errorf("%d bytes of %d, %v", c.size, c.o.MaxBytes, c.kept)
	}
	if err := os.WriteFile(filepath.Join(dir, "x.new"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	again := open(t, dir)
	if again.size != c.size || len(again.kept) != len(c.kept) {
		t.Errorf("after a restart %d bytes, before %d", again.size, c.size)
	}
	if names, _ := filepath.Glob(dir + "/*.new"); len(names) > 0 {
		t.Errorf("left behind: %v", names)
	}
	if i, err := os.Stat(dir); err != nil || strings.Contains(i.Mode().String()[4:], "r") && os.Getuid() != 0 {
		t.Errorf("%v, %v", i.Mode(), err)
	}
}

// TestCutOffPack: what a process that ended was writing takes nothing along that it had
// written before, and nobody goes on there.
func TestCutOffPack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	render := func(c *counting, i int) {
		t.Helper()
		r := request()
		r.AppName = fmt.Sprint(i)
		if _, err := c.Render(t.Context(), treesOf(base, nil), r, false); err != nil {
			t.Fatal(err)
		}
	}
	c := open(t, dir)
	for i := range 3 {
		render(c, i)
	}
	name := c.shelf.path(1)
	if err := os.Truncate(name, c.size-1); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{1, 0} {
		c = open(t, dir)
		for i := range 3 {
			render(c, i)
		}
		if c.renders != want {
			t.Errorf("%d renders, want %d", c.renders, want)
		}
	}
	if packs, _ := filepath.Glob(dir + "/*"); len(packs) != 2 {
		t.Errorf("%v", packs)
	}
}

// TestOldestPackGoes: in a cache that is full, what is used outlives what is not, across
// the packs that it comes to lie in.
func TestOldestPackGoes(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := open(t, dir)
	known := func(name string) bool {
		t.Helper()
		r, before := request(), c.renders
		r.AppName = name
		if _, err := c.Render(t.Context(), treesOf(base, nil), r, false); err != nil {
			t.Fatal(err)
		}
		return c.renders == before
	}
	known("used")
	c.o.MaxBytes = 40 * c.size
	known("unused")
	for i := range 200 {
		if known(fmt.Sprint(i)) || !known("used") {
			t.Fatalf("after %d others", i)
		}
		if c.size > c.o.MaxBytes {
			t.Fatalf("%d bytes of %d", c.size, c.o.MaxBytes)
		}
	}
	if known("unused") || !known("199") {
		t.Error("the oldest of what nobody uses is not the first to go")
	}
	onDisk := int64(0)
	packs, _ := filepath.Glob(dir + "/*")
	for _, p := range packs {
		if i, err := os.Stat(p); err == nil {
			onDisk += i.Size()
		}
	}
	if onDisk != c.size || len(packs) > perCache+1 {
		t.Errorf("%d bytes in %d packs, counted are %d", onDisk, len(packs), c.size)
	}
	if again := open(t, dir); len(again.kept) < len(c.kept) {
		t.Errorf("%d results after a restart, %d before", len(again.kept), len(c.kept))
	}
}
