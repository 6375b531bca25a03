package ledger

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/plan/once"
)

const (
	logTimeout = 10 * time.Second
	// logBytes bounds what is read of a log, to keep once.MaxLog of it.
	logBytes = 64 << 10
	// controllerUID is the label that the Job controller puts on Pods (KEP-4017).
	controllerUID = "batch.kubernetes.io/controller-uid"
	// defaultContainer is the annotation that says which container is the point of a Pod.
	defaultContainer = "kubectl.kubernetes.io/default-container"
)

// logTail is the end of what the newest Pod of a Job printed, masked. It is a help
// for people and no part of the outcome, so whatever goes wrong gives an empty one:
// a node that is gone, a Pod that was removed, Secrets that cannot be read to be
// masked.
func logTail(ctx context.Context, target *cluster.Conn, job *unstructured.Unstructured) string {
	ctx, cancel := context.WithTimeout(ctx, logTimeout)
	defer cancel()
	pods, err := target.List(ctx, coreKind("Pod", "pods"), job.GetNamespace(), controllerUID+"="+string(job.GetUID()))
	if err != nil || len(pods) == 0 {
		return ""
	}
	objects, err := getAll(ctx, target, job)
	if err != nil {
		return ""
	}
	pod := newest(pods)
	log, err := target.Logs(ctx, pod.GetNamespace(), pod.GetName(), cluster.LogOptions{
		Container: telling(pod), Lines: once.MaxLogLines, Bytes: logBytes,
	})
	if err != nil {
		return ""
	}
	if len(log) >= logBytes {
		// Cut off in the middle of a line, which may be the middle of a secret.
		log = log[:bytes.LastIndexByte(log, '\n')+1]
	}
	return once.LogTail(log, once.SecretValues(job, objects))
}

func newest(pods []*unstructured.Unstructured) *unstructured.Unstructured {
	return slices.MaxFunc(pods, func(a, b *unstructured.Unstructured) int {
		x, y := a.GetCreationTimestamp(), b.GetCreationTimestamp()
		if c := x.Compare(y.Time); c != 0 {
			return c
		}
		return strings.Compare(a.GetName(), b.GetName())
	})
}

// telling is the container whose log tells most: the first that failed, else the
// one that the Pod names as its point, else the first.
func telling(pod *unstructured.Unstructured) string {
	for _, field := range [...]string{"initContainerStatuses", "containerStatuses"} {
		statuses, _, _ := unstructured.NestedSlice(pod.Object, "status", field)
		for _, s := range statuses {
			status, _ := s.(map[string]any)
			code, _, _ := unstructured.NestedInt64(status, "state", "terminated", "exitCode")
			if name, _ := status["name"].(string); code != 0 && name != "" {
				return name
			}
		}
	}
	if name := pod.GetAnnotations()[defaultContainer]; name != "" {
		return name
	}
	containers, _, _ := unstructured.NestedSlice(pod.Object, "spec", "containers")
	if len(containers) == 0 {
		return ""
	}
	first, _ := containers[0].(map[string]any)
	name, _ := first["name"].(string)
	return name
}
