package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// noAddress says more than Argo CD, which leaves the message empty.
const noAddress = "Waiting for a load balancer address"

func service(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	if spec(obj).text("type") != "LoadBalancer" {
		return healthy, ""
	}
	return ingress(obj)
}

func ingress(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	if len(status(obj).object("loadBalancer").list("ingress")) == 0 {
		return progressing, noAddress
	}
	return healthy, ""
}

func apiService(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	available := status(obj).condition("Available")
	if available == nil {
		return progressing, "Waiting to be processed"
	}
	message := available.text("reason") + ": " + available.text("message")
	if available.text("status") != "True" {
		return progressing, message
	}
	return healthy, message
}
