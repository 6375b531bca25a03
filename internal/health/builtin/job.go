package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// job goes by the presence of conditions: the Job controller adds Complete and
// Failed only when they are true. Suspended alone comes and goes.
func job(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	var failed, done, paused bool
	var message, failure string
	for c := range status(obj).each("conditions") {
		switch c.text("type") {
		case "Failed":
			failed = true
			failure = c.text("message")
		case "Complete":
			done = true
			message = c.text("message")
		case "Suspended":
			done = true
			message = c.text("message")
			paused = paused || c.text("status") == "True"
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
	status := status(obj)
	message := status.text("message")
	switch status.text("phase") {
	case "", "Pending", "Running":
		return progressing, message
	case "Succeeded":
		return healthy, message
	case "Failed", "Error":
		return degraded, message
	}
	return unknown, message
}
