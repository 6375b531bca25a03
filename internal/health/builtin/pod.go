package builtin

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// ignoreRestartPolicy makes a pod that is no hook count as long-running whatever
// its restart policy says.
const ignoreRestartPolicy = "argocd.argoproj.io/ignore-restart-policy"

func pod(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := status(obj)
	policy := spec(obj).text("restartPolicy")
	longRunning := policy == "Always" || Annotation(obj, ignoreRestartPolicy) == "true" && !resource.IsHook(obj)
	// A pod that is to end is often a hook: to call it failed while its image
	// cannot be pulled would fail the sync, and the hook would still run later.
	if longRunning {
		if message, stuck := stuckContainers(status); stuck {
			return degraded, message
		}
	}
	message := status.text("message")
	switch status.text("phase") {
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
func stuckContainers(status fields) (message string, stuck bool) {
	var messages []string
	for c := range status.each("containerStatuses") {
		waiting := c.object("state").object("waiting")
		reason := waiting.text("reason")
		if strings.HasPrefix(reason, "Err") || strings.HasSuffix(reason, "Error") || strings.HasSuffix(reason, "BackOff") {
			messages = append(messages, waiting.text("message"))
		}
	}
	return strings.Join(messages, ", "), messages != nil
}

// Blocked is why a Pod cannot start, if so.
func Blocked(obj *unstructured.Unstructured) string {
	if obj.GroupVersionKind().GroupKind().String() != "Pod" || status(obj).text("phase") != "Pending" {
		return ""
	}
	st := status(obj)
	for _, list := range [...]string{"initContainerStatuses", "containerStatuses"} {
		for c := range st.each(list) {
			switch reason := c.object("state").object("waiting").text("reason"); reason {
			case "", "ContainerCreating", "PodInitializing":
			default:
				return reason
			}
		}
	}
	if c := st.condition("PodScheduled"); c.text("status") == "False" {
		return c.text("reason")
	}
	return ""
}

// running judges a running pod that is not meant to end: ready is healthy, a
// container that has died before is a failure, else it is still starting.
func running(status fields) v1alpha1.HealthStatusCode {
	if status.condition("Ready").text("status") == "True" {
		return healthy
	}
	for c := range status.each("containerStatuses") {
		if c.object("lastState").has("terminated") {
			return degraded
		}
	}
	return progressing
}

// failure is why a pod failed: its own message, else that of the first container
// that has one.
func failure(status fields) string {
	if message := status.text("message"); message != "" {
		return message
	}
	for _, list := range [...]string{"initContainerStatuses", "containerStatuses"} {
		for c := range status.each(list) {
			if message := exit(c); message != "" {
				return message
			}
		}
	}
	return ""
}

func exit(container fields) string {
	terminated := container.object("state").object("terminated")
	if message := terminated.text("message"); message != "" {
		return message
	}
	if reason := terminated.text("reason"); reason == "OOMKilled" {
		return reason
	}
	if code := terminated.number("exitCode"); code != 0 {
		return fmt.Sprintf("container %q failed with exit code %d", container.text("name"), code)
	}
	return ""
}
