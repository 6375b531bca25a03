package shipped

import (
	"strings"

	"evenkeel.dev/internal/health/field"
)

// workloads are kinds that run pods in other ways than Kubernetes' own.
var workloads = groups{
	"apps.kruise.io": {
		"AdvancedCronJob": {advancedCronJob},
		"BroadcastJob":    {needs("status"), broadcastJob, waiting("the job to end")},
		"CloneSet":        {needs("status"), observedIn("observedGeneration"), kruisePaused("spec.updateStrategy", "updatedAvailableReplicas"), cloneSet, waiting("the partition to be updated")},
		"DaemonSet": {
			needs("status"), observedIn("observedGeneration"), kruisePaused("spec.updateStrategy.rollingUpdate", "updatedNumberScheduled"),
			kruiseDaemonSet, waiting("the pods"),
		},
		"StatefulSet": {
			needs("status"), observedIn("observedGeneration"), kruisePaused("spec.updateStrategy.rollingUpdate", "updatedAvailableReplicas"),
			kruiseStatefulSet, waiting("the partition to be updated"),
		},
	},
	"game.kruise.io": {
		"GameServer":    {gameServer, finally(unknown, "Its state is not known")},
		"GameServerSet": {needs("status"), observedIn("observedGeneration"), value("spec.updateStrategy.rollingUpdate.paused", is{"true": suspended}), gameServerSet, waiting("the game servers")},
	},
	"keda.sh": {
		"ScaledJob": {
			conditions(when("Ready=False", degraded), when("Ready=Unknown", degraded)),
			scaling, waiting("its status"),
		},
		"ScaledObject": {
			conditions(when("Ready=False", degraded), when("Fallback=True", degraded)),
			scaling, waiting("its autoscaler to be made"),
		},
	},
	"rollouts.kruise.io": {"Rollout": {needs("status"), observedIn("observedGeneration"), kruiseRollout, waiting("the rollout")}},
}

var kedaPaused = parse("Paused=True")

// scaling is of what KEDA scales and does so without trouble.
func scaling(o field.Object) verdict {
	status := o.Object("status")
	c := find(status, &ready)
	if c == nil {
		return verdict{}
	}
	if paused := find(status, &kedaPaused); paused != nil {
		return verdict{suspended, field.Words(paused)}
	}
	return verdict{healthy, field.Words(c)}
}

// advancedCronJob that has never run is Degraded with Argo CD, unless it is paused.
func advancedCronJob(o field.Object) verdict {
	status := o.Object("status")
	last := status.Text("lastScheduleTime")
	switch {
	case !o.Has("status"):
		return verdict{progressing, "Waiting for its status"}
	case last == "" && o.Object("spec").Flag("paused"):
		return verdict{suspended, "It is paused"}
	case len(status.List("active")) > 0:
		return verdict{progressing, "Jobs of it are running"}
	case last == "":
		return verdict{degraded, "It has not run yet"}
	}
	return verdict{healthy, "It has run"}
}

func broadcastJob(o field.Object) verdict {
	status := o.Object("status")
	switch phase := status.Text("phase"); {
	case phase == "completed" && status.Number("desired") == status.Number("succeeded"):
		return say(healthy, "It has succeeded on all %d nodes", status.Number("desired"))
	case phase == "failed" && (!status.Has("failed") || status.Number("failed") != 0):
		return say(degraded, "It has failed on %d nodes", status.Number("failed"))
	case phase == "paused" && o.Object("spec").Flag("paused"):
		return verdict{suspended, "It is paused"}
	}
	return verdict{}
}

// kruisePaused: a set that counts no updated pods is taken for paused.
func kruisePaused(strategy, counter string) step {
	return func(o field.Object) verdict {
		holder, name := o.At(strategy)
		if holder.Object(name).Flag("paused") {
			return verdict{suspended, strategy + ".paused is true"}
		}
		if !o.Object("status").Has(counter) {
			return verdict{suspended, "It counts no updated pods"}
		}
		return verdict{}
	}
}

// partitioned says whether only a part of the pods is to be updated. The first
// generation has nothing to be updated from.
func partitioned(o, strategy field.Object) bool {
	text, _ := field.Scalar(strategy["partition"])
	return text != "0" && o.Object("metadata").Number("generation") > 1
}

func cloneSet(o field.Object) verdict {
	status := o.Object("status")
	if partitioned(o, o.Object("spec").Object("updateStrategy")) {
		if status.Number("updatedReplicas") >= status.Number("expectedUpdatedReplicas") {
			return verdict{suspended, "Its partition is updated; it waits to be continued"}
		}
		return verdict{}
	}
	return kruiseUpdated(status)
}

