package builtin

import (
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// conditionsAnnotation holds, as JSON, the conditions that autoscaling/v1 has no
// field for.
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions"

const waitingToScale = "Waiting to Autoscale"

// autoscaler goes by the conditions, which v1 keeps in an annotation and all
// other versions in the status.
func autoscaler(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	status := status(obj)
	if obj.GetAPIVersion() == "autoscaling/v1" {
		text := Annotation(obj, conditionsAnnotation)
		if text == "" {
			return progressing, waitingToScale
		}
		var conditions []any
		if err := json.Unmarshal([]byte(text), &conditions); err != nil {
			return unknown, fmt.Sprintf("annotation %s is not a list of conditions: %v", conditionsAnnotation, err)
		}
		status = fields{"conditions": conditions}
	}
	for c := range status.each("conditions") {
		if cannotScale(c.text("type"), c.text("reason")) {
			return degraded, c.text("message")
		}
	}
	for c := range status.each("conditions") {
		kind := c.text("type")
		if c.text("status") == "True" && (kind == "AbleToScale" || kind == "ScalingLimited") {
			return healthy, c.text("message")
		}
	}
	return progressing, waitingToScale
}

func cannotScale(condition, reason string) bool {
	switch condition {
	case "AbleToScale":
		return reason == "FailedGetScale" || reason == "FailedUpdateScale"
	case "ScalingActive":
		switch reason {
		case "FailedGetResourceMetric", "FailedGetObjectMetric", "FailedGetPodsMetric", "FailedGetExternalMetric",
			"FailedComputeMetricsReplicas", "InvalidSelector":
			return true
		}
	}
	return false
}
