package render_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
)

func file(content string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte(content), Mode: 0o644}
}

const configMap = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"

// hugeFS says that a file is huge, and panics if it is read all the same.
type hugeFS struct {
	fstest.MapFS
	name string
}

type hugeInfo struct{ fs.FileInfo }

func (hugeInfo) Size() int64 { return 100 << 20 }

func (f hugeFS) Stat(name string) (fs.FileInfo, error) {
	info, err := f.MapFS.Stat(name)
	if err != nil || name != f.name {
		return info, err
	}
	return hugeInfo{info}, nil
}

func (f hugeFS) ReadFile(name string) ([]byte, error) {
	if name == f.name {
		panic("read " + name)
	}
	return f.MapFS.ReadFile(name)
}

// TestHugeFilesAreNotRead: a file of 100 MiB, wherever one can be, is refused by
// its size.
func TestHugeFilesAreNotRead(t *testing.T) {
	t.Parallel()
	plain := fstest.MapFS{"a.yaml": file(configMap), ".argocd-source.yaml": file("{}")}
	net := fstest.MapFS{
		"a.jsonnet": file("[importstr 't.txt', import 'x.libsonnet', importbin 'b.bin']"),
		"t.txt":     file("t"), "x.libsonnet": file("'x'"), "b.bin": file("b"),
	}
	kust := fstest.MapFS{
		"kustomization.yaml": file("resources: [a.yaml, base]\npatches: [{path: p.yaml}]\nconfigMapGenerator: [{name: g, files: [g.txt]}]\n"),
		"a.yaml":             file(configMap), "p.yaml": file(configMap), "g.txt": file("g"),
		"base/kustomization.yaml": file("namePrefix: x\nresources: [b.yaml]\n"), "base/b.yaml": file(configMap),
	}
	chart := fstest.MapFS{
		"Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\n"), "values.yaml": file("a: b\n"), "templates/a.yaml": file(configMap), "crds/c.yaml": file(configMap),
		"values.schema.json": file("{}"), "charts/sub.tgz": file("x"), "README.md": file("x"), "v.yaml": file("a: c\n"), "f.txt": file("x"), ".helmignore": file("v.yaml\nf.txt\n"),
	}
	helm := &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"v.yaml"}, FileParameters: []v1alpha1.HelmFileParameter{{Name: "f", Path: "f.txt"}}}
	for _, tt := range []struct {
		repo   fstest.MapFS
		source v1alpha1.ApplicationSource
	}{{plain, v1alpha1.ApplicationSource{}}, {net, v1alpha1.ApplicationSource{}}, {kust, v1alpha1.ApplicationSource{}}, {chart, v1alpha1.ApplicationSource{Helm: helm}}} {
		for name := range tt.repo {
			_, err := render.Render(t.Context(), render.Request{
				FS: hugeFS{tt.repo, name}, Source: &tt.source, AppName: "x", Options: render.Options{MaxReadBytes: 50 << 20},
			})
			if fault.KindOf(err) != fault.Broken || !strings.Contains(fmt.Sprint(err), name) || strings.Contains(err.Error(), "panicked") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}
}

// panicFS panics when a file is read.
type panicFS struct{ fstest.MapFS }

func (panicFS) ReadFile(string) ([]byte, error) { panic("index out of range") }

