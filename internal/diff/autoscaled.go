package diff

import (
	"maps"

	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// replicasPath is the field that every scale subresource of the API writes.
const replicasPath = "/spec/replicas"

// AutoscaledReplicas is the rule of evenkeel.autoscaledReplicas: "ignore": a number of
// replicas that an autoscaler has set is not compared, and not sent either.
func AutoscaledReplicas() *RuleSet {
	every := glob.MustCompile("*")
	return &RuleSet{rules: []compiledRule{{group: every, kind: every, autoscaled: true, text: "autoscaledReplicas"}}}
}

// autoscaler says whether an autoscaler has set live's number of replicas. The controller
// of HorizontalPodAutoscalers is the one part of kube-controller-manager that writes
// through the scale subresource. KEDA works through it, and itself, as keda, writes there
// what no HorizontalPodAutoscaler can: from none to some. (And back, of which the API server
// notes no owner.) Who scales by hand has another name. The object itself says so, for
// every event and whatever else was read by then.
func autoscaler(live *unstructured.Unstructured) bool {
	for _, g := range ownershipOf(live, "", "", nil).all {
		if g.name != "kube-controller-manager" && g.name != "keda" || g.subresource != "scale" {
			continue
		}
		if _, ok := at(g.fields, []seg{field("spec"), field("replicas")}); ok {
			return true
		}
	}
	return false
}

// Autoscaled says whether a change is of a number of replicas that an autoscaler set.
func Autoscaled(live *unstructured.Unstructured, c Change) bool {
	return c.Path == replicasPath && c.Desired != nil && autoscaler(live)
}

// Scaled says whether numbers of replicas that an autoscaler sets are left to it.
func (r *Rules) Scaled() bool { return r != nil && r.autoscaled }

// LeaveReplicas is desired without the number of replicas, where an autoscaler has set
// live's and it is left to it; with live's if whole says that it replaces live.
func (r *Rules) LeaveReplicas(desired, live *unstructured.Unstructured, whole bool) *unstructured.Unstructured {
	mine, _ := desired.Object["spec"].(map[string]any)
	theirs, _ := live.Object["spec"].(map[string]any)
	if !r.Scaled() || mine["replicas"] == nil || theirs["replicas"] == nil || !autoscaler(live) {
		return desired
	}
	spec := maps.Clone(mine)
	if delete(spec, "replicas"); whole {
		spec["replicas"] = theirs["replicas"]
	}
	out := maps.Clone(desired.Object)
	out["spec"] = spec
	return &unstructured.Unstructured{Object: out}
}
