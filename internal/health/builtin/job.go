package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// job goes by the presence of conditions: the Job controller adds Complete and
// Failed only when they are true. Suspended alone comes and goes.
func job(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	var failed, done, paused bool
	var message, failure string
	for c := range field.Status(obj).Each("conditions") {
		switch c.Text("type") {
		case "Failed":
			failed = true
			failure = c.Text("message")
		case "Complete":
			done = true
			message = c.Text("message")
		case "Suspended":
			done = true
			message = c.Text("message")
			paused = paused || c.Text("status") == "True"
		}
	}
	if failed {
		return degraded, failure
	}
	if !done {
		return progressing, message
	}
	if paused {
		return suspended, message
	}
	return healthy, message
}

func workflow(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := field.Status(obj)
	message := status.Text("message")
	switch status.Text("phase") {
	case "", "Pending", "Running":
		return progressing, message
	case "Succeeded":
		return healthy, message
	case "Failed", "Error":
		return degraded, message
	}
	return unknown, message
}
