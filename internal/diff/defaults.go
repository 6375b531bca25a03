package diff

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/jsonobject"
)

// isDefault says whether a value of a built-in kind is one that the API server fills in
// where there is none. Only defaults that depend on nothing else are known; test/truth
// tries them.
func (w *walker) isDefault(path []seg, live any) bool {
	if !w.builtIn || len(path) == 0 || path[0].name == "metadata" {
		return false
	}
	name := path[len(path)-1].name
	d, ok := defaultOf(parent(path), name)
	if !ok {
		d, ok = defaultOfAny(w.kind, name)
	}
	return ok && jsonobject.Equal(d, live)
}

// derived says whether a map is what the API server makes of the rest of the object where
// it is empty or not there. Such a default moves with what it is made of, so that no earlier answer
// stands for it.
func (w *walker) derived(path []seg, live map[string]any) bool {
	if w.kind != "ReplicationController" || pointer(path) != "/spec/selector" {
		return false
	}
	labels, _, _ := unstructured.NestedMap(w.live.Object, "spec", "template", "metadata", "labels")
	return jsonobject.Equal(live, labels)
}

func object(pairs ...any) map[string]any {
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i+1 < len(pairs); i += 2 {
		m[pairs[i].(string)] = pairs[i+1]
	}
	return m
}

// defaultOf is the default of a field that is called the same and has the same one
// wherever it is in a struct of that name.
func defaultOf(parent, name string) (any, bool) {
	switch parent + "/" + name {
	case "ports/protocol":
		return "TCP", true
	case "containers/terminationMessagePath", "initContainers/terminationMessagePath":
		return "/dev/termination-log", true
	case "containers/terminationMessagePolicy", "initContainers/terminationMessagePolicy":
		return "File", true
	case "containers/resources", "initContainers/resources", "spec/securityContext", "spec/resources":
		return object(), true
	case "httpGet/scheme":
		return "HTTP", true
	case "httpGet/path":
		return "/", true
	case "grpc/service", "hostPath/type":
		return "", true
	case "configMap/defaultMode", "secret/defaultMode", "downwardAPI/defaultMode", "projected/defaultMode":
		return int64(420), true
	case "serviceAccountToken/expirationSeconds":
		return int64(3600), true
	case "fieldRef/apiVersion":
		return "v1", true
	case "rules/scope", "resourceRules/scope", "excludeResourceRules/scope":
		return "*", true
	case "service/port":
		return int64(443), true
	case "roleRef/apiGroup", "subjects/apiGroup":
		return "rbac.authorization.k8s.io", true
	case "webhooks/namespaceSelector", "webhooks/objectSelector", "matchConstraints/namespaceSelector", "matchConstraints/objectSelector",
		"matchResources/namespaceSelector", "matchResources/objectSelector", "endpoints/conditions":
		return object(), true
	case "webhooks/matchPolicy", "matchConstraints/matchPolicy", "matchResources/matchPolicy":
		return "Equivalent", true
	case "webhooks/failurePolicy":
		return "Fail", true
	case "webhooks/timeoutSeconds":
		return int64(10), true
	case "exactly/allocationMode":
		return "ExactCount", true
	}
	return probeDefault(parent, name)
}

func probeDefault(parent, name string) (any, bool) {
	switch parent {
	case "livenessProbe", "readinessProbe", "startupProbe":
	default:
		return nil, false
	}
	switch name {
	case "timeoutSeconds", "successThreshold":
		return int64(1), true
	case "periodSeconds":
		return int64(10), true
	case "failureThreshold":
		return int64(3), true
	}
	return nil, false
}

// defaultOfAny is the default of a field that a kind has once.
func defaultOfAny(kind, name string) (any, bool) { //nolint:gocyclo // a table
	if hasPods(kind) {
		switch name {
		case "dnsPolicy":
			return "ClusterFirst", true
		case "schedulerName":
			return "default-scheduler", true
		case "enableServiceLinks":
			return true, true
		}
	}
	switch kind + "/" + name {
	case "Deployment/revisionHistoryLimit", "DaemonSet/revisionHistoryLimit", "StatefulSet/revisionHistoryLimit":
		return int64(10), true
	case "Deployment/replicas", "ReplicaSet/replicas", "StatefulSet/replicas", "ReplicationController/replicas", "HorizontalPodAutoscaler/minReplicas":
		return int64(1), true
	case "Deployment/progressDeadlineSeconds":
		return int64(600), true
	case "Deployment/maxSurge", "Deployment/maxUnavailable":
		return "25%", true
	case "Deployment/strategy":
		return object("type", "RollingUpdate", "rollingUpdate", object("maxSurge", "25%", "maxUnavailable", "25%")), true
	case "DaemonSet/updateStrategy":
		return object("type", "RollingUpdate", "rollingUpdate", object("maxSurge", int64(0), "maxUnavailable", int64(1))), true
	case "StatefulSet/updateStrategy":
		return object("type", "RollingUpdate", "rollingUpdate", object("partition", int64(0))), true
	case "StatefulSet/podManagementPolicy":
		return "OrderedReady", true
	case "StatefulSet/persistentVolumeClaimRetentionPolicy":
		return object("whenDeleted", "Retain", "whenScaled", "Retain"), true
	case "StatefulSet/status":
		return object("phase", "Pending"), true
	case "StatefulSet/apiVersion":
		return "v1", true
	case "StatefulSet/kind":
		return "PersistentVolumeClaim", true
	case "StatefulSet/volumeMode", "PersistentVolume/volumeMode", "PersistentVolumeClaim/volumeMode":
		return "Filesystem", true
	case "PersistentVolume/persistentVolumeReclaimPolicy":
		return "Retain", true
	case "CronJob/concurrencyPolicy":
		return "Allow", true
	case "CronJob/successfulJobsHistoryLimit":
		return int64(3), true
	case "CronJob/failedJobsHistoryLimit":
		return int64(1), true
	case "CronJob/suspend", "Job/suspend":
		return false, true
	case "Job/completionMode":
		return "NonIndexed", true
	}
	return clusterDefault(kind, name)
}

func hasPods(kind string) bool {
	switch kind {
	case "Pod", "PodTemplate", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ReplicationController", "Job", "CronJob":
		return true
	}
	return false
}

// clusterDefault is defaultOfAny for kinds without pods.
func clusterDefault(kind, name string) (any, bool) {
	switch kind + "/" + name {
	case "Service/sessionAffinity":
		return "None", true
	case "Service/type":
		return "ClusterIP", true
	case "Service/internalTrafficPolicy":
		return "Cluster", true
	case "Secret/type":
		return "Opaque", true
	case "StorageClass/reclaimPolicy":
		return "Delete", true
	case "StorageClass/volumeBindingMode":
		return "Immediate", true
	case "PriorityClass/preemptionPolicy":
		return "PreemptLowerPriority", true
	case "MutatingWebhookConfiguration/reinvocationPolicy":
		return "Never", true
	case "MutatingAdmissionPolicy/failurePolicy", "ValidatingAdmissionPolicy/failurePolicy":
		return "Fail", true
	case "CustomResourceDefinition/conversion":
		return object("strategy", "None"), true
	case "IngressClass/scope":
		return "Cluster", true
	case "EndpointSlice/name":
		return "", true
	}
	return nil, false
}
