package render_test

import (
	"testing"
	"testing/fstest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
)

// FuzzOverride: whatever an .argocd-source.yaml says, rendering ends with objects
// or an error, and what is rendered is what lies at the Application's path.
func FuzzOverride(f *testing.F) {
	for _, seed := range []string{
		"", "# nothing\n", "null\n", "{}", "directory: {recurse: true}\n", "path: ../other\nrepoURL: file:///\ntargetRevision: --x\nchart: x\n",
		"directory: {include: '{a,[b', exclude: '**'}\n", "kustomize: {namePrefix: x}\n", "helm: {valueFiles: [../../etc/passwd]}\n", "plugin: {}\n",
		"directory: null\n", "- a\n", "directory: [", "a: &a [*a]\n", "kustomize: {images: ['']}\n", "ref: values\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, override []byte) {
		repo := fstest.MapFS{
			"app/a.yaml": file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: mine}\n"), "app/.argocd-source.yaml": {Data: override},
			"other/b.yaml": file("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: other}\n"),
		}
		source := &v1alpha1.ApplicationSource{Path: "app", RepoURL: "https://example.org/r"}
		result, err := render.Render(t.Context(), render.Request{FS: repo, Source: source, AppName: "x"})
		if err != nil {
			if fault.KindOf(err) == fault.Internal || len(err.Error()) > 2000 {
				t.Errorf("%v of kind %s", err, fault.KindOf(err))
			}
			return
		}
		for _, o := range result.Objects {
			if o.GetName() != "mine" {
				t.Errorf("rendered %s", o.GetName())
			}
		}
		if source.Path != "app" || source.Directory != nil || source.Kustomize != nil || source.Helm != nil {
			t.Errorf("the Application's source was changed: %+v", source)
		}
	})
}
