package cause

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

const (
	backOff      = "CrashLoopBackOff"
	pullBackOff  = "ImagePullBackOff"
	oomKilled    = "OOMKilled"
	justCreating = "ContainerCreating"
	initializing = "PodInitializing"
)

// pod is what holds a Pod up. One that is merely on its way has no trouble: whoever
// explains sees that from its health, and nothing has to be remembered of it.
func pod(obj *unstructured.Unstructured, status v1alpha1.HealthStatusCode) *Trouble {
	st := field.Status(obj)
	t := ended(st)
	if t == nil {
		t = unscheduled(st)
	}
	if t == nil {
		t = stuck(obj, st)
	}
	if t == nil && status == v1alpha1.HealthStatusDegraded {
		t = &Trouble{Code: Failed, Reason: st.Text("reason"), Detail: sentence(st.Text("message"))}
	}
	if t != nil && t.Since == 0 {
		t.Since = notReadySince(obj, st)
	}
	return t
}

// notReadySince is since when a Pod is not ready, which is from its creation on if it
// never was.
func notReadySince(obj *unstructured.Unstructured, st field.Object) int64 {
	return cmp.Or(moment(st.Condition("Ready"), "lastTransitionTime"), created(obj))
}

// ended is why a Pod is over.
func ended(st field.Object) *Trouble {
	if st.Text("phase") != "Failed" {
		return nil
	}
	t := &Trouble{Code: Failed, Reason: st.Text("reason"), Detail: sentence(st.Text("message"))}
	for _, list := range [...]string{"initContainerStatuses", "containerStatuses"} {
		for c := range st.Each(list) {
			end := c.Object("state").Object("terminated")
			if end.Number("exitCode") == 0 {
				continue
			}
			t.Container, t.Exit, t.Restarts = c.Text("name"), int32(end.Number("exitCode")), restarts(c)
			t.Since = moment(end, "finishedAt")
			t.Reason = cmp.Or(t.Reason, killed(end))
			t.Detail = cmp.Or(t.Detail, sentence(end.Text("message")))
			return t
		}
	}
	return t
}

// killed is the reason of a container's end if it says more than that it ended badly.
func killed(end field.Object) string {
	if reason := end.Text("reason"); reason != "Error" {
		return reason
	}
	return ""
}

func unscheduled(st field.Object) *Trouble {
	c := st.Condition("PodScheduled")
	if c.Text("status") != "False" {
		return nil
	}
	// What follows is about Pods that could be removed for this one, and long.
	message, _, _ := strings.Cut(c.Text("message"), " preemption: ")
	return &Trouble{
		Code: Unschedulable, Reason: c.Text("reason"), Detail: sentence(message), Since: moment(c, "lastTransitionTime"),
	}
}

// stuck is the first container that keeps a Pod from being ready: those that are to
// initialize it come first, as they do in the Pod.
func stuck(obj *unstructured.Unstructured, st field.Object) *Trouble {
	images := field.Spec(obj)
	for _, list := range [...][2]string{{"initContainerStatuses", "initContainers"}, {"containerStatuses", "containers"}} {
		for c := range st.Each(list[0]) {
			t := container(c)
			if t == nil {
				continue
			}
			t.Container, t.Restarts = c.Text("name"), restarts(c)
			if t.Code == ImagePull {
				t.Image = cmp.Or(imageOf(images, list[1], t.Container), c.Text("image"))
			}
			return t
		}
	}
	if st.Text("phase") == "Running" && st.Condition("ContainersReady").Text("status") == "True" && st.Condition("Ready").Text("status") == "False" {
		return &Trouble{Code: NotReady, Reason: "ReadinessGatesNotReady", Detail: sentence(st.Condition("Ready").Text("message"))}
	}
	return nil
}

// container is what is wrong with one container, by its status.
func container(c field.Object) *Trouble {
	state := c.Object("state")
	if waiting := state.Object("waiting"); waiting != nil {
		if t := waits(waiting); t != nil {
			return t
		}
	}
	if c.Flag("ready") {
		return nil
	}
	if end := state.Object("terminated"); end != nil {
		if end.Number("exitCode") == 0 {
			return nil // of an initializing one, that is success
		}
		return crashed(end)
	}
	// It waits to be started again, or has been, and may do better this time. Until it is
	// ready it is the same trouble.
	if end := c.Object("lastState").Object("terminated"); end != nil {
		return crashed(end)
	}
	if state.Has("running") && c.Has("ready") && c.Flag("started") {
		return &Trouble{Code: NotReady}
	}
	return nil
}

func crashed(end field.Object) *Trouble {
	return &Trouble{Code: Crash, Reason: backOff, Exit: int32(end.Number("exitCode")), Detail: killed(end)}
}

// waits is why a container cannot be started; nil when it is about to be, or only waits to
// be started again.
func waits(waiting field.Object) *Trouble {
	reason := waiting.Text("reason")
	switch reason {
	case "", justCreating, initializing, backOff:
		return nil
	case pullBackOff, "ErrImagePull": // they take turns
		return &Trouble{Code: ImagePull, Reason: pullBackOff}
	case "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable", "SignatureValidationFailed":
		return &Trouble{Code: ImagePull, Reason: reason}
	}
	return &Trouble{Code: Config, Reason: reason, Detail: sentence(waiting.Text("message"))}
}

func restarts(c field.Object) int32 { return int32(min(c.Number("restartCount"), 1<<31-1)) }

// imageOf is the image that a container is to have, as it was asked for: its status may
// name it by another of its names.
func imageOf(spec field.Object, list, name string) string {
	for c := range spec.Each(list) {
		if c.Text("name") == name {
			return c.Text("image")
		}
	}
	return ""
}
