package fakenode

import (
	"time"

	corev1 "k8s.io/api/core/v1"
)

// step is what a kubelet does about a Pod now. The zero step is nothing: the
// Pod stays as it is until it is changed.
type step struct {
	// Remove says that the Pod has been told to go and can: nothing runs.
	Remove bool `json:"remove,omitempty"`
	// After is when to look again.
	After time.Duration `json:"after,omitempty"`
	// Status is what to report.
	Status *corev1.PodStatus `json:"status,omitempty"`
}

// configError is the kubelet's own waiting reason for a container that it
// cannot set up.
const configError = "CreateContainerConfigError"

// next decides about a Pod that is bound to the node with the address host.
func next(pod *corev1.Pod, host string, now time.Time) step {
	if pod.DeletionTimestamp != nil {
		return step{Remove: true}
	}
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return step{}
	}
	w, err := wishOf(pod)
	r := report{pod: pod, host: host, now: now}
	switch {
	case err != nil:
		return hold(pod, r.failing(configError, err.Error()))
	case w.fail != "":
		return hold(pod, r.failing(w.fail, "asked for by the annotation "+FailAnnotation))
	case !isRunning(pod):
		return begin(w, r)
	case pod.Spec.RestartPolicy == corev1.RestartPolicyAlways:
		return step{}
	}
	return end(w, r)
}

// hold reports status unless the Pod has it already.
func hold(pod *corev1.Pod, status corev1.PodStatus) step {
	if waitingFor(pod.Status) == waitingFor(status) {
		return step{}
	}
	return step{Status: &status}
}

func begin(w wish, r report) step {
	if left := r.pod.CreationTimestamp.Add(w.startDelay).Sub(r.now); w.startDelay > 0 && left > 0 {
		return step{After: left}
	}
	status := r.running()
	return step{Status: &status}
}

func end(w wish, r report) step {
	if left := r.started().Add(w.run).Sub(r.now); left > 0 {
		return step{After: left}
	}
	status := r.ended(w.exitCode)
	return step{Status: &status}
}

// isRunning tells a Pod that was reported to run from one that was never
// reported and one that is held.
func isRunning(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && waitingFor(pod.Status) == corev1.ContainerStateWaiting{}
}

// waitingFor is why a Pod's containers wait; all of a fake Pod's containers
// share one fate, so the first one tells.
func waitingFor(status corev1.PodStatus) corev1.ContainerStateWaiting {
	if len(status.ContainerStatuses) == 0 || status.ContainerStatuses[0].State.Waiting == nil {
		return corev1.ContainerStateWaiting{}
	}
	return *status.ContainerStatuses[0].State.Waiting
}
