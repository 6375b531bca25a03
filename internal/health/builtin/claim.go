package builtin

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// claim says why it is not Bound, where Argo CD leaves the message empty.
func claim(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	switch phase := field.Status(obj).Text("phase"); phase {
	case "Bound":
		return healthy, ""
	case "Pending":
		return progressing, "Waiting for a volume to be bound"
	case "Lost":
		return degraded, "The claim has lost its volume"
	default:
		return unknown, fmt.Sprintf("The claim has no known phase: %q", phase)
	}
}
