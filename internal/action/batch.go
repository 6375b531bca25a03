package action

import (
	"slices"
	"time"
)

func batch(kind string) []definition {
	suspended := func(o object) bool { return o.flag("spec", "suspend") }
	switch kind {
	case "CronJob":
		return []definition{
			{name: "create-job", display: "Create Job", icon: iconPlus, create: createJob},
			{
				name: "suspend", icon: iconPause, patch: sets(true, "spec", "suspend"),
				state: func(o object) state { return shownIf(!suspended(o)) },
			},
			{
				name: "resume", icon: iconPlay, patch: unsets("spec", "suspend"),
				state: func(o object) state { return shownIf(suspended(o)) },
			},
		}
	case "Job":
		return []definition{
			{
				name: "suspend", icon: iconPause, patch: sets(true, "spec", "suspend"),
				state: func(o object) state { return shownIf(!completed(o) && !suspended(o)) },
			},
			{
				name: "resume", icon: iconPlay, patch: unsets("spec", "suspend"),
				state: func(o object) state { return shownIf(!completed(o) && suspended(o)) },
			},
			{
				name: "terminate", icon: "fa fa-fw fa-stop", patch: terminateJob,
				state: func(o object) state { return shownIf(!completed(o) && o.object("status") != nil) },
			},
		}
	}
	return nil
}

// completed says that a Job has ended, or is about to.
func completed(o object) bool {
	return slices.ContainsFunc(o.list("status", "conditions"), func(c any) bool {
		m, _ := c.(map[string]any)
		condition := object(m)
		if condition.text("status") != "True" {
			return false
		}
		switch condition.text("type") {
		case "Complete", "Failed", "FailureTarget", "SuccessCriteriaMet":
			return true
		}
		return false
	})
}

// terminateJob has the Job controller end a Job: FailureTarget is its own word for a
// Job whose Pods are to be ended (KEP-3329).
func terminateJob(o object, in Input) error {
	if o.object("status") == nil || completed(o) {
		return nil
	}
	o.set(append(slices.Clone(o.list("status", "conditions")), map[string]any{
		"type": "FailureTarget", "status": "True", "reason": "ManuallyTerminated",
		"message":            "Somebody asked for the end of this Job",
		"lastTransitionTime": in.Now.Format(time.RFC3339),
	}), "status", "conditions")
	return nil
}

// createJob makes the Job that a CronJob would make, as kubectl create job --from does:
// labels and annotations of the template, the CronJob as its owner. A second one within
// a minute has the same name and so is not made.
func createJob(o object, in Input) object {
	job := object{"apiVersion": "batch/v1", "kind": "Job"}
	template := object(o.object("spec", "jobTemplate"))
	job.copyMeta(template.object("metadata"))
	job.name(o, in.Now.Format("0601021504"))
	job.set("manual", annotation("cronjob.kubernetes.io/instantiate")...)
	job.own(o)["controller"] = true
	job.own(o)["blockOwnerDeletion"] = true
	if spec := template.object("spec"); spec != nil {
		job["spec"] = spec
	}
	return job
}

// copyMeta takes labels and annotations of a template.
func (o object) copyMeta(template map[string]any) {
	for _, field := range []string{"labels", "annotations"} {
		if m, ok := template[field].(map[string]any); ok && len(m) > 0 {
			o.set(m, "metadata", field)
		}
	}
}

// name names o after the object that it is made from.
func (o object) name(from object, suffix string) {
	o.set(from.text("metadata", "name")+"-"+suffix, "metadata", "name")
	if ns := from.text("metadata", "namespace"); ns != "" {
		o.set(ns, "metadata", "namespace")
	}
}

// own is the reference to the one owner of o.
func (o object) own(owner object) map[string]any {
	if list := o.list("metadata", "ownerReferences"); len(list) == 1 {
		m, _ := list[0].(map[string]any)
		return m
	}
	ref := map[string]any{
		"apiVersion": owner.text("apiVersion"), "kind": owner.text("kind"), "name": owner.text("metadata", "name"),
	}
	if uid := owner.text("metadata", "uid"); uid != "" {
		ref["uid"] = uid
	}
	o.set([]any{ref}, "metadata", "ownerReferences")
	return ref
}
