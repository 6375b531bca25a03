package resource

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// kindOrder is Argo CD's order of kinds within a wave (argo-cd.md §5.3).
var kindOrder = func() map[string]int {
	order := map[string]int{}
	for i, k := range []string{
		"Namespace", "NetworkPolicy", "ResourceQuota", "LimitRange", "PodSecurityPolicy", "PodDisruptionBudget",
		"ServiceAccount", "Secret", "SecretList", "ConfigMap", "StorageClass", "PersistentVolume", "PersistentVolumeClaim",
		"CustomResourceDefinition", "ClusterRole", "ClusterRoleList", "ClusterRoleBinding", "ClusterRoleBindingList",
		"Role", "RoleList", "RoleBinding", "RoleBindingList", "Service", "DaemonSet", "Pod", "ReplicationController",
		"ReplicaSet", "Deployment", "HorizontalPodAutoscaler", "StatefulSet", "Job", "CronJob", "IngressClass", "Ingress",
		"APIService",
	} {
		order[k] = i
	}
	return order
}()

// KindRank is a kind's place among the kinds; kinds that are not listed,
// custom resources first of all, come after all others.
func KindRank(kind string) int {
	if r, ok := kindOrder[kind]; ok {
		return r
	}
	return len(kindOrder)
}

// SyncWave is the wave in which obj is applied: its annotation, else the
// weight of its Helm hook, else 0. What is not a number counts as 0, as in Argo CD.
func SyncWave(obj *unstructured.Unstructured) int { return WaveOf(obj.GetAnnotations()) }

// WaveOf is SyncWave for bare annotations.
func WaveOf(a map[string]string) int {
	for _, key := range [...]string{v1alpha1.AnnotationSyncWave, v1alpha1.AnnotationHelmHookWeight} {
		if w, err := strconv.Atoi(strings.TrimSpace(a[key])); err == nil {
			return w
		}
	}
	return 0
}

// Options are the key=value words of an options annotation or list.
type Options map[string]string

// ParseOptions reads "A=x,B=y" lists; later words win. A word without "=" has
// the value "".
func ParseOptions(lists ...string) Options {
	o := Options{}
	for _, list := range lists {
		for word := range strings.SplitSeq(list, ",") {
			k, v, _ := strings.Cut(strings.TrimSpace(word), "=")
			if k != "" {
				o[k] = v
			}
		}
	}
	return o
}
