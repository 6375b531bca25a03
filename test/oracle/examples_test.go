package oracle_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render"
)

// TestExamples compares what Argo CD's examples render to, where they lie beside the
// checkout, in ../shared/examples or in EXAMPLES.
func TestExamples(t *testing.T) {
	t.Parallel()
	dir := os.Getenv("EXAMPLES") // this is test code
	if dir == "" {
		dir = filepath.Join(root(t), "..", "shared", "examples")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Skipf("no examples to compare: %v", err)
	}
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return !e.IsDir() })
	if len(entries) == 0 {
		t.Fatalf("%s has no directories", dir)
	}
	helm, kustomize := program(t, "helm"), program(t, "kustomize")
	for _, e := range entries {
		t.Run(e.Name(), func(t *testing.T) {
			t.Parallel()
			r := request{
				Source:  v1alpha1.ApplicationSource{Path: e.Name()},
				AppName: e.Name(), AppNamespace: "examples", KubeVersion: "1.34.2",
			}
			o := map[string]oracle{
				v1alpha1.SourceTypeHelm: func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error) {
					return helmTemplate(t, helm, r, home, repo)
				},
				v1alpha1.SourceTypeKustomize: func(t *testing.T, r request, home, repo string) ([]*unstructured.Unstructured, error) {
					return kustomizeBuild(t, kustomize, r, home, repo)
				},
				v1alpha1.SourceTypeDirectory: manifests,
			}[sourceType(t, r, os.DirFS(dir))]
			if diff := cmp.Diff(map[string]string{}, outcome(t, r, os.DirFS(dir), o)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func sourceType(t *testing.T, r request, repo fs.FS) string {
	t.Helper()
	result, err := render.Render(t.Context(), render.Request{FS: repo, Source: &r.Source, AppName: r.AppName, AppNamespace: r.AppNamespace})
	if err != nil {
		t.Fatal(err)
	}
	return result.SourceType
}

// manifests are those of a plain directory, for which Argo CD runs no program.
func manifests(t *testing.T, r request, _, repo string) ([]*unstructured.Unstructured, error) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(repo, r.Source.Path, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var objects []*unstructured.Unstructured
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		more, err := decode(data)
		if err != nil {
			return nil, err
		}
		objects = append(objects, more...)
	}
	return objects, nil
}
