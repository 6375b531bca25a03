package rollout

import (
	"strconv"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/field"
)

const (
	healthy     = v1alpha1.HealthStatusHealthy
	suspended   = v1alpha1.HealthStatusSuspended
	progressing = v1alpha1.HealthStatusProgressing
	degraded    = v1alpha1.HealthStatusDegraded
	unknown     = v1alpha1.HealthStatusUnknown
)

// phases are those that the controller of Argo Rollouts gives a Rollout.
var phases = map[string]v1alpha1.HealthStatusCode{"Healthy": healthy, "Progressing": progressing, "Degraded": degraded, "Paused": suspended}

// Judge judges a Rollout of Argo Rollouts. Its controller says since v1.0 what it
// makes of it in status.phase; the rest is for those before.
func Judge(o field.Object) (v1alpha1.HealthStatusCode, string) {
	status := o.Object("status")
	if !observed(o) || !workloadObserved(o) {
		return progressing, "Waiting for the change of the spec to be observed"
	}
	if status.Has("phase") {
		then := phases[status.Text("phase")]
		if then == "" {
			then = unknown
		}
		return then, progress(o, then, status.Text("message"))
	}
	// A condition of this type is there only while it is true.
	for c := range status.Each("conditions") {
		reason := c.Text("reason")
		if c.Text("type") == "InvalidSpec" || c.Text("type") == "Progressing" && (reason == "RolloutAborted" || reason == "ProgressDeadlineExceeded") {
			return degraded, progress(o, degraded, field.Words(c))
		}
	}
	if len(status.List("pauseConditions")) > 0 || o.Object("spec").Flag("paused") {
		return suspended, progress(o, suspended, "")
	}
	if then, message := rolledOut(o); then != healthy {
		return then, progress(o, then, message)
	}
	return healthy, ""
}

// observed says whether the controller has seen the last spec. Before v1.0
// observedGeneration was a hash, which says nothing.
func observed(o field.Object) bool {
	if !o.Has("status") {
		return false
	}
	seen, ok := number(o.Object("status")["observedGeneration"])
	return !ok || seen >= o.Object("metadata").Number("generation")
}

// workloadObserved says the same of the Deployment that a Rollout refers to.
func workloadObserved(o field.Object) bool {
	meta := o.Object("metadata")
	if !o.Object("spec").Has("workloadRef") || !meta.Has("annotations") {
		return true
	}
	want, wanted := number(meta.Object("annotations")["rollout.argoproj.io/workload-generation"])
	seen, known := number(o.Object("status")["workloadObservedGeneration"])
	return wanted == known && want == seen
}

// number reads what is a number, or text that is one.
func number(v any) (n int64, ok bool) {
	text, ok := field.Scalar(v)
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil
}

// rolledOut says how far a Rollout is by its counters and hashes.
func rolledOut(o field.Object) (v1alpha1.HealthStatusCode, string) {
	status, spec := o.Object("status"), o.Object("spec")
	hash := status.Text("currentPodHash")
	if hash == "" {
		return progressing, "Waiting for the controller of Argo Rollouts"
	}
	desired := int64(1)
	if spec.Has("replicas") {
		desired = spec.Number("replicas")
	}
	updated := status.Number("updatedReplicas")
	if updated < desired {
		return progressing, "Waiting for more replicas to be updated"
	}
	if status.Number("availableReplicas") < updated {
		return progressing, "Waiting for updated replicas to become available"
	}
	stable := status.Text("stableRS")
	if !status.Has("stableRS") {
		stable = status.Object("canary").Text("stableRS")
	}
	strategy := spec.Object("strategy")
	if strategy.Has("blueGreen") {
		if status.Object("blueGreen").Text("activeSelector") != hash {
			return progressing, "Waiting for the active service to be switched over"
		}
		if stable != "" && stable != hash {
			return progressing, "Waiting for the analysis to complete"
		}
		return healthy, ""
	}
	if strategy.Has("canary") {
		if status.Number("replicas") > updated {
			return progressing, "Waiting for old replicas to terminate"
		}
		if stable != hash {
			return progressing, "Waiting for the steps to finish"
		}
	}
	return healthy, ""
}

// progress is where a Rollout stands and why: "Step 3 of 8, paused since
// 2026-08-01T10:00:00Z (CanaryPauseStep): it waits to be promoted".
func progress(o field.Object, then v1alpha1.HealthStatusCode, why string) string {
	if then == healthy {
		return why
	}
	status := o.Object("status")
	var parts []string
	step, steps := canaryStep(o)
	if steps > 0 {
		parts = append(parts, "step "+strconv.FormatInt(step+1, 10)+" of "+strconv.Itoa(steps))
	}
	if status.Flag("abort") {
		parts = append(parts, at("aborted at", status.Text("abortedAt")))
	}
	paused := o.Object("spec").Flag("paused")
	if paused {
		parts = append(parts, "paused in its spec")
	}
	for c := range status.Each("pauseConditions") {
		text := at("paused since", c.Text("startTime"))
		if reason := c.Text("reason"); reason != "" {
			text += " (" + reason + ")"
		}
		parts = append(parts, text)
		paused = true
	}
	where := strings.Join(parts, ", ")
	if where != "" {
		where = strings.ToUpper(where[:1]) + where[1:]
	}
	if paused && !status.Flag("abort") {
		why = resumes(o, step, why)
	}
	if where == "" || why == "" {
		return where + why
	}
	return where + ": " + why
}

// at adds the time to what ends in a preposition, or takes that away.
func at(what, time string) string {
	if time == "" {
		what, _, _ = strings.Cut(what, " ")
		return what
	}
	return what + " " + time
}

// canaryStep is the step that a canary is at, from 0, and how many there are; none
// when it has none or is through.
func canaryStep(o field.Object) (index int64, of int) {
	steps := o.Object("spec").Object("strategy").Object("canary").List("steps")
	status := o.Object("status")
	index = status.Number("currentStepIndex")
	if !status.Has("currentStepIndex") || index < 0 || index >= int64(len(steps)) {
		return 0, 0
	}
	return index, len(steps)
}

// resumes says what ends a pause. The controller's own message of a pause repeats the
// reason, which is told already.
func resumes(o field.Object, step int64, why string) string {
	steps := o.Object("spec").Object("strategy").Object("canary").List("steps")
	reason := ""
	for c := range o.Object("status").Each("pauseConditions") {
		reason = c.Text("reason")
		break
	}
	if reason == "" {
		return why
	}
	if reason == "CanaryPauseStep" && step < int64(len(steps)) {
		current, _ := steps[step].(map[string]any)
		switch duration := field.Object(current).Object("pause")["duration"].(type) {
		case string:
			return "it goes on by itself after " + duration
		case int64, float64:
			text, _ := field.Scalar(duration)
			return "it goes on by itself after " + text + "s"
		}
	}
	if why == "" || why == reason {
		return "it waits to be promoted"
	}
	return why
}
