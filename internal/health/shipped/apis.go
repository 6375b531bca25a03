package shipped

import (
	"evenkeel.dev/internal/health/field"
)

// apis are kinds of Kubernetes itself.
var apis = groups{
	"apiextensions.k8s.io": {"CustomResourceDefinition": {
		// Most of its conditions come and go; one that is there tells the truth.
		conditions(
			when("Terminating=True", progressing),
			when("NamesAccepted=False", degraded),
			when("NonStructuralSchema=True", degraded),
			when("Established!=True:Installing", progressing),
		),
		conditions(when("Established=True", healthy)),
		notEstablished,
		waiting("the definition to be established"),
	}},
	"batch": {"CronJob": {
		value("spec.suspend", is{"true": healthy}),
		cronJob,
		waiting("its status"),
	}},
	"policy": {"PodDisruptionBudget": {
		// Too few pods is what a budget is for.
		conditions(when("*=False:!InsufficientPods", degraded)),
		conditions(when("*", healthy)),
		waiting("its status"),
	}},
	"snapshot.storage.k8s.io": {
		"VolumeSnapshot":        snapshot,
		"VolumeSnapshotContent": snapshot,
	},
}

var snapshot = steps{
	value("status.readyToUse", is{"true": healthy}),
	present("status.error", degraded),
	waiting("the snapshot to be ready"),
}

func notEstablished(o field.Object) verdict {
	if len(o.Object("status").List("conditions")) == 0 {
		return verdict{}
	}
	return verdict{degraded, "The definition is not established"}
}

// cronJob is Healthy between its runs and while one is under way; only a last run
// that has ended without success is Degraded. No time is told, as each run would then
// be a change of its health.
func cronJob(o field.Object) verdict {
	if !o.Has("status") {
		return verdict{}
	}
	status := o.Object("status")
	scheduled, succeeded := status.Text("lastScheduleTime"), status.Text("lastSuccessfulTime")
	switch {
	case scheduled == "":
		return verdict{healthy, "It has not been scheduled yet"}
	case succeeded == "":
		return verdict{healthy, "It has never completed successfully"}
	case len(status.List("active")) > 0:
		return verdict{healthy, "It is running"}
	case succeeded < scheduled:
		return verdict{degraded, "Its last run has not completed successfully"}
	}
	return verdict{healthy, "Its last run has completed successfully"}
}
