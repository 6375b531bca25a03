package kustomize

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/tree"
)

// FileNames are the names that a kustomization may have, in Kustomize's order.
func FileNames() [3]string {
	return [...]string{"kustomization.yaml", "kustomization.yml", "Kustomization"}
}

// Input is what to render.
type Input struct {
	Files *tree.Reader
	// Dir is the kustomization's tree path.
	Dir       string
	Kustomize v1alpha1.ApplicationSourceKustomize
	// BuildOptions are flags of kustomize build.
	BuildOptions string
	Env          buildenv.Env
}

// Output is what was rendered.
type Output struct {
	Objects     []*unstructured.Unstructured
	Warnings    []string
	Unsupported []string
}

// Render builds the kustomization in in.Dir with in.Kustomize applied to it.
func Render(Input) (Output, error) {
	return Output{}, fault.New(fault.Unsupported, "kustomize is not rendered yet")
}
