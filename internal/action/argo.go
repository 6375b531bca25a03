package action

import (
	"time"

	"evenkeel.dev/internal/fault"
)

func argo(kind string) []definition {
	switch kind {
	case "Rollout":
		return rollout()
	case "AnalysisRun":
		return []definition{{
			name: "terminate", patch: sets(true, "spec", "terminate"),
			state: func(o object) state {
				switch o.text("status", "phase") {
				case "Successful", "Failed", "Error", "Inconclusive":
					return disabled
				}
				return enabledIf(!o.flag("spec", "terminate"))
			},
		}}
	case "Application":
		return []definition{{name: "toggle-auto-sync", label: toggleLabel, patch: toggle}}
	case "CronWorkflow":
		return []definition{{name: "create-workflow", display: "Create Workflow", icon: iconPlus, create: workflowOfCron}}
	case "WorkflowTemplate":
		return []definition{{name: "create-workflow", display: "Create Workflow", icon: iconPlus, create: workflowOfTemplate}}
	}
	return nil
}

// rollout are the actions of Argo Rollouts. Most of them write the status, through its
// subresource: there is no other way to ask for them.
func rollout() []definition {
	return []definition{
		{name: "restart", display: "Restart Pods", patch: stamps("spec", "restartAt")},
		{
			name: "resume", patch: resumeRollout,
			state: func(o object) state { return enabledIf(rolloutPaused(o)) },
		},
		{
			name: "pause", patch: sets(true, "spec", "paused"),
			state: func(o object) state {
				return enabledIf(!promoted(o) && !o.flag("status", "abort") && !o.flag("spec", "paused"))
			},
		},
		{
			name: "promote-full", patch: promoteFull,
			state: func(o object) state {
				switch {
				case o.object("status") == nil || promoted(o):
					return disabled
				case generationObserved(o):
					return enabled
				}
				return enabledIf(o.object("spec", "strategy", "blueGreen") == nil)
			},
		},
		{
			name: "skip-current-step", patch: skipStep,
			state: func(o object) state {
				step, _ := o.number("status", "currentStepIndex")
				canary := o.object("spec", "strategy", "canary")
				return enabledIf(canary["steps"] != nil && step != int64(len(o.list("spec", "strategy", "canary", "steps"))))
			},
		},
		{
			name: "abort", patch: sets(true, "status", "abort"),
			state: func(o object) state { return enabledIf(!promoted(o) && !o.flag("status", "abort")) },
		},
		{
			name: "retry", patch: removes("status", "abort"),
			state: func(o object) state { return enabledIf(!promoted(o) && o.flag("status", "abort")) },
		},
	}
}

// promoted says that what runs is what is stable.
func promoted(o object) bool {
	return o.text("status", "currentPodHash") == o.text("status", "stableRS")
}

// rolloutPaused: pause conditions count where the status has them, even none.
func rolloutPaused(o object) bool {
	if o.at("status", "pauseConditions") != nil {
		return len(o.list("status", "pauseConditions")) > 0
	}
	return o.flag("spec", "paused")
}

// generationObserved says whether the controller notes generations, as those from 0.10
// on do; older ones wrote a hash there.
func generationObserved(o object) bool {
	observed, ok := o.number("status", "observedGeneration")
	generation, _ := o.number("metadata", "generation")
	return ok && observed <= generation
}

// resumeRollout goes on with the next step.
func resumeRollout(o object, _ Input) error {
	if len(o.list("status", "pauseConditions")) > 0 {
		o.remove("status", "pauseConditions")
	}
	return unsets("spec", "paused")(o, Input{})
}

func promoteFull(o object, _ Input) error {
	switch {
	case o.object("status") == nil:
	case generationObserved(o):
		o.set(true, "status", "promoteFull")
	default:
		o.remove("status", "abort")
		if o.at("spec", "strategy", "canary", "steps") != nil {
			o.set(int64(len(o.list("spec", "strategy", "canary", "steps"))), "status", "currentStepIndex")
		}
	}
	return nil
}

func skipStep(o object, _ Input) error {
	steps := o.list("spec", "strategy", "canary", "steps")
	if o.object("status") == nil || len(steps) == 0 {
		return nil
	}
	step, ok := o.number("status", "currentStepIndex")
	if !ok {
		return fault.New(fault.Conflict, "the Rollout is at no step yet")
	}
	if step < int64(len(steps)) {
		if len(o.list("status", "pauseConditions")) > 0 {
			o.remove("status", "pauseConditions")
		}
		o.set(step+1, "status", "currentStepIndex")
	}
	return nil
}

func autoSynced(o object) bool {
	automated, ok := o.at("spec", "syncPolicy", "automated").(map[string]any)
	return ok && (automated["enabled"] == nil || object(automated).flag("enabled"))
}

func toggle(o object, _ Input) error {
	o.set(!autoSynced(o), "spec", "syncPolicy", "automated", "enabled")
	return nil
}

func toggleLabel(o object) string {
	if autoSynced(o) {
		return "Disable Auto-Sync"
	}
	return "Enable Auto-Sync"
}

const minute = "200601021504"

// workflowOfCron makes the Workflow that a CronWorkflow would, as argo submit --from
// does.
func workflowOfCron(o object, in Input) object {
	w := object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
	meta := object(o.object("spec", "workflowMetadata"))
	w.copyMeta(meta)
	w.name(o, in.Now.Format(minute))
	w.set(o.text("metadata", "name"), label("workflows.argoproj.io/cron-workflow")...)
	const instance = "workflows.argoproj.io/controller-instanceid"
	if id := o.text(label(instance)...); id != "" {
		w.set(id, label(instance)...)
	}
	w.set(in.Now.Format(time.RFC3339), annotation("workflows.argoproj.io/scheduled-time")...)
	// Argo CD puts them beside metadata, where the API server drops them.
	if finalizers := meta.list("finalizers"); len(finalizers) > 0 {
		w.set(finalizers, "metadata", "finalizers")
	}
	w.own(o)
	if spec := o.object("spec", "workflowSpec"); spec != nil {
		w["spec"] = spec
	}
	return w
}

func workflowOfTemplate(o object, in Input) object {
	w := object{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}
	w.name(o, in.Now.Format(minute))
	w.set(o.text("metadata", "name"), label("workflows.argoproj.io/workflow-template")...)
	w.own(o)
	w.set(o.text("metadata", "name"), "spec", "workflowTemplateRef", "name")
	return w
}
