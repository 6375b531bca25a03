package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// noAddress says more than Argo CD, which leaves the message empty.
const noAddress = "Waiting for a load balancer address"

func service(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	if field.Spec(obj).Text("type") != "LoadBalancer" {
		return healthy, ""
	}
	return ingress(obj)
}

func ingress(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	if len(field.Status(obj).Object("loadBalancer").List("ingress")) == 0 {
		return progressing, noAddress
	}
	return healthy, ""
}

func apiService(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	available := field.Status(obj).Condition("Available")
	if available == nil {
		return progressing, "Waiting to be processed"
	}
	message := available.Text("reason") + ": " + available.Text("message")
	if available.Text("status") != "True" {
		return progressing, message
	}
	return healthy, message
}
