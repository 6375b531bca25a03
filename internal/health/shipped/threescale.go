package shipped

import "evenkeel.dev/internal/health/field"

// threescale are the kinds of 3scale, which all tell by a condition that is true what
// they are.
var threescale = groups{
	"apps.3scale.net": {"APIManager": {
		threescaleDeployed,
		conditions(when("Available=True", healthy)),
		unavailable,
		waiting("the deployments"),
	}},
	"capabilities.3scale.net": {
		"ActiveDoc": {threescaleTrue, waiting("its status")},
		"Application": {
			value("status.state", is{"suspended": suspended}),
			conditions(when("Ready=True", healthy)),
			neverMade,
			waiting("its status"),
		},
		"ApplicationAuth":        {conditions(when("Ready=True", healthy), when("Failed=True", degraded)), waiting("its status")},
		"Backend":                {conditions(when("Synced=True", healthy), when("Invalid=True", degraded), when("Failed=True", degraded)), waiting("its status")},
		"CustomPolicyDefinition": {threescaleValid, waiting("its status")},
		"DeveloperAccount": {
			conditions(when("Ready=True", healthy), when("Invalid=True", degraded), when("Failed=True", degraded), when("Waiting=True", suspended)),
			waiting("its status"),
		},
		"DeveloperUser": {value("status.developerUserState", is{"suspended": suspended}), threescaleTrue, waiting("its status")},
		"OpenAPI":       {threescaleValid, waiting("its status")},
		"Product": {
			conditions(when("Synced=True", healthy), when("Invalid=True", degraded), when("Orphan=True", degraded), when("Failed=True", degraded)),
			waiting("its status"),
		},
		"ProxyConfigPromote": {
			conditions(when("Ready=True", healthy), when("In-progress=True", progressing), when("Failed=True", degraded)),
			waiting("its status"),
		},
		"Tenant": {tenant, conditions(when("Ready!=True", degraded)), waiting("its status")},
	},
}

var (
	threescaleTrue  = conditions(when("Ready=True", healthy), when("Invalid=True", degraded), when("Orphan=True", degraded), when("Failed=True", degraded))
	threescaleValid = conditions(when("Ready=True", healthy), when("Invalid=True", degraded), when("Failed=True", degraded))
)

func threescaleDeployed(o field.Object) verdict {
	deployments := o.Object("status").Object("deployments")
	if deployments.Has("ready") && !deployments.Has("starting") && !deployments.Has("stopped") {
		return verdict{healthy, "All deployments are ready"}
	}
	return verdict{}
}

// unavailable needs a reason: without one it only has not begun.
func unavailable(o field.Object) verdict {
	for c := range o.Object("status").Each("conditions") {
		if c.Text("type") == "Available" && c.Text("reason") != "" {
			return verdict{degraded, field.Words(c)}
		}
	}
	return verdict{}
}

// neverMade: an application that 3scale knows already will be ready again.
func neverMade(o field.Object) verdict {
	if o.Object("status").Number("adminId") > 0 {
		return verdict{}
	}
	return notReady(o)
}

var notReady = conditions(when("Ready", degraded))

func tenant(o field.Object) verdict {
	status := o.Object("status")
	c := find(status, &ready)
	if c == nil || status.Number("tenantId") <= 0 || status.Number("adminId") <= 0 {
		return verdict{}
	}
	return verdict{healthy, field.Words(c)}
}
