package render

import (
	"context"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/helm"
	"evenkeel.dev/internal/render/kustomize"
)

// chart renders a chart that a kustomization names.
func (r rendering) chart(ctx context.Context, c kustomize.Chart) ([]*unstructured.Unstructured, []string, error) {
	r.uses.apis = true
	out, err := helm.Render(ctx, helm.Input{
		Files: c.Files,
		Dir:   c.Dir,
		Helm: v1alpha1.ApplicationSourceHelm{
			ReleaseName: c.ReleaseName, Namespace: c.Namespace,
			SkipCrds: !c.IncludeCRDs, SkipTests: c.SkipTests,
			KubeVersion: c.KubeVersion, APIVersions: c.APIVersions,
		},
		NameTemplate: c.NameTemplate,
		BaseValues:   c.Values,
		SkipHooks:    c.SkipHooks,
		Fetcher:      r.Fetcher,
	})
	return out.Objects, out.Warnings, err
}
