package fakenode

import (
	"fmt"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
)

// LogPattern is what [LogHandler] is to be mounted at: the one call of the
// kubelet's API that is answered.
const LogPattern = "GET /containerLogs/{namespace}/{pod}/{container}"

// LogHandler serves kubectl logs with what the Pod's [LogsAnnotation] says, or
// a line that tells whose log it would be. A follower of a running Pod is kept
// until it goes away or the server's base context ends.
func LogHandler(pods corelisters.PodLister) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		pod, err := pods.Pods(r.PathValue("namespace")).Get(r.PathValue("pod"))
		if err != nil {
			http.Error(w, err.Error(), http.StatusNotFound)
			return
		}
		fmt.Fprintln(w, logText(pod, r.PathValue("container")))
		if r.URL.Query().Get("follow") != "true" || pod.Status.Phase != corev1.PodRunning {
			return
		}
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		<-r.Context().Done()
	})
}

func logText(pod *corev1.Pod, container string) string {
	if text := pod.Annotations[LogsAnnotation]; text != "" {
		return strings.TrimSuffix(text, "\n")
	}
	return fmt.Sprintf("container %s of pod %s on fake node %s", container, pod.Name, pod.Spec.NodeName)
}
