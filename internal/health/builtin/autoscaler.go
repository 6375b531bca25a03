package builtin

import (
	"encoding/json"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

// conditionsAnnotation holds, as JSON, the conditions that autoscaling/v1 has no
// field for.
const conditionsAnnotation = "autoscaling.alpha.kubernetes.io/conditions"

const waitingToScale = "Waiting to Autoscale"

// scaling is a condition of an autoscaler.
type scaling struct {
	Type, Status, Reason, Message string
}

func autoscaler(obj *unstructured.Unstructured) (v1alpha1.HealthStatusCode, string) {
	conditions, err := scalingConditions(obj)
	if err != nil {
		return unknown, "annotation " + conditionsAnnotation + " is not a list of conditions"
	}
	for _, c := range conditions {
		if cannotScale(c.Type, c.Reason) {
			return degraded, c.Message
		}
	}
	for _, c := range conditions {
		if c.Status == "True" && (c.Type == "AbleToScale" || c.Type == "ScalingLimited") {
			return healthy, c.Message
		}
	}
	return progressing, waitingToScale
}

// scalingConditions are in an annotation in v1 and in the status in all other versions.
func scalingConditions(obj *unstructured.Unstructured) ([]scaling, error) {
	var out []scaling
	if obj.GetAPIVersion() == "autoscaling/v1" {
		text := field.Annotation(obj, conditionsAnnotation)
		if text == "" {
			return nil, nil
		}
		err := json.Unmarshal([]byte(text), &out)
		return out, err
	}
	for c := range field.Status(obj).Each("conditions") {
		out = append(out, scaling{c.Text("type"), c.Text("status"), c.Text("reason"), c.Text("message")})
	}
	return out, nil
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
