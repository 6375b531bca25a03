package plugin_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/tree"
)

// runner answers by plugin and task, and notes what was run.
type runner struct {
	answers map[string]string
	ran     []string
}

func (r *runner) Run(_ context.Context, _ fs.FS, _ []v1alpha1.ConfigManagementPlugin, j plugin.Job) ([]byte, error) {
	key := j.Plugin + " " + string(j.Task)
	r.ran = append(r.ran, key+" in "+j.Dir+" of "+j.Root)
	answer, ok := r.answers[key]
	if !ok {
		return nil, fault.New(fault.Unavailable, "%s: out of time", key)
	}
	return []byte(answer), nil
}

func declared(name string, rule v1alpha1.PluginDiscover) v1alpha1.ConfigManagementPlugin {
	p := v1alpha1.ConfigManagementPlugin{}
	p.Metadata.Name = name
	p.Spec.Generate.Command = []string{name}
	p.Spec.Discover = rule
	return p
}

func finds(command string) v1alpha1.PluginDiscover {
	return v1alpha1.PluginDiscover{Find: v1alpha1.PluginFind{PluginCommand: v1alpha1.PluginCommand{Command: []string{command}}}}
}

func globs(glob string) v1alpha1.PluginDiscover {
	return v1alpha1.PluginDiscover{Find: v1alpha1.PluginFind{Glob: glob}}
}