func TestPanicIsAnError(t *testing.T) {
	t.Parallel()
	result, err := render.Render(t.Context(), render.Request{FS: panicFS{fstest.MapFS{"a.yaml": file(configMap)}}, Source: &v1alpha1.ApplicationSource{}})
	if fault.KindOf(err) != fault.Broken || fmt.Sprint(err) != `Directory in "": the renderer panicked: index out of range` || result.Objects != nil {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, name := range []string{"a.yaml", "kustomization.yaml", "Chart.yaml"} {
		_, err := render.Render(ctx, render.Request{FS: fstest.MapFS{name: file(configMap)}, Source: &v1alpha1.ApplicationSource{}})
		if !errors.Is(err, context.Canceled) || !fault.KindOf(err).Transient() {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// cancelFS ends the rendering's context while it lists a directory.
type cancelFS struct {
	fstest.MapFS
	cancel context.CancelFunc
}

func (f cancelFS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.cancel()
	return f.MapFS.ReadDir(name)
}

func TestCancelledHalfway(t *testing.T) {
	t.Parallel()
	for _, repo := range []fstest.MapFS{
		{"a.yaml": file(configMap), "b.yaml": file(configMap)},
		{"Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\n"), "templates/a.yaml": file(configMap)},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		result, err := render.Render(ctx, render.Request{FS: cancelFS{repo, cancel}, Source: &v1alpha1.ApplicationSource{}, AppName: "x"})
		if !errors.Is(err, context.Canceled) || result.Objects != nil {
			t.Errorf("got %v, %v", result, err)
		}
	}
}

func TestSymlinks(t *testing.T) {
	t.Parallel()
	link := func(to string) *fstest.MapFile {
		return &fstest.MapFile{Data: []byte(to), Mode: fs.ModeSymlink | 0o777}
	}
	tests := []struct {
		reason string
		repo   fstest.MapFS
		want   int
		err    string
	}{
		{"a link to a file is followed", fstest.MapFS{"app/a.yaml": link("../real.yaml"), "real.yaml": file(configMap)}, 1, ""},
		{"a link to a directory is not walked", fstest.MapFS{"app/d": link("../dir"), "app/a.yaml": file(configMap), "dir/x.yaml": file(configMap)}, 1, ""},
		{"a dangling link is named", fstest.MapFS{"app/a.yaml": link("nowhere.yaml")}, 0, "app/a.yaml"},
		{"a chart within itself ends", fstest.MapFS{"app/Chart.yaml": file("apiVersion: v2\nname: x\nversion: 1.0.0\n"), "app/self": link("../app")}, 0, "nested deeper"},
	}
	for _, tt := range tests {
		result, err := render.Render(t.Context(), render.Request{FS: tt.repo, Source: &v1alpha1.ApplicationSource{Path: "app"}, AppName: "x"})
		if (err == nil) != (tt.err == "") || !strings.Contains(fmt.Sprint(err), tt.err) || len(result.Objects) != tt.want {
			t.Errorf("%s: got %d objects, %v", tt.reason, len(result.Objects), err)
		}
	}
}

// TestNothingOfTheHost: paths that exist on the machine are not found in the tree.
func TestNothingOfTheHost(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/etc/passwd"); err != nil {
		t.Skip("no /etc/passwd here")
	}
	climb := strings.Repeat("../", 20) + "etc/passwd"
	code := func(code string) *v1alpha1.ApplicationSourceDirectory {
		return &v1alpha1.ApplicationSourceDirectory{Jsonnet: v1alpha1.ApplicationSourceJsonnet{ExtVars: []v1alpha1.JsonnetVar{{Name: "x", Code: true, Value: code}}}}
	}
	sources := []*v1alpha1.ApplicationSource{
		{Path: "net", Directory: code("importstr '" + climb + "'")},
		{Path: "net", Directory: code("importstr '/etc/passwd'")},
		{Path: "net", Directory: code("importbin 'etc/passwd'")},
		{Path: "net", Directory: code("std.native('readFile')('/etc/passwd')")},
		{Path: climb},
		{Path: "chart", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{climb}}},
		{Path: "chart", Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"/etc/passwd"}}},
		{Path: "chart", Helm: &v1alpha1.ApplicationSourceHelm{FileParameters: []v1alpha1.HelmFileParameter{{Name: "a", Path: climb}}}},
		{Path: "kust", Kustomize: &v1alpha1.ApplicationSourceKustomize{Components: []string{climb}}},
		{Path: "kust", Kustomize: &v1alpha1.ApplicationSourceKustomize{Patches: []v1alpha1.KustomizePatch{{Path: climb}}}},
		{Path: "kust", Kustomize: &v1alpha1.ApplicationSourceKustomize{Patches: []v1alpha1.KustomizePatch{{Path: "/etc/passwd"}}}},
	}
	repo := fstest.MapFS{
		"net/a.jsonnet":           file("{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' }, data: { x: std.toString(std.extVar('x')) } }"),
		"chart/Chart.yaml":        file("apiVersion: v2\nname: x\nversion: 1.0.0\n"),
		"kust/kustomization.yaml": file("resources: [a.yaml]\n"), "kust/a.yaml": file(configMap),
	}
	for _, source := range sources {
		result, err := render.Render(t.Context(), render.Request{FS: repo, Source: source, AppName: "x"})
		if err == nil || len(result.Objects) > 0 {
			t.Errorf("%+v: got %v", source, result)
		}
	}
}

