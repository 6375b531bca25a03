package builtin

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

func deployment(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	spec, status := field.Spec(obj), field.Status(obj)
	if spec.Flag("paused") {
		return suspended, "Deployment is paused"
	}
	if field.Generation(obj) > status.Number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed deployment generation less than desired generation"
	}
	if status.Condition("Progressing").Text("reason") == "ProgressDeadlineExceeded" {
		return degraded, fmt.Sprintf("Deployment %q exceeded its progress deadline", obj.GetName())
	}
	desired, updated := spec.Number("replicas"), status.Number("updatedReplicas")
	if updated < desired {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas have been updated...", updated, desired)
	}
	if old := status.Number("replicas") - updated; old > 0 {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d old replicas are pending termination...", old)
	}
	if available := status.Number("availableReplicas"); available < updated {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d of %d updated replicas are available...", available, updated)
	}
	return healthy, ""
}

func replicaSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := field.Status(obj)
	if field.Generation(obj) > status.Number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed replica set generation less than desired generation"
	}
	if c := status.Condition("ReplicaFailure"); c.Text("status") == "True" {
		return degraded, c.Text("message")
	}
	desired, available := field.Spec(obj).Number("replicas"), status.Number("availableReplicas")
	if available < desired {
		return progressing, fmt.Sprintf("Waiting for rollout to finish: %d out of %d new replicas are available...", available, desired)
	}
	return healthy, ""
}

func daemonSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := field.Status(obj)
	if field.Generation(obj) > status.Number("observedGeneration") {
		return progressing, "Waiting for rollout to finish: observed daemon set generation less than desired generation"
	}
	desired, updated := status.Number("desiredNumberScheduled"), status.Number("updatedNumberScheduled")
	if field.Spec(obj).Object("updateStrategy").Text("type") == "OnDelete" {
		return healthy, fmt.Sprintf("daemon set %d out of %d new pods have been updated", updated, desired)
	}
	if updated < desired {
		return progressing, fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d out of %d new pods have been updated...",
			obj.GetName(), updated, desired)
	}
	if available := status.Number("numberAvailable"); available < desired {
		return progressing, fmt.Sprintf("Waiting for daemon set %q rollout to finish: %d of %d updated pods are available...",
			obj.GetName(), available, desired)
	}
	return healthy, ""
}

func statefulSet(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	spec, status := field.Spec(obj), field.Status(obj)
	observed := status.Number("observedGeneration")
	if observed == 0 || field.Generation(obj) > observed {
		return progressing, "Waiting for statefulset spec update to be observed..."
	}
	desired, ready, updated := spec.Number("replicas"), status.Number("readyReplicas"), status.Number("updatedReplicas")
	if ready < desired {
		return progressing, fmt.Sprintf("Waiting for %d pods to be ready...", desired-ready)
	}
	strategy := spec.Object("updateStrategy")
	if strategy.Text("type") == "RollingUpdate" && strategy.Has("rollingUpdate") {
		rolling := strategy.Object("rollingUpdate")
		if want := desired - rolling.Number("partition"); rolling.Has("partition") && updated < want {
			return progressing, fmt.Sprintf("Waiting for partitioned roll out to finish: %d out of %d new pods have been updated...", updated, want)
		}
		return healthy, fmt.Sprintf("partitioned roll out complete: %d new pods have been updated...", updated)
	}
	if strategy.Text("type") == "OnDelete" {
		return healthy, fmt.Sprintf("statefulset has %d ready pods", ready)
	}
	current, update := status.Text("currentRevision"), status.Text("updateRevision")
	if update != current {
		return progressing, fmt.Sprintf("waiting for statefulset rolling update to complete %d pods at revision %s...", updated, update)
	}
	return healthy, fmt.Sprintf("statefulset rolling update complete %d pods at revision %s...", status.Number("currentReplicas"), current)
}
