package action

import (
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// flux: all of its kinds can be suspended, and those that fetch or apply something can
// be told to do so now.
func flux(gk schema.GroupKind) []definition {
	suspended := func(o object) bool { return o.flag("spec", "suspend") }
	reconcile := definition{
		name: "reconcile",
		patch: func(o object, in Input) error {
			// Any other value is a request; flux reconcile writes the time in this form.
			o.set(in.Now.Format(time.RFC3339Nano), annotation("reconcile.fluxcd.io/requestedAt")...)
			return nil
		},
		state: func(o object) state { return enabledIf(!suspended(o)) },
	}
	suspend := definition{
		name: "suspend", patch: sets(true, "spec", "suspend"),
		state: func(o object) state { return enabledIf(!suspended(o)) },
	}
	resume := definition{
		name: "resume", patch: unsets("spec", "suspend"),
		state: func(o object) state { return enabledIf(suspended(o)) },
	}
	switch gk.Kind {
	case "HelmRelease", "ImageRepository", "ImageUpdateAutomation", "Kustomization", "Receiver",
		"Bucket", "GitRepository", "HelmChart", "HelmRepository", "OCIRepository":
		return []definition{reconcile, suspend, resume}
	case "Alert", "Provider":
		return []definition{suspend, resume}
	}
	return nil
}

func externalSecrets(kind string) []definition {
	patch := stamps(annotation("force-sync")...)
	switch kind {
	case "ExternalSecret":
		return []definition{{name: "refresh", patch: patch, state: func(o object) state {
			return enabledIf(!never(o) || o.text("spec", "refreshPolicy") == "OnChange")
		}}}
	case "PushSecret":
		return []definition{{name: "push", patch: patch, state: func(o object) state { return enabledIf(!never(o)) }}}
	}
	return nil
}

// never says that a refresh interval is 0 in whatever unit.
func never(o object) bool {
	if n, ok := o.number("spec", "refreshInterval"); ok {
		return n == 0
	}
	return slices.Contains([]string{"0ns", "0us", "0µs", "0ms", "0s", "0m", "0h"}, o.text("spec", "refreshInterval"))
}

const (
	kedaPaused         = "autoscaling.keda.sh/paused"
	kedaPausedReplicas = "autoscaling.keda.sh/paused-replicas"
)

func keda(kind string) []definition {
	paused := func(o object) bool { return o.text(annotation(kedaPaused)...) == "true" }
	pause := definition{name: "pause", icon: iconPaused, patch: sets("true", annotation(kedaPaused)...)}
	resume := definition{name: "resume", icon: iconPlayed}
	switch kind {
	case "ScaledJob":
		pause.state = func(o object) state { return enabledIf(!paused(o)) }
		resume.state = func(o object) state { return enabledIf(paused(o)) }
		resume.patch = removes(annotation(kedaPaused)...)
		return []definition{pause, resume}
	case "ScaledObject":
		rests := func(o object) bool { return paused(o) || o.at(annotation(kedaPausedReplicas)...) != nil }
		pause.state = func(o object) state { return enabledIf(!rests(o)) }
		resume.state = func(o object) state { return enabledIf(rests(o)) }
		resume.patch = func(o object, _ Input) error {
			o.remove(annotation(kedaPaused)...)
			o.remove(annotation(kedaPausedReplicas)...)
			return nil
		}
		return []definition{pause, pausedReplicas(paused), resume}
	}
	return nil
}

func pausedReplicas(paused func(object) bool) definition {
	return definition{
		name: "paused-replicas", icon: iconPaused,
		state: func(o object) state { return enabledIf(!paused(o)) },
		params: func(o object) []Param {
			n, _ := o.number(annotation(kedaPausedReplicas)...)
			return []Param{{Name: replicasParam, Default: strconv.FormatInt(n, 10)}}
		},
		patch: func(o object, in Input) error {
			n, err := replicas(in)
			if err == nil {
				o.set(strconv.FormatInt(n, 10), annotation(kedaPausedReplicas)...)
			}
			return err
		},
		sample: func(o object) map[string]string {
			n, _ := o.number(annotation(kedaPausedReplicas)...)
			return map[string]string{replicasParam: strconv.FormatInt(n+1, 10)}
		},
	}
}

// operators are kinds of which a group has just one with actions.
func operators(gk schema.GroupKind) []definition {
	switch gk {
	case schema.GroupKind{Group: "core.strimzi.io", Kind: "StrimziPodSet"}:
		const rolling = "strimzi.io/manual-rolling-update"
		return []definition{{
			name: "rolling-update", patch: sets("true", annotation(rolling)...),
			state: func(o object) state { return enabledIf(o.text(annotation(rolling)...) != "true") },
		}}
	case schema.GroupKind{Group: "k8s.mariadb.com", Kind: "MariaDB"}:
		suspended := func(o object) bool { return o.flag("spec", "suspend") }
		return []definition{
			{
				name: "suspend", display: "Suspend", icon: iconPause, patch: sets(true, "spec", "suspend"),
				state: func(o object) state { return shownIf(!suspended(o)) },
			},
			{
				name: "resume", display: "Resume", icon: iconPlay, patch: unsets("spec", "suspend"),
				state: func(o object) state { return shownIf(suspended(o)) },
			},
		}
	case schema.GroupKind{Group: "psmdb.percona.com", Kind: "PerconaServerMongoDB"}:
		paused := func(o object) bool { return o.flag("spec", "pause") }
		return []definition{
			{ // Argo CD offers it and cannot run it: the file of its script is misnamed.
				name: "pause", icon: iconPaused, patch: sets(true, "spec", "pause"),
				state: func(o object) state { return enabledIf(!paused(o)) },
			},
			{
				name: "unpause", icon: iconPlayed, patch: sets(false, "spec", "pause"),
				state: func(o object) state { return enabledIf(paused(o)) },
			},
		}
	case schema.GroupKind{Group: "promoter.argoproj.io", Kind: "PullRequest"}:
		return []definition{{
			name: "merge", display: "Merge PR", icon: "fa fa-fw fa-code-merge", patch: sets("merged", "spec", "state"),
			state: func(o object) state { return enabledIf(o.text("spec", "state") == "open") },
		}}
	case schema.GroupKind{Group: "postgresql.cnpg.io", Kind: "Cluster"}:
		return postgres()
	}
	return nil
}

// postgres are those of CloudNativePG, as its kubectl plugin does them.
func postgres() []definition {
	const loop = "cnpg.io/reconciliationLoop"
	resting := func(o object) bool { return o.text(annotation(loop)...) == "disabled" }
	return []definition{
		{
			name: "restart", display: "Rollout restart Cluster", icon: "fa fa-fw fa-recycle",
			patch: stamps(annotation(restartedAt)...),
		},
		{
			name: "reload", display: "Reload all Configuration", icon: "fa fa-fw fa-rotate-right",
			patch: stamps(annotation("cnpg.io/reloadedAt")...),
		},
		{
			name: "promote", display: "Promote Replica to Primary", icon: "fa fa-fw fa-angles-up",
			params: func(object) []Param { return []Param{{Name: "instance", Default: anyInstance}} },
			state: func(o object) state {
				return enabledIf(len(o.list("status", "instancesStatus", "healthy")) >= 2)
			},
			patch: promoteInstance,
		},
		{
			name: "suspend", display: "Suspend Reconciliation", icon: iconPause, patch: sets("disabled", annotation(loop)...),
			state: func(o object) state { return shownIf(!resting(o)) },
		},
		{
			name: "resume", display: "Resume Reconciliation", icon: iconPlay, patch: removes(annotation(loop)...),
			state: func(o object) state { return shownIf(resting(o)) },
		},
	}
}

const anyInstance = "any"

func promoteInstance(o object, in Input) error {
	wanted, given := in.Params["instance"]
	if !given {
		wanted = anyInstance
	}
	chosen := healthyInstance(o, wanted)
	if chosen == "" {
		return fault.New(fault.Conflict, "no instance that is healthy is %s", resource.Shown(wanted))
	}
	o.set(chosen, "status", "targetPrimary")
	o.set(in.Now.Format(time.RFC3339), "status", "targetPrimaryTimestamp")
	o.set("Switchover in progress", "status", "phase")
	o.set("Switching over to "+chosen, "status", "phaseReason")
	return nil
}

// healthyInstance finds one by its name or number; any is the one that follows the
// primary in the list.
func healthyInstance(o object, wanted string) string {
	var healthy []string
	for _, x := range o.list("status", "instancesStatus", "healthy") {
		if s, ok := x.(string); ok && s != "" {
			healthy = append(healthy, s)
		}
	}
	if len(healthy) == 0 {
		return ""
	}
	if wanted == anyInstance {
		primary := slices.Index(healthy, o.text("status", "currentPrimary"))
		return healthy[(primary+1)%len(healthy)]
	}
	if _, err := strconv.Atoi(wanted); err == nil {
		wanted = o.text("metadata", "name") + "-" + wanted
	}
	if !slices.Contains(healthy, wanted) {
		return ""
	}
	return wanted
}
