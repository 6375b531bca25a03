package render_test

import (
	"io/fs"
	"testing"
	"testing/fstest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
)

// awayFS cannot read one name just now, as a mirror under repair.
type awayFS struct {
	fstest.MapFS
	name string
}

func (f awayFS) fail(op, name string) error {
	if name != f.name {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: fault.New(fault.Unavailable, "away")}
}

func (f awayFS) Stat(name string) (fs.FileInfo, error) {
	if err := f.fail("stat", name); err != nil {
		return nil, err
	}
	return f.MapFS.Stat(name)
}

func (f awayFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if err := f.fail("readdir", name); err != nil {
		return nil, err
	}
	return f.MapFS.ReadDir(name)
}

func (f awayFS) ReadFile(name string) ([]byte, error) {
	if err := f.fail("read", name); err != nil {
		return nil, err
	}
	return f.MapFS.ReadFile(name)
}

// TestWhatIsAwayIsNotBroken: an error of the tree that passes must come out as one
// that passes, wherever it is met. As fault.Broken the rendering would not be tried
// again, and as a name that is not there it would leave something out.
func TestWhatIsAwayIsNotBroken(t *testing.T) {
	t.Parallel()
	chart := "apiVersion: v2\nname: x\nversion: 1.0.0\n"
	repo := fstest.MapFS{
		"plain/a.yaml": file(configMap), "plain/sub/b.yaml": file(configMap),
		"kust/kustomization.yaml": file("resources: [a.yaml, ../base]\ncomponents: [c]\npatches: [{path: p.yaml}]\nconfigMapGenerator: [{name: g, files: [g.txt]}]\n"),
		"kust/a.yaml":             file(configMap), "kust/p.yaml": file(configMap), "kust/g.txt": file("g"),
		"kust/c/kustomization.yaml": file("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n"),
		"kust/d/kustomization.yaml": file("apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnamePrefix: c-\n"),
		"base/kustomization.yaml":   file("resources: [b.yaml]\n"), "base/b.yaml": file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: b}\n"),
		"chart/Chart.yaml": file(chart + "dependencies: [{name: lib, version: '*', repository: 'file://../lib'}]\n"), "chart/values.yaml": file("a: b\n"),
		"chart/templates/a.yaml": file(configMap), "chart/.helmignore": file("x\n"), "chart/files/x.txt": file("x"), "lib/Chart.yaml": file("apiVersion: v2\nname: lib\nversion: 1.0.0\n"),
		"v/a.yaml": file("a: c\n"), "v/b.txt": file("b"),
		"net/a.jsonnet":      file("{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: import 'n.libsonnet' }, data: { t: importstr 't.txt' } }"),
		"vendor/n.libsonnet": file("'n'"), "net/t.txt": file("t"),
	}
	plain := v1alpha1.ApplicationSource{Path: "plain", Directory: &v1alpha1.ApplicationSourceDirectory{Recurse: true}}
	kust := v1alpha1.ApplicationSource{Path: "kust", Kustomize: &v1alpha1.ApplicationSourceKustomize{
		Components: []string{"d", "e*/x"}, IgnoreMissingComponents: true,
	}}
	bare := v1alpha1.ApplicationSource{Path: "kust"}
	helm := v1alpha1.ApplicationSource{Path: "chart", Helm: &v1alpha1.ApplicationSourceHelm{
		ValueFiles: []string{"../v/a.yaml", "/v/*.yaml"}, IgnoreMissingValueFiles: true, FileParameters: []v1alpha1.HelmFileParameter{{Name: "b", Path: "../v/b.txt"}},
	}}
	net := v1alpha1.ApplicationSource{Path: "net", Directory: &v1alpha1.ApplicationSourceDirectory{Jsonnet: v1alpha1.ApplicationSourceJsonnet{Libs: []string{"vendor"}}}}
	for _, tt := range []struct {
		source v1alpha1.ApplicationSource
		names  []string
	}{
		{net, []string{"net/a.jsonnet", "net/n.libsonnet", "vendor/n.libsonnet", "net/t.txt"}},
		{plain, []string{"plain", "plain/a.yaml", "plain/sub", "plain/sub/b.yaml", "plain/.argocd-source.yaml", "plain/.argocd-source-x.yaml"}},
		{v1alpha1.ApplicationSource{Path: "plain"}, []string{"plain/kustomization.yaml", "plain/kustomization.yml", "plain/Kustomization", "plain/Chart.yaml"}},
		{kust, []string{"kust/kustomization.yaml", "kust/kustomization.yml", "kust", "kust/d", "kust/d/kustomization.yaml"}},
		{bare, []string{"kust/a.yaml", "base", "base/kustomization.yaml", "base/kustomization.yml", "base/b.yaml", "kust/c", "kust/c/kustomization.yaml", "kust/p.yaml", "kust/g.txt"}},
		{helm, []string{
			"chart", "chart/Chart.yaml", "chart/values.yaml", "chart/templates", "chart/templates/a.yaml", "chart/.helmignore", "chart/files", "chart/files/x.txt",
			"lib", "lib/Chart.yaml", "lib/.helmignore", "v", "v/a.yaml", "v/b.txt",
		}},
	} {
		request := render.Request{FS: repo, Source: &tt.source, AppName: "x"}
		if _, err := render.Render(t.Context(), request); err != nil {
			t.Errorf("%s: %v", tt.source.Path, err)
			continue
		}
		for _, name := range tt.names {
			request.FS = awayFS{repo, name}
			result, err := render.Render(t.Context(), request)
			if fault.KindOf(err) != fault.Unavailable || !fault.KindOf(err).Transient() || result.Objects != nil {
				t.Errorf("%s without %s: %d objects, %v of kind %s", tt.source.Path, name, len(result.Objects), err, fault.KindOf(err))
			}
		}
	}
}
