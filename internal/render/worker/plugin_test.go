package worker

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/plugin"
	"evenkeel.dev/internal/render/plugin/jail"
	"evenkeel.dev/internal/render/trace"
)

func newJail(t *testing.T, o jail.Options) *jail.Jail {
	t.Helper()
	o.Dir = t.TempDir()
	j, err := jail.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		j.Close()
		if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
			t.Errorf("left of plugins: %v %v", left, err)
		}
	})
	return j
}

func shell(name, script string) v1alpha1.ConfigManagementPlugin {
	p := v1alpha1.ConfigManagementPlugin{}
	p.Metadata.Name = name
	p.Spec.Generate.Command = []string{"sh", "-c", script}
	return p
}

// TestPlugin: a worker has a plugin found and run by its parent and makes objects of
// what it wrote; all that the plugin was given counts as read.
func TestPlugin(t *testing.T) {
	t.Parallel()
	p := shell("subst", `sed "s/NAME/$ARGOCD_APP_NAME-$ARGOCD_ENV_X/" *.yaml; cat ../lib/b.yaml`)
	p.Spec.Discover.Find.Command = []string{"sh", "-c", "grep -l subst *.yaml"}
	r := render.Request{
		Source:  &v1alpha1.ApplicationSource{Path: "app", Plugin: &v1alpha1.ApplicationSourcePlugin{Env: []*v1alpha1.EnvEntry{{Name: "X", Value: "$ARGOCD_APP_NAMESPACE"}}}},
		AppName: "shop", AppNamespace: "prod", Options: render.Options{Plugins: []v1alpha1.ConfigManagementPlugin{p}},
	}
	files := map[string]string{
		"app/a.yaml": "# subst\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\n---\n",
		"lib/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n",
		"README.md":  "r",
	}
	pool := newPool(t, Options{Size: 1, Plugins: newJail(t, jail.Options{})})
	got := outcomeOf(t.Context(), pool.Render, r, files)
	names, read := "", ""
	for _, o := range got.Objects {
		names += o["metadata"].(map[string]any)["name"].(string) + " "
	}
	for _, e := range got.Reads {
		if e.Question == trace.Content && e.Answer != "" {
			read += e.Path + " "
		}
	}
	if diff := cmp.Diff([]string{"Plugin", "", "shop-prod b ", "README.md app/a.yaml lib/b.yaml "}, []string{got.SourceType, got.Err, names, read}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r.Source.Plugin = nil // is found all the same
	if again := outcomeOf(t.Context(), pool.Render, r, files); again.SourceType != v1alpha1.SourceTypePlugin {
		t.Errorf("without plugin: %+v", again)
	}
	r.GeneratePaths = "."
	part := outcomeOf(t.Context(), pool.Render, r, files)
	for _, e := range part.Reads {
		if e.Path == "README.md" || e.Path == "lib/b.yaml" {
			t.Errorf("with paths: %+v is read", e)
		}
	}
	if !strings.Contains(part.Err, "lib/b.yaml") {
		t.Errorf("with paths: %q", part.Err)
	}
}

// TestPluginOwnTime: a plugin that takes longer than a rendering may has its own time,
// and one that never ends does not take the others' with it.
func TestPluginOwnTime(t *testing.T) {
	t.Parallel()
	plugins := []v1alpha1.ConfigManagementPlugin{shell("ends", "sleep 2; echo '{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}'"), shell("never", "sleep 1000")}
	pool := newPool(t, Options{Size: 2, Timeout: time.Second, Plugins: newJail(t, jail.Options{Timeout: 5 * time.Second})})
	do := func(name string) outcome {
		return outcomeOf(t.Context(), pool.Render, render.Request{
			Source: &v1alpha1.ApplicationSource{Path: ".", Plugin: &v1alpha1.ApplicationSourcePlugin{Name: name}}, Options: render.Options{Plugins: plugins},
		}, map[string]string{"a": "x"})
	}
	never := make(chan outcome)
	go func() { never <- do("never") }()
	if got := do("ends"); got.Err != "" || len(got.Objects) != 1 {
		t.Errorf("got %+v", got)
	}
	if got := <-never; !strings.HasPrefix(got.Err, "unavailable: plugin never: generate: took longer than 5s") {
		t.Errorf("got %q", got.Err)
	}
}

// TestPluginRefused: a worker gets the plugin's error with its kind, and none without a Runner.
func TestPluginRefused(t *testing.T) {
	t.Parallel()
	r := render.Request{
		Source:  &v1alpha1.ApplicationSource{Path: ".", Plugin: &v1alpha1.ApplicationSourcePlugin{Name: "p"}},
		Options: render.Options{Plugins: []v1alpha1.ConfigManagementPlugin{shell("p", "true")}},
	}
	pool := newPool(t, Options{Size: 1})
	if got := outcomeOf(t.Context(), pool.Render, r, map[string]string{"a": "x"}); !strings.HasPrefix(got.Err, "unsupported: plugin p: plugins are not run here") {
		t.Errorf("got %q", got.Err)
	}
	r.Runner = refusing{}
	if got := outcomeOf(t.Context(), pool.Render, r, map[string]string{"a": "x"}); !strings.HasPrefix(got.Err, "denied: not you") {
		t.Errorf("got %q", got.Err)
	}
}

type refusing struct{}

func (refusing) Run(context.Context, fs.FS, []v1alpha1.ConfigManagementPlugin, plugin.Job) ([]byte, error) {
	return nil, fault.New(fault.Denied, "not you")
}
