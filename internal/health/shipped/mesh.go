package shipped

import (
	"maps"
	"slices"

	"evenkeel.dev/internal/health/field"
)

// meshes are service meshes, serverless platforms and their gateways.
var meshes = groups{
	"install.istio.io": {"IstioOperator": {
		// The numbers are those of the enum before the words were written.
		value("status.status", is{
			"0": unknown, "NONE": unknown, "1": progressing, "UPDATING": progressing, "2": progressing, "RECONCILING": progressing,
			"3": healthy, "HEALTHY": healthy, "4": degraded, "ERROR": degraded,
		}),
		waiting("the control plane"),
	}},
	"gateway.solo.io": {
		"Gateway":              gloo,
		"MatchableHttpGateway": gloo,
		"RouteOption":          gloo,
		"RouteTable":           gloo,
		"VirtualHostOption":    gloo,
		"VirtualService":       gloo,
	},
	"gloo.solo.io": {
		"Proxy":         gloo,
		"Settings":      gloo,
		"Upstream":      gloo,
		"UpstreamGroup": gloo,
	},
	"operator.knative.dev": {
		"KnativeEventing": {
			conditions(when("Ready=False", progressing), when("*=Unknown", progressing)),
			both(healthy, "Ready=True", "InstallSucceeded=True"),
			conditional(degraded),
			waiting("the installation"),
		},
		"KnativeServing": {
			conditions(when("Ready=False", progressing), when("DeploymentsAvailable=False", progressing), when("*=Unknown", progressing)),
			both(healthy, "Ready=True", "InstallSucceeded=True", "DependenciesInstalled=True", "DeploymentsAvailable=True"),
			conditional(degraded),
			waiting("the installation"),
		},
	},
	"serving.knative.dev": {"Service": {
		conditions(when("*=False", degraded)),
		conditions(when("*=Unknown", progressing)),
		both(healthy, "Ready=True", "ConfigurationsReady=True", "RoutesReady=True"),
		waiting("its status"),
	}},
	"serving.kserve.io": {"InferenceService": {inference, waiting("its status")}},
	"openfaas.com": {"Function": {
		openfaas,
		waiting("the function"),
	}},
	"camel.apache.org": {"Integration": truth("Ready", "the integration")},
	"core.spinkube.dev": {"SpinApp": {
		needs("status"),
		spinFailed,
		spinApp,
	}},
}

var gloo = steps{glooEach, glooState, waiting("it to be validated")}

// glooState is of what the one and only Gloo says; the numbers are of older versions.
var glooState = value("status.state", glooStates)

var glooStates = is{
	"Accepted": healthy, "1": healthy, "Warning": degraded, "3": degraded,
	"Pending": suspended, "0": suspended, "Rejected": degraded, "2": degraded,
}

var glooOne = value("state", glooStates)

// glooEach asks what each of several installations says, by the order of their
// namespaces, so that the answer is always the same; the first that says anything decides.
func glooEach(o field.Object) verdict {
	statuses := o.Object("status").Object("statuses")
	for _, namespace := range slices.Sorted(maps.Keys(statuses)) {
		if v := glooOne(statuses.Object(namespace)); v.status != "" {
			return verdict{v.status, namespace + ": " + v.message}
		}
	}
	return verdict{}
}

// inference judges a model of KServe. The words "transitionStatus" are about the
// newest model; while another one is served, conditions may all be true.
func inference(o field.Object) verdict {
	status := o.Object("status")
	model := status.Object("modelStatus")
	transition := model.Text("transitionStatus")
	failed := status.Has("modelStatus") && transition != "UpToDate" && transition != "InProgress"
	var open field.Object
	for c := range status.Each("conditions") {
		is := c.Text("status")
		if c.Text("type") == "Stopped" {
			if is == "True" {
				return verdict{suspended, field.Words(c)}
			}
			if is != "Unknown" {
				continue
			}
		}
		if open == nil && (is == "False" || is == "Unknown") {
			open = c
		}
	}
	said := "The transitionStatus of the model is " + transition
	switch {
	case !status.Has("conditions"):
		return verdict{}
	case failed:
		if message := model.Object("lastFailureInfo").Text("message"); message != "" {
			said += ": " + message
		}
		return verdict{degraded, said}
	case open != nil:
		return verdict{progressing, field.Words(open)}
	case transition == "InProgress":
		return verdict{progressing, said}
	}
	return verdict{healthy, "The model is served"}
}

var ready = parse("Ready=True")

// openfaasConditions are those of a function; ready is only half of the answer.
var openfaasConditions = []clause{when("Ready=False", degraded), when("Stalled=True", degraded), when("Ready=True", healthy)}

func openfaas(o field.Object) verdict {
	status := o.Object("status")
	for c := range status.Each("conditions") {
		v := judge(c, openfaasConditions)
		if v.status == healthy && status.Number("replicas") <= 0 {
			return verdict{suspended, "It has no replicas"}
		}
		if v.status != "" {
			return v
		}
	}
	return verdict{}
}