func kruiseStatefulSet(o field.Object) verdict {
	status, strategy := o.Object("status"), o.Object("spec").Object("updateStrategy").Object("rollingUpdate")
	if partitioned(o, strategy) {
		if status.Number("updatedReplicas") > status.Number("replicas")-strategy.Number("partition") {
			return verdict{suspended, "Its partition is updated; it waits to be continued"}
		}
		return verdict{}
	}
	return kruiseUpdated(status)
}

func kruiseUpdated(status field.Object) verdict {
	updated, all := status.Number("updatedAvailableReplicas"), status.Number("replicas")
	if updated != all {
		return say(degraded, "%d of %d replicas are updated and available", updated, all)
	}
	return say(healthy, "All %d replicas are updated and available", all)
}

func kruiseDaemonSet(o field.Object) verdict {
	status, strategy := o.Object("status"), o.Object("spec").Object("updateStrategy").Object("rollingUpdate")
	updated, desired := status.Number("updatedNumberScheduled"), status.Number("desiredNumberScheduled")
	switch {
	case strategy.Has("partition") && partitioned(o, strategy):
		if updated > desired-strategy.Number("partition") {
			return verdict{suspended, "Its partition is updated; it waits to be continued"}
		}
	case updated == desired && status.Has("numberAvailable") && status.Number("numberAvailable") == desired:
		return say(healthy, "All %d pods are updated and available", desired)
	case updated == desired && status.Has("numberUnavailable") && status.Number("numberUnavailable") == desired:
		return say(degraded, "None of %d pods is available", desired)
	}
	return verdict{}
}

func gameServer(o field.Object) verdict {
	status := o.Object("status")
	now, want := status.Text("currentState"), status.Text("desiredState")
	if now != want {
		return say(progressing, "Goes from state %q to %q", now, want)
	}
	for c := range status.Object("podStatus").Each("conditions") {
		if c.Text("type") == "KruisePodReady" && c.Text("status") != "True" {
			return verdict{degraded, field.Words(c)}
		}
	}
	if now == "Ready" {
		return verdict{healthy, "The game server is ready"}
	}
	return verdict{}
}

func gameServerSet(o field.Object) verdict {
	status := o.Object("status")
	all := status.Number("replicas")
	partition := o.Object("spec").Object("updateStrategy").Object("rollingUpdate").Number("partition")
	switch {
	case partition != 0 && status.Number("updatedReplicas") >= all-partition:
		return say(suspended, "All but the partition of %d are updated; it waits to be continued", partition)
	case status.Number("updatedReadyReplicas") == all:
		return say(healthy, "All %d game servers are updated and ready", all)
	}
	return say(progressing, "%d of %d game servers are ready", status.Number("readyReplicas"), all)
}

func kruiseRollout(o field.Object) verdict {
	status := o.Object("status")
	phase, step := status.Text("phase"), status.Object("canaryStatus").Text("currentStepState")
	said := "The phase is " + phase + ", the step " + step
	switch {
	case step == "StepPaused" && phase == "Progressing":
		return verdict{suspended, said + ": it waits to be continued"}
	case step == "Completed" && phase == "Healthy":
		return verdict{healthy, said}
	case step == "StepPaused" && (phase == "Terminating" || phase == "Disabled"):
		return verdict{degraded, said}
	}
	return verdict{}
}

// spinFailed finds what will not come by waiting. Only some versions give the reason;
// others only say so.
func spinFailed(o field.Object) verdict {
	for c := range o.Object("status").Each("conditions") {
		if c.Text("type") != "Progressing" || c.Text("status") != "False" {
			continue
		}
		message := strings.ToLower(c.Text("message"))
		if c.Text("reason") == "ProgressDeadlineExceeded" || strings.Contains(message, "timeout") || strings.Contains(message, "failed") {
			return verdict{degraded, field.Words(c)}
		}
	}
	return verdict{}
}

var (
	spinAvailable   = parse("Available")
	spinProgressing = parse("Progressing=True")
)

func spinApp(o field.Object) verdict {
	spec, status := o.Object("spec"), o.Object("status")
	available := find(status, &spinAvailable)
	if available.Text("status") != "True" {
		if available == nil {
			return verdict{degraded, "Nothing says that it is available"}
		}
		return verdict{degraded, field.Words(available)}
	}
	desired := int64(1)
	if spec.Has("replicas") {
		desired = spec.Number("replicas")
	}
	now := status.Number("readyReplicas")
	if now < desired {
		return say(progressing, "%d of %d replicas are ready", now, desired)
	}
	if c := find(status, &spinProgressing); c != nil {
		return verdict{progressing, field.Words(c)}
	}
	return say(healthy, "%d of %d replicas are ready", now, desired)
}