func TestValueFilesOfAnotherSource(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{
		"Chart.yaml":       file("apiVersion: v2\nname: x\nversion: 1.0.0\n"),
		"templates/a.yaml": file(configMap + "data: {v: '{{ .Values.v }}'}\n"),
	}
	values := fstest.MapFS{"env/a.yaml": file("v: a\n"), "env/b.yaml": file("v: b\n")}
	for written, want := range map[string]string{"$values/env/a.yaml": "a", "$values/env/*.yaml": "b"} {
		result, err := render.Render(t.Context(), render.Request{
			FS: repo, Refs: map[string]fs.FS{"values": values}, AppName: "x",
			Source: &v1alpha1.ApplicationSource{Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{written}}},
		})
		if err != nil {
			t.Errorf("%s: %v", written, err)
			continue
		}
		if got := result.Objects[0].Object["data"].(map[string]any)["v"]; got != want {
			t.Errorf("%s: got %v, want %v", written, got, want)
		}
	}
	_, err := render.Render(t.Context(), render.Request{
		FS: repo, Refs: map[string]fs.FS{"values": values}, AppName: "x",
		Source: &v1alpha1.ApplicationSource{Helm: &v1alpha1.ApplicationSourceHelm{ValueFiles: []string{"$values/../../etc/passwd"}}},
	})
	if fault.KindOf(err) != fault.Invalid {
		t.Errorf("a traversal out of the other source: got %v", err)
	}
}

// TestConcurrent renders all kinds at once; a kustomization's own schema must
// not reach another's.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	repo := benchmarkRepo()
	var group sync.WaitGroup
	for _, path := range []string{"plain", "overlay", "chart", "net", "overlay", "chart", "net", "plain"} {
		group.Go(func() {
			for range 3 {
				result, err := render.Render(t.Context(), render.Request{FS: repo, Source: &v1alpha1.ApplicationSource{Path: path}, AppName: "app"})
				if err != nil || len(result.Objects) != 10 {
					t.Errorf("%s: got %d objects, %v", path, len(result.Objects), err)
				}
			}
		})
	}
	group.Wait()
}

func TestWarningsAreFew(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{}
	for i := range 60 {
		repo[fmt.Sprintf("%02d.yaml", i)] = file("values: only\n")
	}
	result, err := render.Render(t.Context(), render.Request{FS: repo, Source: &v1alpha1.ApplicationSource{}})
	if err != nil || len(result.Warnings) != 51 || result.Warnings[50] != "and 10 more" {
		t.Errorf("got %v, %v", result.Warnings, err)
	}
}

// TestErrorsAreShort: what ends up in an Application's condition has a bound.
func TestErrorsAreShort(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 100_000)
	for name, content := range map[string]string{
		"a.yaml":             "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  labels: {" + long + ": 1}\n",
		"a.jsonnet":          "error '" + long + "'",
		"kustomization.yaml": "resources: [" + long + "]\n",
		"Chart.yaml":         "apiVersion: v2\nname: x\nversion: " + long + "\n",
	} {
		_, err := render.Render(t.Context(), render.Request{FS: fstest.MapFS{name: file(content)}, Source: &v1alpha1.ApplicationSource{}, AppName: "x"})
		if err == nil || len(err.Error()) > 1500 {
			t.Errorf("%s: got an error of %d bytes", name, len(fmt.Sprint(err)))
		}
	}
}

// TestChartsAreOfTheCluster: what a chart in a kustomization makes depends on the
// cluster's APIs, as with any chart.
func TestChartsAreOfTheCluster(t *testing.T) {
	t.Parallel()
	repo := fstest.MapFS{
		"kustomization.yaml":      file("helmCharts: [{name: x}]\n"),
		"charts/x/Chart.yaml":     file("apiVersion: v2\nname: x\nversion: 1.0.0\n"),
		"plain/kustomization.yml": file("namePrefix: x-\n"),
	}
	for path, want := range map[string]bool{"": true, "plain": false} {
		result, err := render.Render(t.Context(), render.Request{
			FS: repo, Source: &v1alpha1.ApplicationSource{Path: path}, AppName: "x", Options: render.Options{KustomizeBuildOptions: "--enable-helm"},
		})
		if err != nil || result.OfAPIVersions != want {
			t.Errorf("%q: got %v, %v", path, result.OfAPIVersions, err)
		}
	}
}
