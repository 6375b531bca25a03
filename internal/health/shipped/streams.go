package shipped

import (
	"strconv"

	"evenkeel.dev/internal/health/field"
)

// streams are the kinds that process data.
var streams = groups{
	"flink.apache.org": {"FlinkDeployment": {
		needs("status.reconciliationStatus"),
		value("status.reconciliationStatus.success", is{"true": healthy}),
		value("status.reconciliationStatus.state", is{"DEPLOYED": healthy}),
		value("status.jobManagerDeploymentStatus", is{
			"DEPLOYED_NOT_READY": progressing, "DEPLOYING": progressing, "ERROR": degraded,
		}, "status.reconciliationStatus.error", "status.error"),
		waiting("the job manager"),
	}},
	"numaflow.numaproj.io": {
		"InterStepBufferService": {
			needs("status"), observedIn("observedGeneration"), numaFailed, numaProgressiveFailed, numaUnhealthy,
			value("status.phase", is{"Running": healthy}),
			waiting("its status"),
		},
		"MonoVertex": {
			needs("status"), observedIn("observedGeneration"), numaFailed, numaProgressiveFailed, numaUnhealthy,
			value("status.phase", is{"Running": healthy, "Paused": healthy}),
			waiting("its status"),
		},
		"Pipeline": {
			needs("status"), observedIn("observedGeneration"), numaFailed, numaProgressiveFailed, numaUnhealthy,
			value("status.phase", is{"Running": healthy, "Paused": healthy, "Pausing": healthy}),
			waiting("its status"),
		},
		"Vertex": {
			needs("status"), observedIn("observedGeneration"), numaFailed, numaUnhealthy,
			value("status.phase", is{"Running": healthy, "Paused": healthy}),
			waiting("its status"),
		},
	},
	"numaplane.numaproj.io": {
		"ISBServiceRollout": {
			needs("status"), observedIn("observedGeneration"), numaUpgrading, numaChildProgressing, numaFailed,
			conditions(when("ChildResourcesHealthy=False:ISBSvcFailed", degraded), numaUpgradeFailed),
			numaHealthy, numaUnknown,
		},
		"MonoVertexRollout": {
			needs("status"), observedIn("observedGeneration"), numaUpgrading, numaChildProgressing, numaFailed,
			conditions(when("ChildResourcesHealthy=False:MonoVertexFailed", degraded), numaUpgradeFailed),
			conditions(when("MonoVertexPausingOrPaused=True", healthy)),
			numaHealthy, numaUnknown,
		},
		"NumaflowControllerRollout": {
			needs("status"), observedIn("observedGeneration"),
			value("status.upgradeInProgress", is{"": "", other: progressing}), value("status.phase", is{"Pending": progressing}),
			numaChildProgressing, numaFailed,
			conditions(when("ChildResourcesHealthy=False", degraded)),
			numaHealthy, numaUnknown,
		},
		"PipelineRollout": {
			needs("status"), observedIn("observedGeneration"), numaUpgrading, numaChildProgressing, numaFailed,
			conditions(when("ChildResourcesHealthy=False:PipelineFailed", degraded), numaUpgradeFailed),
			conditions(when("PipelinePausingOrPaused=True", healthy)),
			numaHealthy, numaUnknown,
		},
	},
	"sparkoperator.k8s.io": {"SparkApplication": {sparkRunning, sparkState, waiting("the executors")}},
}

var (
	numaFailed            = value("status.phase", is{"Failed": degraded})
	numaProgressiveFailed = label("numaplane.numaproj.io/progressive-result-state", is{"failed": degraded})
	numaUnhealthy         = conditions(when("*=False", degraded))
	numaUpgradeFailed     = when("ProgressiveUpgradeSucceeded=False", degraded)
	numaChildProgressing  = conditions(when("ChildResourcesHealthy=False:Progressing", progressing))
	numaHealthy           = conditions(when("ChildResourcesHealthy=True", healthy))
	numaUnknown           = finally(unknown, "Its state is not known")
)

// numaUpgrading is an upgrade that is under way and has not failed.
func numaUpgrading(o field.Object) verdict {
	status := o.Object("status")
	upgrade := status.Text("upgradeInProgress")
	if upgrade == "" && status.Text("phase") != "Pending" || find(status, &numaUpgradeFailed.pattern) != nil {
		return verdict{}
	}
	if upgrade == "" {
		return verdict{progressing, "The phase is Pending"}
	}
	return verdict{progressing, "An upgrade is under way: " + upgrade}
}

var sparkState = value("status.applicationState.state", is{
	"": progressing, "SUBMITTED": progressing, "COMPLETED": healthy, "FAILED": degraded, "SUBMISSION_FAILED": degraded,
	"PENDING_RERUN": progressing, "INVALIDATING": missing, "SUCCEEDING": progressing, "FAILING": degraded, "UNKNOWN": progressing,
}, "status.applicationState.errorMessage")

// sparkRunning wants as many executors as the spec says, in one of the ways that it
// can say so.
func sparkRunning(o field.Object) verdict {
	status := o.Object("status")
	if status.Object("applicationState").Text("state") != "RUNNING" || !status.Has("executorState") {
		return verdict{}
	}
	executors := status.Object("executorState")
	var running int64
	for name := range executors {
		if executors.Text(name) == "RUNNING" {
			running++
		}
	}
	spec := o.Object("spec")
	fixed := spec.Object("executor").Has("instances")
	low, high, dynamic := sparkRange(spec)
	switch {
	case fixed && spec.Object("executor").Number("instances") == running:
	case dynamic && (running < low || running > high):
		return say(progressing, "%d executors are running, %d are wanted at least", running, low)
	case dynamic:
	case fixed || spec.Has("dynamicAllocation") || running == 0:
		return say(progressing, "%d executors are running", running)
	}
	return verdict{healthy, "The executors are running"}
}

// sparkRange is how many executors dynamic allocation may choose to run.
func sparkRange(spec field.Object) (low, high int64, dynamic bool) {
	const noLimit = 1<<63 - 1
	if allocation := spec.Object("dynamicAllocation"); allocation.Flag("enabled") {
		low, high = allocation.Number("minExecutors"), noLimit
		if allocation.Has("maxExecutors") {
			high = allocation.Number("maxExecutors")
		}
		return low, high, true
	}
	conf := spec.Object("sparkConf")
	for _, prefix := range [...]string{"spark.streaming.dynamicAllocation.", "spark.dynamicAllocation."} {
		if conf.Text(prefix+"enabled") != "true" {
			continue
		}
		if n, err := strconv.ParseInt(conf.Text(prefix+"minExecutors"), 10, 64); err == nil {
			low = n
		}
		high = noLimit
		if n, err := strconv.ParseInt(conf.Text(prefix+"maxExecutors"), 10, 64); err == nil {
			high = n
		}
		return low, high, true
	}
	return 0, 0, false
}
