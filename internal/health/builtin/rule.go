package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
)

const (
	healthy     = v1alpha1.HealthStatusHealthy
	suspended   = v1alpha1.HealthStatusSuspended
	progressing = v1alpha1.HealthStatusProgressing
	degraded    = v1alpha1.HealthStatusDegraded
	unknown     = v1alpha1.HealthStatusUnknown
)

// Rule judges a live object of its kind that is not being deleted.
type Rule func(obj *unstructured.Unstructured) (status v1alpha1.HealthStatusCode, message string)

// RuleFor is the rule of a kind, whatever its version, or nil when it has none.
func RuleFor(gk schema.GroupKind) Rule {
	switch gk {
	case schema.GroupKind{Group: "apps", Kind: "Deployment"}:
		return deployment
	case schema.GroupKind{Group: "apps", Kind: "ReplicaSet"}:
		return replicaSet
	case schema.GroupKind{Group: "apps", Kind: "DaemonSet"}:
		return daemonSet
	case schema.GroupKind{Group: "apps", Kind: "StatefulSet"}:
		return statefulSet
	case schema.GroupKind{Kind: "Pod"}:
		return pod
	case schema.GroupKind{Group: "batch", Kind: "Job"}:
		return job
	case schema.GroupKind{Kind: "Service"}:
		return service
	case schema.GroupKind{Group: "networking.k8s.io", Kind: "Ingress"}, schema.GroupKind{Group: "extensions", Kind: "Ingress"}:
		return ingress
	case schema.GroupKind{Kind: "PersistentVolumeClaim"}:
		return claim
	case schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}:
		return autoscaler
	case schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}:
		return apiService
	case schema.GroupKind{Group: "argoproj.io", Kind: "Workflow"}:
		return workflow
	}
	return nil
}
