package builtin

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
	"evenkeel.dev/internal/resource"
)

// ignoreRestartPolicy makes a pod that is no hook count as long-running whatever
// its restart policy says.
const ignoreRestartPolicy = "argocd.argoproj.io/ignore-restart-policy"

func pod(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := field.Status(obj)
	policy := field.Spec(obj).Text("restartPolicy")
	longRunning := policy == "Always" || field.Annotation(obj, ignoreRestartPolicy) == "true" && !resource.IsHook(obj)
	// A pod that is to end is often a hook: to call it failed while its image
	// cannot be pulled would fail the sync, and the hook would still run later.
	if longRunning {
		if message, stuck := stuckContainers(status); stuck {
			return degraded, message
		}
	}
	message := status.Text("message")
	switch status.Text("phase") {
	case "Pending":
		return progressing, message
	case "Succeeded":
		return healthy, message
	case "Failed":
		return degraded, failure(status)
	case "Running":
		if longRunning {
			return running(status), message
		}
		if policy == "OnFailure" || policy == "Never" {
			return progressing, message
		}
	}
	return unknown, message
}

// stuckContainers are the messages of the containers that wait because of an error.
func stuckContainers(status field.Object) (message string, stuck bool) {
	var messages []string
	for c := range status.Each("containerStatuses") {
		waiting := c.Object("state").Object("waiting")
		reason := waiting.Text("reason")
		if strings.HasPrefix(reason, "Err") || strings.HasSuffix(reason, "Error") || strings.HasSuffix(reason, "BackOff") {
			messages = append(messages, waiting.Text("message"))
		}
	}
	return strings.Join(messages, ", "), messages != nil
}

// Blocked is why a Pod cannot start, if so.
func Blocked(obj *unstructured.Unstructured) string {
	if obj.GroupVersionKind().GroupKind().String() != "Pod" || field.Status(obj).Text("phase") != "Pending" {
		return ""
	}
	st := field.Status(obj)
	for _, list := range [...]string{"initContainerStatuses", "containerStatuses"} {
		for c := range st.Each(list) {
			switch reason := c.Object("state").Object("waiting").Text("reason"); reason {
			case "", "ContainerCreating", "PodInitializing":
			default:
				return reason
			}
		}
	}
	if c := st.Condition("PodScheduled"); c.Text("status") == "False" {
		return c.Text("reason")
	}
	return ""
}

// running judges a running pod that is not meant to end: ready is healthy, a
// container that has died before is a failure, else it is still starting.
func running(status field.Object) v1alpha1.HealthStatusCode {
	if status.Condition("Ready").Text("status") == "True" {
		return healthy
	}
	for c := range status.Each("containerStatuses") {
		if c.Object("lastState").Has("terminated") {
			return degraded
		}
	}
	return progressing
}

// failure is why a pod failed: its own message, else that of the first container
// that has one.
func failure(status field.Object) string {
	if message := status.Text("message"); message != "" {
		return message
	}
	for _, list := range [...]string{"initContainerStatuses", "containerStatuses"} {
		for c := range status.Each(list) {
			if message := exit(c); message != "" {
				return message
			}
		}
	}
	return ""
}

func exit(container field.Object) string {
	terminated := container.Object("state").Object("terminated")
	if message := terminated.Text("message"); message != "" {
		return message
	}
	if reason := terminated.Text("reason"); reason == "OOMKilled" {
		return reason
	}
	if code := terminated.Number("exitCode"); code != 0 {
		return fmt.Sprintf("container %q failed with exit code %d", container.Text("name"), code)
	}
	return ""
}
