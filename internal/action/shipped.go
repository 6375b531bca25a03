package action

import "k8s.io/apimachinery/pkg/runtime/schema"

// shipped are the actions of a kind, whatever its version, in the order in which they
// are shown.
func shipped(gk schema.GroupKind) []definition {
	switch gk.Group {
	case "apps":
		return workloads(gk.Kind)
	case "batch":
		return batch(gk.Kind)
	case "argoproj.io":
		return argo(gk.Kind)
	case "helm.toolkit.fluxcd.io", "image.toolkit.fluxcd.io", "kustomize.toolkit.fluxcd.io", "notification.toolkit.fluxcd.io", "source.toolkit.fluxcd.io":
		return flux(gk)
	case "numaflow.numaproj.io":
		return numaflow(gk.Kind)
	case "numaplane.numaproj.io":
		return numaplane(gk.Kind)
	case "external-secrets.io":
		return externalSecrets(gk.Kind)
	case "keda.sh":
		return keda(gk.Kind)
	}
	return operators(gk)
}