// TestFind: which plugin renders a source, by its name or by the rules, as in Argo CD
// (util/app/discovery).
func TestFind(t *testing.T) {
	t.Parallel()
	files := fstest.MapFS{"app/sub/values.yaml": {}, "app/main.star": {}, "other/x": {}}
	deep := declared("deep", globs("**/values.yaml"))
	shallow := declared("shallow", globs("*.yaml"))
	named := declared("named", v1alpha1.PluginDiscover{FileName: "main.*"})
	below := declared("below", v1alpha1.PluginDiscover{FileName: "sub/*.yaml"})
	both := declared("both", v1alpha1.PluginDiscover{FileName: "no", Find: v1alpha1.PluginFind{Glob: "**"}})
	none := declared("none", v1alpha1.PluginDiscover{})
	asks := declared("asks", finds("x"))
	type plugins = []v1alpha1.ConfigManagementPlugin
	for _, c := range []struct {
		reason   string
		declared plugins
		name     string // - asks the rules only
		answer   string // of plugin asks
		want     string
	}{
		{"no plugin", nil, "-", "", ""},
		{"a glob over directories", plugins{deep}, "-", "", "deep"},
		{"a glob without", plugins{shallow}, "-", "", ""},
		{"the first that likes it", plugins{shallow, named, deep}, "-", "", "named"},
		{"a file name with a directory", plugins{below}, "-", "", "below"},
		{"fileName goes before find", plugins{both}, "-", "", ""},
		{"one without a rule is only taken by name", plugins{none}, "-", "", ""},
		{"a command that prints", plugins{asks}, "-", "yes\n", "asks"},
		{"a command that prints an empty line", plugins{asks}, "-", "\n", ""},
		{"a rule that could not be tried stops it", plugins{asks, deep}, "-", "fail", "unavailable: asks find: out of time"},
		{"by name, without a rule", plugins{deep, none}, "none", "", "none"},
		{"by name, with a rule that likes it", plugins{none, deep}, "deep", "", "deep"},
		{"by name, with a rule that does not", plugins{shallow}, "shallow", "", `broken: plugin shallow: its discovery rule does not like "app"`},
		{"an unknown name", plugins{deep}, "x", "", `not found: there is no plugin "x" (declared are: deep); a plugin with a version is called NAME-VERSION`},
		{"plugin without a name", plugins{none, deep}, "", "", "deep"},
		{"plugin without a name that nobody likes", plugins{none}, "", "", `broken: no plugin's discovery rule likes "app"; say plugin.name (declared are: none)`},
	} {
		t.Run(c.reason, func(t *testing.T) {
			t.Parallel()
			r := &runner{answers: map[string]string{}}
			if c.answer != "fail" {
				r.answers["asks find"] = c.answer
			}
			in := plugin.Input{FS: files, Files: tree.NewReader(t.Context(), files, tree.DefaultBudget), Dir: "app", Root: ".", Declared: c.declared, Runner: r}
			var got string
			var err error
			if c.name == "-" {
				got, err = plugin.Discover(t.Context(), in)
			} else {
				got, err = plugin.Named(t.Context(), in, c.name)
			}
			if err != nil {
				got = fault.KindOf(err).String() + ": " + err.Error()
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestBroken: a tree that cannot be looked at is no tree without the file.
func TestBroken(t *testing.T) {
	t.Parallel()
	for _, rule := range []v1alpha1.PluginDiscover{globs("**/x"), {FileName: "x*"}} {
		files := broken{}
		in := plugin.Input{FS: files, Files: tree.NewReader(t.Context(), files, tree.DefaultBudget), Dir: ".", Root: ".", Declared: []v1alpha1.ConfigManagementPlugin{declared("p", rule)}}
		if got, err := plugin.Discover(t.Context(), in); err == nil {
			t.Errorf("%v: got %q and no error", rule, got)
		}
	}
}

type broken struct{}

func (broken) Open(string) (fs.File, error) { return nil, errors.New("the mirror is damaged") }

// TestParameters: what a command announces goes first, and what it says wrong is not
// repeated.
func TestParameters(t *testing.T) {
	t.Parallel()
	p := declared("p", v1alpha1.PluginDiscover{})
	p.Spec.Parameters.Static = []v1alpha1.PluginParameter{{Name: "static"}}
	p.Spec.Parameters.Dynamic.Command = []string{"x"}
	for answer, want := range map[string]string{
		`[{"name": "replicas", "collectionType": "string"}]`: "replicas static",
		"":              "broken: plugin p: parameters.dynamic writes no JSON list of parameter announcements",
		`{"secret": 1}`: "broken: plugin p: parameters.dynamic writes no JSON list of parameter announcements",
		"fail":          "unavailable: p announce: out of time",
	} {
		r := &runner{answers: map[string]string{"p announce": answer}}
		if answer == "fail" {
			r.answers = nil
		}
		all, err := plugin.Parameters(t.Context(), plugin.Input{Dir: ".", Root: ".", Declared: []v1alpha1.ConfigManagementPlugin{p}, Runner: r}, "p")
		var names []string
		for _, a := range all {
			names = append(names, a.Name)
		}
		got := strings.Join(names, " ")
		if err != nil {
			got = fault.KindOf(err).String() + ": " + err.Error()
		}
		if got != want {
			t.Errorf("%s: got %q, want %q", answer, got, want)
		}
	}
}

// TestEnv is what Argo CD's getPluginEnvs makes of the same source.
func TestEnv(t *testing.T) {
	t.Parallel()
	text := "3"
	build := buildenv.Env{AppName: "shop", AppNamespace: "prod", ProjectName: "p", Revision: "0123456789abcdef", SourceRepoURL: "https://git.example.com/r", SourcePath: "app", SourceTargetRevision: "main", KubeVersion: "1.37.2", KubeAPIVersions: []string{"v1", "apps/v1"}}
	got, err := plugin.Env(build, &v1alpha1.ApplicationSourcePlugin{
		Env: []*v1alpha1.EnvEntry{{Name: "FOO", Value: "$ARGOCD_APP_NAME-$$X"}, nil, {Value: "no name"}},
		Parameters: []v1alpha1.ApplicationSourcePluginParameter{
			{Name: "my-replicas", String: &text}, {Name: "hosts", Array: []string{"a", "b"}}, {Name: "labels", Map: map[string]string{"b.c": "2", "a": "1"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ARGOCD_APP_NAME=shop", "ARGOCD_APP_NAMESPACE=prod", "ARGOCD_APP_PROJECT_NAME=p", "ARGOCD_APP_REVISION=0123456789abcdef",
		"ARGOCD_APP_REVISION_SHORT=0123456", "ARGOCD_APP_REVISION_SHORT_8=01234567", "ARGOCD_APP_SOURCE_REPO_URL=https://git.example.com/r",
		"ARGOCD_APP_SOURCE_PATH=app", "ARGOCD_APP_SOURCE_TARGET_REVISION=main", "KUBE_VERSION=1.37.2", "KUBE_API_VERSIONS=v1,apps/v1",
		"ARGOCD_ENV_FOO=shop-$X",
		`ARGOCD_APP_PARAMETERS=[{"name":"my-replicas","string":"3"},{"name":"hosts","array":["a","b"]},{"name":"labels","map":{"a":"1","b.c":"2"}}]`,
		"PARAM_MY_REPLICAS=3", "PARAM_HOSTS_0=a", "PARAM_HOSTS_1=b", "PARAM_LABELS_A=1", "PARAM_LABELS_B_C=2",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, err := plugin.Env(build, &v1alpha1.ApplicationSourcePlugin{Env: []*v1alpha1.EnvEntry{{Name: "X", Value: strings.Repeat("x", 200_000)}}}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a value that no program can be started with: %v", err)
	}
}

// TestRoot: the directory that is copied, as Argo CD's getApplicationRootPath has it.
func TestRoot(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"": ".", ".": "team/app", "/": ".", "..": "team", "../lib": "team", ".;/team/base": "team", "/other": ".", "../../..": ".",
		"/team/app/**/*.yaml": "team/app", "/team/*/x": "team", " ; ": "team/app", "/team/ap": "team", "/team/app2": "team", "sub": "team/app",
	} {
		if got := plugin.Root("team/app", in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

// TestRootHolds: whatever the annotation says, the root is in the tree and holds the source.
func TestRootHolds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		dir := rapid.StringMatching(`[a-c](/[a-c]){0,3}`).Draw(t, "dir")
		root := plugin.Root(dir, rapid.StringMatching(`([a-c./*;?{\[]{0,6}){0,4}`).Draw(t, "paths"))
		if !fs.ValidPath(root) || root != "." && root != dir && !strings.HasPrefix(dir, root+"/") {
			t.Fatal(fmt.Sprintf("%q of %q", root, dir))
		}
	})
}
