package builtin

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

func deployment(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	spec, status := spec(obj), status(obj)
	if spec.flag("paused") {
		return suspended, "Deployment is paused"
	}
	if generation(obj) > status.number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed deployment generation less than desired generation"
	}
	if status.condition("Progressing").text("reason") == "ProgressDeadlineExceeded" {
		return degraded, fmt.Sprintf("Deployment %q exceeded its progress deadline", obj.GetName())
	}
	desired, updated := spec.number("replicas"), status.number("updatedReplicas")
	if updated < desired {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas have been updated...", updated, desired)
	}
	if old := status.number("replicas") - updated; old > 0 {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d old replicas are pending termination...", old)
	}
	if available := status.number("availableReplicas"); available < updated {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d of %d updated replicas are available...", available, updated)
	}
	return healthy, ""
}

func replicaSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := status(obj)
	if generation(obj) > status.number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed replica set generation less than desired generation"
	}
	if c := status.condition("ReplicaFailure"); c.text("status") == "True" {
		return degraded, c.text("message")
	}
	desired, available := spec(obj).number("replicas"), status.number("availableReplicas")
	if available < desired {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas are available...", available, desired)
	}
	return healthy, ""
}

func daemonSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := status(obj)
	if generation(obj) > status.number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed daemon set generation less than desired generation"
	}
	desired, updated := status.number("desiredNumberScheduled"), status.number("updatedNumberScheduled")
	if spec(obj).object("updateStrategy").text("type") == "OnDelete" {
		return healthy, fmt.Sprintf("daemon set %d out of %d new pods have been updated", updated, desired)
	}
	if updated < desired {
		return progressing, fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d out of %d new pods have been updated...",
			obj.GetName(), updated, desired)
	}
	if available := status.number("numberAvailable"); available < desired {
		return progressing, fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d of %d updated pods are available...",
			obj.GetName(), available, desired)
	}
	return healthy, ""
}

func statefulSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	spec, status := spec(obj), status(obj)
	observed := status.number("observedGeneration")
	if observed == 0 || generation(obj) > observed {
		return progressing, "Waiting for statefulset spec update to be observed..."
	}
	desired, ready, updated := spec.number("replicas"), status.number("readyReplicas"), status.number("updatedReplicas")
	if ready < desired {
		return progressing, fmt.Sprintf("Waiting for %d pods to be ready...", desired-ready)
	}
	strategy := spec.object("updateStrategy")
	if strategy.text("type") == "RollingUpdate" && strategy.has("rollingUpdate") {
		rolling := strategy.object("rollingUpdate")
		if want := desired - rolling.number("partition"); rolling.has("partition") && updated < want {
			return progressing, fmt.Sprintf("Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...", updated, want)
		}
		return healthy, fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...", updated)
	}
	if strategy.text("type") == "OnDelete" {
		return healthy, fmt.Sprintf("statefulset has %d ready pods", ready)
	}
	current, update := status.text("currentRevision"), status.text("updateRevision")
	if update != current {
		return progressing, fmt.Sprintf("waiting for statefulset rolling update to complete %d pods at revision %s...", updated, update)
	}
	return healthy, fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...", status.number("currentReplicas"), current)
}
