package rendering

import (
	"maps"
	"slices"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/test/memtree"
)

// newMaker serves what is built in and nothing of others.
func newMaker(t *testing.T) *Maker {
	t.Helper()
	conn, err := cluster.Connect(&rest.Config{Host: "http://nobody"})
	if err != nil {
		t.Fatal(err)
	}
	kinds := cluster.New(cluster.Options{Conn: conn}).Kinds()
	c, err := cache.Open(cache.Options{Render: render.Render})
	if err != nil {
		t.Fatal(err)
	}
	return &Maker{Cache: c, Kinds: func() *cluster.Kinds { return kinds }, KubeVersion: func() string { return "v1.37.2" }}
}

func newRequest() Request {
	p := &v1alpha1.AppProject{ObjectMeta: metav1.ObjectMeta{Name: "default"}, Spec: project.Default()}
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop"}}
	app.Spec.Destination = v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer, Namespace: "prod"}
	return Request{
		App: app, Instance: "shop", Origin: resource.Origin{
			Sources: []v1alpha1.ApplicationSource{{RepoURL: "https://git.example.com/shop.git", Path: "web"}}, Revisions: []string{"r1"},
		},
		Project: p, Rules: project.New(p), Settings: settings.Snapshot{HelmEnabled: true, KustomizeEnabled: true},
	}
}

const hook = `apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: {argocd.argoproj.io/hook: PreSync, evenkeel.dev/run: once-per-input, evenkeel.dev/inputs: "db/*.sql,schema"}
spec: {template: {spec: {restartPolicy: Never, containers: [{name: main, image: "m@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"}]}}}
`

