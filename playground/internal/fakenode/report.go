package fakenode

import (
	"fmt"
	"hash/fnv"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const crashLoopBackOff = "CrashLoopBackOff"

// report makes the statuses that a kubelet reports of one Pod.
type report struct {
	pod  *corev1.Pod
	host string // the node's address
	now  time.Time
}

func (r report) time() metav1.Time { return metav1.NewTime(r.now) }

// started is when the Pod was first reported, now if it is just being.
func (r report) started() metav1.Time {
	if r.pod.Status.StartTime != nil {
		return *r.pod.Status.StartTime
	}
	return r.time()
}

func (r report) running() corev1.PodStatus {
	now := r.time()
	s := r.placed(corev1.PodRunning)
	s.StartTime = &now
	s.Conditions = r.conditions(corev1.ConditionTrue, "")
	for _, c := range r.pod.Spec.InitContainers {
		s.InitContainerStatuses = append(s.InitContainerStatuses, r.initialized(c))
	}
	for i, c := range r.pod.Spec.Containers {
		status := r.live(c)
		status.RestartCount = r.restarts(i)
		s.ContainerStatuses = append(s.ContainerStatuses, status)
	}
	return s
}

// failing is a Pod whose containers wait for reason. One that crashes has been
// started, so its phase is Running; all others never got so far.
func (r report) failing(reason, message string) corev1.PodStatus {
	start := r.started()
	phase := corev1.PodPending
	if reason == crashLoopBackOff || r.pod.Status.Phase == corev1.PodRunning {
		phase = corev1.PodRunning
	}
	s := r.placed(phase)
	s.StartTime = &start
	s.Conditions = r.conditions(corev1.ConditionFalse, "ContainersNotReady")
	for i, c := range r.pod.Spec.Containers {
		status := corev1.ContainerStatus{Name: c.Name, Image: c.Image, RestartCount: r.restarts(i)}
		status.State.Waiting = &corev1.ContainerStateWaiting{Reason: reason, Message: message}
		if reason == crashLoopBackOff {
			status.RestartCount++
			status.LastTerminationState.Terminated = r.terminated(1)
		}
		s.ContainerStatuses = append(s.ContainerStatuses, status)
	}
	return s
}

func (r report) ended(code int32) corev1.PodStatus {
	phase := corev1.PodSucceeded
	if code != 0 {
		phase = corev1.PodFailed
	}
	s := corev1.PodStatus{Phase: phase, Conditions: r.conditions(corev1.ConditionFalse, "PodCompleted")}
	for i, c := range r.pod.Spec.Containers {
		stopped := false
		status := r.live(c)
		status.Ready, status.Started = false, &stopped
		status.RestartCount = r.restarts(i)
		status.State = corev1.ContainerState{Terminated: r.terminated(code)}
		status.State.Terminated.ContainerID = status.ContainerID
		s.ContainerStatuses = append(s.ContainerStatuses, status)
	}
	return s
}

func (r report) placed(phase corev1.PodPhase) corev1.PodStatus {
	ip := podIP(r.pod)
	if r.pod.Spec.HostNetwork {
		ip = r.host
	}
	return corev1.PodStatus{
		Phase:   phase,
		HostIP:  r.host,
		HostIPs: []corev1.HostIP{{IP: r.host}},
		PodIP:   ip,
		PodIPs:  []corev1.PodIP{{IP: ip}},
	}
}

// conditions leaves PodScheduled alone, which is the scheduler's.
func (r report) conditions(ready corev1.ConditionStatus, reason string) []corev1.PodCondition {
	condition := func(t corev1.PodConditionType, s corev1.ConditionStatus, reason string) corev1.PodCondition {
		return corev1.PodCondition{Type: t, Status: s, Reason: reason, LastTransitionTime: r.time()}
	}
	out := []corev1.PodCondition{
		condition(corev1.PodReadyToStartContainers, corev1.ConditionTrue, ""),
		condition(corev1.PodInitialized, corev1.ConditionTrue, ""),
		condition(corev1.ContainersReady, ready, reason),
		condition(corev1.PodReady, ready, reason),
	}
	for _, gate := range r.pod.Spec.ReadinessGates {
		out = append(out, condition(gate.ConditionType, corev1.ConditionTrue, ""))
	}
	return out
}

func (r report) live(c corev1.Container) corev1.ContainerStatus {
	started := true
	return corev1.ContainerStatus{
		Name: c.Name, Image: c.Image, ImageID: c.Image + "@fake",
		ContainerID: fmt.Sprintf("fake://%s-%s", r.pod.UID, c.Name),
		Ready:       true, Started: &started,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: r.time()}},
	}
}

// initialized is an init container that is through, or a sidecar that runs on.
func (r report) initialized(c corev1.Container) corev1.ContainerStatus {
	status := r.live(c)
	if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
		return status
	}
	now := r.time()
	status.State = corev1.ContainerState{
		Terminated: &corev1.ContainerStateTerminated{Reason: "Completed", StartedAt: now, FinishedAt: now},
	}
	return status
}

func (r report) terminated(code int32) *corev1.ContainerStateTerminated {
	reason := "Completed"
	if code != 0 {
		reason = "Error"
	}
	return &corev1.ContainerStateTerminated{ExitCode: code, Reason: reason, StartedAt: r.started(), FinishedAt: r.time()}
}

func (r report) restarts(container int) int32 {
	if container >= len(r.pod.Status.ContainerStatuses) {
		return 0
	}
	return r.pod.Status.ContainerStatuses[container].RestartCount
}

// podIP is an address in 10.128.0.0/9 that follows from the Pod's UID, so that
// a restarted playground need not remember which are taken. Of 500 Pods, two
// share one in about 1% of all cases, which harms nobody: nothing is sent there.
func podIP(pod *corev1.Pod) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(pod.UID)) // never fails
	n := h.Sum32()
	return fmt.Sprintf("10.%d.%d.%d", 128|n>>16&127, n>>8&255, n&255)
}
