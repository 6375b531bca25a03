package shipped

import (
	"evenkeel.dev/internal/health/field"
)

// flux are the kinds of Flux's toolkit. An object that is being worked at is both not
// yet Ready and Reconciling; not Ready alone is a failure.
var flux = groups{
	"helm.toolkit.fluxcd.io": {"HelmRelease": {
		fluxSuspended,
		fluxWorking,
		// Argo CD counts to exactly two of Ready, Released and TestSuccess: a release whose
		// tests have passed as well is Degraded there, and one that is not Ready but once
		// was released and tested is Healthy. Here Ready counts, as the other two tell of.
		both(healthy, "Ready=True", "Released=True"),
		both(healthy, "Ready=True", "TestSuccess=True"),
		conditional(degraded),
		waiting("the release"),
	}},
	"image.toolkit.fluxcd.io": {
		"ImagePolicy": {
			both(progressing, "Ready=False", "Reconciling=True:NewGeneration"),
			both(progressing, "Ready=False", "Reconciling=True:AccessingRepository"),
			both(progressing, "Ready=False", "Reconciling=True:ApplyingPolicy"),
			conditions(when("Ready=True", healthy)),
			conditional(degraded),
			waiting("its status"),
		},
		"ImageRepository": {
			fluxSuspended,
			both(progressing, "Ready=False", "Reconciling=True:NewGeneration"),
			both(progressing, "Ready=False", "Reconciling=True:Scanning"),
			conditions(when("Ready=True", healthy)),
			conditional(degraded),
			waiting("the first scan"),
		},
		"ImageUpdateAutomation": fluxReady,
	},
	"kustomize.toolkit.fluxcd.io": {"Kustomization": fluxReady},
	"notification.toolkit.fluxcd.io": {"Receiver": {
		fluxSuspended,
		conditions(when("Ready=True", healthy)),
		conditional(degraded),
		waiting("its status"),
	}},
	"source.toolkit.fluxcd.io": {
		"Bucket":        fluxSource,
		"GitRepository": fluxSource,
		"HelmChart":     fluxSource,
		// Of a registry there is nothing to be fetched before a chart is.
		"HelmRepository": append(steps{fluxSuspended, value("spec.type", is{"oci": healthy})}, fluxSource...),
		"OCIRepository":  fluxSource,
	},
}

var (
	fluxSuspended = value("spec.suspend", is{"true": suspended})
	fluxWorking   = both(progressing, "Ready=Unknown", "Reconciling=True")
	fluxReady     = steps{
		fluxSuspended,
		fluxWorking,
		conditions(when("Ready=True", healthy)),
		conditional(degraded),
		waiting("its status"),
	}
	fluxSource = steps{
		fluxSuspended,
		fluxWorking,
		both(healthy, "Ready=True", "ArtifactInStorage=True"),
		conditional(degraded),
		waiting("the source to be fetched"),
	}
)

// delivery are other kinds that bring new versions out and measure them.
var delivery = groups{
	"flagger.app": {"Canary": {
		value("status.phase", is{
			"Initialized": healthy, "Succeeded": healthy,
			"Progressing": progressing, "Promoting": progressing, "Finalising": progressing,
			"Failed": degraded, other: unknown,
		}),
		finally(unknown, "Its phase is not known"),
	}},
	"lifecycle.keptn.sh": {
		"KeptnAppVersion":       {value("status.status", keptnStates), waiting("the version")},
		"KeptnEvaluation":       {value("status.overallStatus", keptnStates), waiting("the evaluation")},
		"KeptnTask":             {value("status.status", keptnStates), waiting("the task")},
		"KeptnWorkloadInstance": {value("status.status", keptnStates), waiting("the workload")},
		"KeptnWorkloadVersion":  {value("status.status", keptnStates), waiting("the workload")},
	},
	"metrics.keptn.sh": {
		"Analysis": {
			value("status.pass", is{"true": healthy}),
			value("status.warning", is{"true": healthy}),
			value("status.pass", is{"false": degraded}),
			waiting("the analysis"),
		},
		"KeptnMetric": {
			present("status.errMsg", degraded),
			keptnMeasured,
			waiting("the first value"),
		},
	},
}

var keptnStates = is{"Succeeded": healthy, "Failed": degraded}

func keptnMeasured(o field.Object) verdict {
	if o.Object("status").Has("value") {
		return verdict{healthy, "There is a value"}
	}
	return verdict{}
}