// TestReadSet: a commit needs a new rendering if it changes a manifest or an input of
// a hook, and only then.
func TestReadSet(t *testing.T) {
	base := map[string]string{
		"web/hook.yaml": hook, "web/config.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\n",
		"db/1.sql": "one", "db/notes.txt": "n", "schema/deep/a": "a", "README.md": "r",
	}
	made, err := newMaker(t).Make(t.Context(), []trace.Tree{memtree.New(base)}, newRequest())
	if err != nil {
		t.Fatal(err)
	}
	if len(made.Claims) != 1 || len(made.Hooks) != 1 {
		t.Fatalf("%d objects, %d hooks", len(made.Claims), len(made.Hooks))
	}
	for _, c := range []struct {
		why, name, content string
		same               bool
	}{
		{why: "nothing", name: "README.md", content: "r", same: true},
		{why: "a file that nobody reads", name: "README.md", content: "other", same: true},
		{why: "a file that no pattern matches", name: "db/notes.txt", content: "other", same: true},
		{why: "a manifest", name: "web/config.yaml", content: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"},
		{why: "a new manifest", name: "web/new.yaml", content: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\n"},
		{why: "an input", name: "db/1.sql", content: "two"},
		{why: "a new input", name: "db/2.sql", content: "two"},
		{why: "an input that is gone", name: "db/1.sql"},
		{why: "a file in a directory that is an input", name: "schema/deep/a", content: "b"},
		{why: "a new file in it", name: "schema/deep/b", content: "b"},
	} {
		files := maps.Clone(base)
		files[c.name] = c.content
		if c.content == "" {
			delete(files, c.name)
		}
		if same, err := made.StillHolds([]trace.Tree{memtree.New(files)}, []string{"later"}); same != c.same || err != nil {
			t.Errorf("%s: holds %t, %v", c.why, same, err)
		}
	}
	paths := ""
	for _, e := range made.Reads[0] {
		paths += e.Path + "\n"
	}
	if strings.Contains(paths, "README") {
		t.Errorf("read %s", paths)
	}
}

func TestReadInputsThatCannotBe(t *testing.T) {
	for _, bad := range []struct{ inputs, want string }{
		{"../secret/*", "../secret/*"},
		{"[a", "[a"},
		// Each of these would take all time and memory there is, and not a render worker's.
		{strings.Repeat("**/a/", 12) + "**", "more than 2 times **"},
		{strings.Repeat("{a,b}", 40), "more than 2 times {}"},
		{strings.Repeat("a*", 1000), "more than 1024 bytes"},
		{strings.Repeat("a*,", 1000), "more than 100 paths and globs"},
	} {
		files := map[string]string{"web/hook.yaml": strings.Replace(hook, "db/*.sql,schema", bad.inputs, 1), strings.Repeat("a/", 40) + "1.sql": "x"}
		if _, err := newMaker(t).Make(t.Context(), []trace.Tree{memtree.New(files)}, newRequest()); err == nil || !strings.Contains(err.Error(), bad.want) || len(err.Error()) > 300 {
			t.Errorf("%.20q: %v", bad.inputs, err)
		}
	}
}

// TestDigest: what is not in the repository and changes a rendering changes its digest;
// what says nothing about objects does not.
func TestDigest(t *testing.T) {
	m := newMaker(t)
	base := m.Digest(newRequest(), nil)
	seen := []string{base}
	for _, c := range []struct {
		why    string
		change func(r *Request)
		same   bool
	}{
		{why: "nothing", change: func(*Request) {}, same: true},
		{why: "path", change: func(r *Request) { r.Origin.Sources[0].Path = "other" }},
		{why: "repository", change: func(r *Request) { r.Origin.Sources[0].RepoURL = "https://git.example.com/other.git" }},
		{why: "another source", change: func(r *Request) {
			r.Origin.Sources, r.Origin.Listed = append(r.Origin.Sources, v1alpha1.ApplicationSource{Ref: "values"}), true
		}},
		{why: "a list of one, whose status is one of lists", change: func(r *Request) { r.Origin.Listed = true }},
		{why: "revisions", same: true, change: func(r *Request) { r.Origin.Revisions = []string{"r2"} }},
		{why: "parameters", change: func(r *Request) {
			r.Origin.Sources[0].Helm = &v1alpha1.ApplicationSourceHelm{ReleaseName: "x"}
		}},
		{why: "instance", change: func(r *Request) { r.Instance = "other" }},
		{why: "namespace", change: func(r *Request) { r.App.Spec.Destination.Namespace = "other" }},
		{why: "project's name", change: func(r *Request) { r.App.Spec.Project = "other" }},
		{why: "what the project permits", change: func(r *Request) {
			r.Project.Spec.NamespaceResourceBlacklist = []metav1.GroupKind{{Kind: "Secret"}}
		}},
		{why: "ignored differences", change: func(r *Request) {
			r.App.Spec.IgnoreDifferences = []v1alpha1.ResourceIgnoreDifferences{{Kind: "ConfigMap", JSONPointers: []string{"/data"}}}
		}},
		{why: "ignored differences of the system", change: func(r *Request) {
			r.Settings.IgnoreDifferences = []v1alpha1.ResourceIgnoreDifferences{{Kind: "Secret", JSONPointers: []string{"/data"}}}
		}},
		{why: "sync options", change: func(r *Request) {
			r.App.Spec.SyncPolicy = &v1alpha1.SyncPolicy{SyncOptions: []string{"RespectIgnoreDifferences=true"}}
		}},
		{why: "Helm is off", change: func(r *Request) { r.Settings.HelmEnabled = false }},
		{why: "options of kustomize", change: func(r *Request) { r.Settings.KustomizeBuildOptions = "--enable-helm" }},
		{why: "options of a version of kustomize", change: func(r *Request) {
			r.Settings.KustomizeVersionOptions = map[string]string{"v4.0.0": "--enable-helm"}
		}},
		{why: "a plugin", change: func(r *Request) {
			r.Settings.Plugins = []v1alpha1.ConfigManagementPlugin{{Spec: v1alpha1.ConfigManagementPluginSpec{Version: "v1"}}}
		}},
		{why: "what plugins get of the tree", change: func(r *Request) {
			r.Settings.PluginsUseGeneratePaths = true
			r.App.Annotations = map[string]string{v1alpha1.AnnotationManifestGeneratePaths: "."}
		}},
		{why: "what plugins would get of the tree", same: true, change: func(r *Request) {
			r.App.Annotations = map[string]string{v1alpha1.AnnotationManifestGeneratePaths: "."}
		}},
		{why: "sync windows", same: true, change: func(r *Request) {
			r.Project.Spec.SyncWindows = v1alpha1.SyncWindows{{Kind: "deny", Schedule: "* * * * *", Duration: "1h"}}
		}},
		{why: "roles", same: true, change: func(r *Request) { r.Project.Spec.Roles = []v1alpha1.ProjectRole{{Name: "dev"}} }},
		{why: "automated sync", same: true, change: func(r *Request) {
			r.App.Spec.SyncPolicy = &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: true}}
		}},
		{why: "annotations", same: true, change: func(r *Request) { r.App.Annotations = map[string]string{v1alpha1.AnnotationPin: "x"} }},
		{why: "how soon it heals", same: true, change: func(r *Request) { r.Settings.SelfHeal.Factor = 9 }},
	} {
		r := newRequest()
		c.change(&r)
		got := m.Digest(r, nil)
		if (got == base) != c.same {
			t.Errorf("%s: same %t", c.why, got == base)
		}
		if !c.same && slices.Contains(seen, got) {
			t.Errorf("%s: that of another change", c.why)
		}
		seen = append(seen, got)
	}
	r := newRequest()
	r.Project.Spec.SyncWindows = v1alpha1.SyncWindows{{Kind: "deny"}}
	if m.Digest(r, nil); len(r.Project.Spec.SyncWindows) != 1 {
		t.Error("the project was changed")
	}
}

// TestDigestOfKinds: what the cluster serves counts for charts, and for objects of a
// kind that was not known.
func TestDigestOfKinds(t *testing.T) {
	m := newMaker(t)
	files := map[string]string{"web/a.yaml": "apiVersion: example.com/v1\nkind: Widget\nmetadata: {name: w}\n"}
	made, err := m.Make(t.Context(), []trace.Tree{memtree.New(files)}, newRequest())
	if err != nil {
		t.Fatal(err)
	}
	if made.Spec != m.Digest(newRequest(), made) {
		t.Error("the digest of a rendering is not that of the same request")
	}
	plain := *made
	plain.Claims = nil
	chart := plain
	chart.OfAPIs = true
	later := &Maker{Kinds: func() *cluster.Kinds { return discovered(t) }, KubeVersion: m.KubeVersion, Cache: m.Cache}
	for _, c := range []struct {
		why  string
		have *Rendering
		same bool
	}{{"no object of it", &plain, true}, {"an object of it", made, false}, {"a chart", &chart, false}} {
		if same := m.Digest(newRequest(), c.have) == later.Digest(newRequest(), c.have); same != c.same {
			t.Errorf("%s: same %t", c.why, same)
		}
	}
}
