package once

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// keepSeconds is how long a Job is kept that says nothing itself. Each key has a
// Job of its own, so without it they would pile up; the ledger keeps the log.
const keepSeconds = 24 * 60 * 60

// leastSeconds is how long a Job is kept at least: a TTL deletes its Pods before
// the Job itself, which our finalizer keeps, and the log with them.
const leastSeconds = 60

// JobFor is the Job to create for an entry: the hook under the name that is the
// lock, with the entry's key and attempt, held until its end was written down. It
// is tracked as itself by app, the Application's name in tracking ids, and neither
// its presence nor its absence makes that OutOfSync, nor is it pruned, whoever
// looks.
func JobFor(hook *unstructured.Unstructured, e Entry, app string) *unstructured.Unstructured {
	job := hook.DeepCopy()
	job.SetName(e.Job)
	unstructured.RemoveNestedField(job.Object, "metadata", "generateName")
	a := job.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[v1alpha1.AnnotationInputKey] = e.Key
	a[v1alpha1.AnnotationAttempt] = strconv.Itoa(e.Attempts)
	a[v1alpha1.AnnotationSyncOptions] = with(a[v1alpha1.AnnotationSyncOptions], "Prune=false")
	a[v1alpha1.AnnotationCompareOptions] = with(a[v1alpha1.AnnotationCompareOptions], "IgnoreExtraneous")
	a[v1alpha1.AnnotationTrackingID] = resource.TrackingID{
		App: app, Group: "batch", Kind: "Job", Namespace: job.GetNamespace(), Name: e.Job,
	}.String()
	job.SetAnnotations(a)
	if !slices.Contains(job.GetFinalizers(), v1alpha1.FinalizerHook) {
		job.SetFinalizers(append(job.GetFinalizers(), v1alpha1.FinalizerHook))
	}
	spec, _ := job.Object["spec"].(map[string]any)
	if spec == nil {
		return job // which the API server will refuse
	}
	ttl, ok := spec["ttlSecondsAfterFinished"].(int64)
	if !ok {
		ttl = keepSeconds
	}
	spec["ttlSecondsAfterFinished"] = max(ttl, leastSeconds)
	return job
}

func with(options, option string) string {
	if options == "" {
		return option
	}
	return options + "," + option
}

// Job is what counts of a Job that was found under a task's name.
type Job struct {
	Name    string
	UID     string
	Key     string
	Attempt int
	// Outcome is Running until the Job has ended.
	Outcome Outcome
	// Message says why it failed.
	Message string
	// Deleting says that its deletion was asked for; Held that our finalizer keeps it.
	Deleting bool
	Held     bool
	// Suspended says that somebody else stopped it for a while.
	Suspended bool
	// policy says after which outcome it is to be deleted. That it were deleted before
	// the next is made means nothing here: that has another name.
	policy resource.DeletePolicy
}

// JobOf reads a live Job.
func JobOf(obj *unstructured.Unstructured) Job {
	a := obj.GetAnnotations()
	j := Job{
		Name: obj.GetName(), UID: string(obj.GetUID()), Key: a[v1alpha1.AnnotationInputKey], Outcome: Running,
		Deleting: obj.GetDeletionTimestamp() != nil, Held: slices.Contains(obj.GetFinalizers(), v1alpha1.FinalizerHook),
		Suspended: truth(fields(obj.Object, "spec"), "suspend"),
	}
	j.Attempt, _ = strconv.Atoi(a[v1alpha1.AnnotationAttempt]) // 0, a Job that we did not make
	j.policy, _ = resource.DeletePolicies(a)
	for _, c := range list(fields(obj.Object, "status"), "conditions") {
		if str(c, "status") != "True" {
			continue
		}
		switch str(c, "type") {
		case "Complete":
			j.Outcome = Succeeded
		case "Failed":
			j.Outcome, j.Message = Failed, strings.Trim(fmt.Sprintf("%s: %s", str(c, "reason"), str(c, "message")), ": ")
		}
	}
	return j
}
