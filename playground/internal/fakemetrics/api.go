package fakemetrics

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/klog/v2"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

const (
	group   = "metrics.k8s.io"
	version = "v1beta1"
	// GroupVersion is the API's.
	GroupVersion = group + "/" + version
)

// Pattern is what [Handler] is to be mounted at.
const Pattern = "/apis/" + GroupVersion

// Handler serves the API for nodes, by name, and the Pods on them.
func Handler(nodes []string, pods corelisters.PodLister) http.Handler {
	a := api{nodes: nodes, pods: pods}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Pattern, a.serveDiscovery)
	mux.HandleFunc("GET "+Pattern+"/nodes", a.serveNodes)
	mux.HandleFunc("GET "+Pattern+"/nodes/{name}", a.serveNode)
	mux.HandleFunc("GET "+Pattern+"/pods", a.servePods)
	mux.HandleFunc("GET "+Pattern+"/namespaces/{namespace}/pods", a.servePods)
	mux.HandleFunc("GET "+Pattern+"/namespaces/{namespace}/pods/{name}", a.servePod)
	return mux
}

type api struct {
	nodes []string
	pods  corelisters.PodLister
}

func (a api) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	verbs := metav1.Verbs{"get", "list"}
	answer(w, metav1.APIResourceList{
		TypeMeta:     metav1.TypeMeta{APIVersion: "v1", Kind: "APIResourceList"},
		GroupVersion: GroupVersion,
		APIResources: []metav1.APIResource{
			{Name: "nodes", Kind: "NodeMetrics", Verbs: verbs},
			{Name: "pods", Kind: "PodMetrics", Verbs: verbs, Namespaced: true},
		},
	})
}

func (a api) serveNodes(w http.ResponseWriter, _ *http.Request) {
	pods, err := a.pods.List(labels.Everything())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	list := metricsv1beta1.NodeMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: GroupVersion, Kind: "NodeMetricsList"},
		Items:    []metricsv1beta1.NodeMetrics{},
	}
	now := time.Now()
	for _, name := range a.nodes {
		list.Items = append(list.Items, nodeMetrics(name, pods, now))
	}
	answer(w, list)
}

func (a api) serveNode(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	if !slices.Contains(a.nodes, name) {
		refuse(w, http.StatusNotFound, "no node "+name)
		return
	}
	pods, err := a.pods.List(labels.Everything())
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, nodeMetrics(name, pods, time.Now()))
}

func (a api) servePods(w http.ResponseWriter, r *http.Request) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		refuse(w, http.StatusBadRequest, "labelSelector: "+err.Error())
		return
	}
	pods, err := a.pods.Pods(r.PathValue("namespace")).List(selector)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error())
		return
	}
	answer(w, podList(pods, time.Now()))
}

func podList(pods []*corev1.Pod, now time.Time) metricsv1beta1.PodMetricsList {
	list := metricsv1beta1.PodMetricsList{
		TypeMeta: metav1.TypeMeta{APIVersion: GroupVersion, Kind: "PodMetricsList"},
		Items:    []metricsv1beta1.PodMetrics{},
	}
	for _, pod := range pods {
		if hasMetrics(pod) {
			list.Items = append(list.Items, podMetrics(pod, now))
		}
	}
	slices.SortFunc(list.Items, func(a, b metricsv1beta1.PodMetrics) int {
		return strings.Compare(a.Namespace+"/"+a.Name, b.Namespace+"/"+b.Name)
	})
	return list
}

func (a api) servePod(w http.ResponseWriter, r *http.Request) {
	pod, err := a.pods.Pods(r.PathValue("namespace")).Get(r.PathValue("name"))
	if err != nil || !hasMetrics(pod) {
		refuse(w, http.StatusNotFound, "no running Pod "+r.PathValue("namespace")+"/"+r.PathValue("name"))
		return
	}
	answer(w, podMetrics(pod, time.Now()))
}

func answer(w http.ResponseWriter, body any) { write(w, http.StatusOK, body) }

func refuse(w http.ResponseWriter, code int, message string) {
	write(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"},
		Status:   metav1.StatusFailure, Message: message, Code: int32(code),
	})
}

func write(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		klog.V(1).InfoS("playground: metrics API answer cut short", "err", err)
	}
}
