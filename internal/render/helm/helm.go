package helm

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/buildenv"
	"evenkeel.dev/internal/render/tree"
)

// Input is what to render.
type Input struct {
	Files *tree.Reader
	// Dir is the chart's tree path.
	Dir  string
	Helm v1alpha1.ApplicationSourceHelm
	// AppName is the release's name if in.Helm sets none.
	AppName string
	// Namespace is the release's namespace if in.Helm sets none.
	Namespace   string
	KubeVersion string
	APIVersions []string
	URLSchemes  []string
	Env         buildenv.Env
}

// Output is what was rendered.
type Output struct {
	Objects     []*unstructured.Unstructured
	Warnings    []string
	Unsupported []string
}

// Render renders the chart in in.Dir.
func Render(Input) (Output, error) {
	return Output{}, fault.New(fault.Unsupported, "charts are not rendered yet")
}
