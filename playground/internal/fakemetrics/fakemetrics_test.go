package fakemetrics

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"
)

var now = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func TestPodMetricsFollowAnnotations(t *testing.T) {
	for _, tt := range []struct {
		annotations map[string]string
		containers  int
		cpu, memory string // of each container
		reason      string
	}{
		{nil, 1, "50m", "64Mi", "the default"},
		{nil, 2, "25m", "32Mi", "what a Pod uses is shared by its containers"},
		{map[string]string{CPUAnnotation: "2", MemoryAnnotation: "1Gi"}, 1, "2", "1Gi", "as asked for"},
		{map[string]string{CPUAnnotation: "much"}, 1, "50m", "64Mi", "unreadable counts as the default"},
		{map[string]string{CPUAnnotation: "-1"}, 1, "50m", "64Mi", "less than nothing cannot be used"},
		{map[string]string{CPUAnnotation: "0"}, 1, "0", "64Mi", "an idle Pod"},
	} {
		pod := newPod("web", "node-1", tt.containers)
		pod.Annotations = tt.annotations
		m := podMetrics(pod, now)
		if len(m.Containers) != tt.containers {
			t.Fatalf("%s: %d containers, want %d", tt.reason, len(m.Containers), tt.containers)
		}
		for _, c := range m.Containers {
			got := [2]string{c.Usage.Cpu().String(), c.Usage.Memory().String()}
			if diff := cmp.Diff([2]string{tt.cpu, tt.memory}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
		}
	}
}

func TestHandler(t *testing.T) {
	pods := cache.NewIndexer(cache.MetaNamespaceKeyFunc, cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	ended := newPod("ended", "node-1", 1)
	ended.Status.Phase = corev1.PodSucceeded
	elsewhere := newPod("other", "node-2", 1)
	elsewhere.Namespace = "elsewhere"
	for _, pod := range []*corev1.Pod{newPod("web-2", "node-1", 1), newPod("web-1", "node-2", 1), ended, elsewhere} {
		if err := pods.Add(pod); err != nil {
			t.Fatal(err)
		}
	}
	handler := Handler([]string{"node-1", "node-2"}, corelisters.NewPodLister(pods))
	for _, tt := range []struct {
		path   string
		code   int
		names  []string
		reason string
	}{
		{"", 200, nil, "discovery"},
		{"/pods", 200, []string{"other", "web-1", "web-2"}, "of all namespaces, sorted, without what has ended"},
		{"/namespaces/shop/pods", 200, []string{"web-1", "web-2"}, "of one namespace"},
		{"/namespaces/shop/pods?labelSelector=name%3Dweb-1", 200, []string{"web-1"}, "what an autoscaler asks"},
		{"/namespaces/shop/pods?labelSelector=%3D%3D", 400, nil, "a selector that is none"},
		{"/namespaces/shop/pods/web-1", 200, []string{"web-1"}, ""},
		{"/namespaces/shop/pods/ended", 404, nil, "it uses nothing any more"},
		{"/nodes", 200, []string{"node-1", "node-2"}, ""},
		{"/nodes/node-2", 200, []string{"node-2"}, ""},
		{"/nodes/node-3", 404, nil, "no such node"},
		{"/secrets", 404, nil, "no such resource"},
	} {
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, Pattern+tt.path, nil))
		if w.Code != tt.code {
			t.Errorf("GET %s (%s): %d, want %d: %s", tt.path, tt.reason, w.Code, tt.code, w.Body)
			continue
		}
		if tt.names == nil {
			continue
		}
		if diff := cmp.Diff(tt.names, names(t, w.Body.Bytes())); diff != "" {
			t.Errorf("GET %s (%s) (-want +got):\n%s", tt.path, tt.reason, diff)
		}
	}
}

func TestNodeMetricsAddUpItsPods(t *testing.T) {
	m := nodeMetrics("node-1", []*corev1.Pod{newPod("a", "node-1", 1), newPod("b", "node-1", 2), newPod("c", "node-2", 1)}, now)
	if got := m.Usage.Cpu().String(); got != "100m" {
		t.Errorf("node with two Pods of 50m uses %s", got)
	}
}

func newPod(name, node string, containers int) *corev1.Pod {
	return &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name, Labels: map[string]string{"name": name}},
		Spec:       corev1.PodSpec{NodeName: node, Containers: make([]corev1.Container, containers)},
		Status:     corev1.PodStatus{Phase: corev1.PodRunning},
	}
}

// names are those of the object, or of the list's items, in body.
func names(t *testing.T, body []byte) []string {
	t.Helper()
	type named struct{ Metadata struct{ Name string } }
	var object struct {
		named
		Items []named
	}
	if err := json.Unmarshal(body, &object); err != nil {
		t.Fatal(err)
	}
	var out []string
	if object.Metadata.Name != "" {
		out = append(out, object.Metadata.Name)
	}
	for _, item := range object.Items {
		out = append(out, item.Metadata.Name)
	}
	return out
}
