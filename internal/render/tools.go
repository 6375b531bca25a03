package render

import (
	"runtime/debug"
	"strings"
)

// Tools names the libraries that render, with their versions.
func Tools() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	var out []string
	for _, d := range info.Deps {
		switch d.Path {
		case "helm.sh/helm/v4", "sigs.k8s.io/kustomize/api", "github.com/google/go-jsonnet":
			out = append(out, d.Path+"@"+d.Version)
		}
	}
	return strings.Join(out, " ")
}
