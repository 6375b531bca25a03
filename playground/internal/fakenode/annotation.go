package fakenode

import (
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// Annotations on a Pod that say what becomes of it. A value that cannot be read
// keeps the Pod from starting, with a message that says why.
const (
	// FailAnnotation is a waiting reason such as ImagePullBackOff or
	// CrashLoopBackOff: the Pod is not Ready, for that reason, for as long as
	// the annotation is there.
	FailAnnotation = "playground.evenkeel.dev/fail"
	// StartDelayAnnotation is the time from a Pod's creation until it is
	// Ready, as Go writes durations. Default 0s.
	StartDelayAnnotation = "playground.evenkeel.dev/start-delay"
	// RunAnnotation is how long a Pod runs that may end. Default 1s.
	RunAnnotation = "playground.evenkeel.dev/run"
	// ExitCodeAnnotation is what its containers end with, 0 to 255. Default 0.
	ExitCodeAnnotation = "playground.evenkeel.dev/exit-code"
	// LogsAnnotation is what kubectl logs shows of each of its containers.
	LogsAnnotation = "playground.evenkeel.dev/logs"
)

const defaultRun = time.Second

// wish is what a Pod's annotations ask for.
type wish struct {
	fail       string
	startDelay time.Duration
	run        time.Duration
	exitCode   int32
}

func wishOf(pod *corev1.Pod) (wish, error) {
	startDelay, err := durationOf(pod, StartDelayAnnotation, 0)
	if err != nil {
		return wish{}, err
	}
	run, err := durationOf(pod, RunAnnotation, defaultRun)
	if err != nil {
		return wish{}, err
	}
	exitCode, err := exitCodeOf(pod)
	if err != nil {
		return wish{}, err
	}
	return wish{fail: pod.Annotations[FailAnnotation], startDelay: startDelay, run: run, exitCode: exitCode}, nil
}

func durationOf(pod *corev1.Pod, annotation string, unset time.Duration) (time.Duration, error) {
	text, set := pod.Annotations[annotation]
	if !set {
		return unset, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, fmt.Errorf("annotation %s: %q is not a duration; write it like 1.5s or 2m", annotation, text)
	}
	return d, nil
}

func exitCodeOf(pod *corev1.Pod) (int32, error) {
	text, set := pod.Annotations[ExitCodeAnnotation]
	if !set {
		return 0, nil
	}
	code, err := strconv.ParseUint(text, 10, 8)
	if err != nil {
		return 0, fmt.Errorf("annotation %s: %q is not an exit code; write a number from 0 to 255", ExitCodeAnnotation, text)
	}
	return int32(code), nil
}
