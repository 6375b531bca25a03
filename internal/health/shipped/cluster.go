package shipped

import (
	"evenkeel.dev/internal/health/field"
)

// clusters are the kinds that make and join clusters, and those of OpenShift.
var clusters = groups{
	"addons.cluster.x-k8s.io": {"ClusterResourceSet": truth("ResourcesApplied", "the resources to be applied")},
	"cluster.x-k8s.io": {
		"Cluster": {
			value("spec.paused", is{"true": suspended}),
			notReadyFor("Info"),
			value("status.phase", is{"Provisioned": healthy, "Failed": degraded}, "status.failureMessage"),
			waiting("the cluster to be provisioned"),
		},
		"Machine": {
			value("status.phase", is{"Running": healthy, "Failed": degraded}, "status.failureMessage"),
			conditions(when("Ready=False", progressing)),
			waiting("the machine to run"),
		},
		"MachineDeployment": {
			value("spec.paused", is{"true": suspended}),
			value("status.phase", is{"Running": healthy, "ScalingUp": progressing, "ScalingDown": progressing, "Failed": degraded}),
			waiting("the machines"),
		},
		"MachineHealthCheck": {machineHealthCheck, waiting("the machines to be counted")},
		"MachinePool": {
			value("status.phase", is{"Running": healthy, "Scaling": healthy, "Failed": degraded, "Unknown": degraded}),
			conditions(when("*=False", progressing)),
			waiting("the machines"),
		},
	},
	"controlplane.cluster.x-k8s.io": {"AWSManagedControlPlane": {
		observed,
		present("status.failureMessage", degraded),
		conditions(when("EKSControlPlaneUpdating=True", progressing)),
		conditions(when("Ready=True", healthy)),
		controlPlaneError,
		waiting("the control plane to be ready"),
	}},
	"apps.openshift.io": {"DeploymentConfig": {
		needs("status.conditions", "status.replicas"),
		value("status.replicas", is{"0": healthy}),
		both(healthy, "Available=True", "Progressing=True:NewReplicationControllerAvailable"),
		conditions(when("Available=True", progressing), when("Progressing=True:NewReplicationControllerAvailable", progressing)),
		conditional(degraded),
		waiting("its status"),
	}},
	"nmstate.io": {"NodeNetworkConfigurationPolicy": {
		conditions(when("Available=True", healthy), when("Degraded=True", degraded), when("Progressing=True", progressing), when("Ignored=True", suspended)),
		waiting("the policy to be applied"),
	}},
	"operator.openshift.io": {"IngressController": {
		conditions(
			when("Degraded=True", degraded), when("DeploymentReplicasAllAvailable=False", progressing),
			when("Progressing=True", progressing), when("Available=True", healthy),
		),
		waiting("its status"),
	}},
	"operators.coreos.com": {"Subscription": {needs("status.conditions"), subscription}},
	"policy.open-cluster-management.io": {
		"CertificatePolicy":   {compliance, waiting("compliance to be known")},
		"ConfigurationPolicy": {needs("status.compliant"), observedIn("lastEvaluatedGeneration"), needs("status.compliancyDetails"), compliance},
		"OperatorPolicy": {
			needs("status.conditions"), observed,
			conditions(when("Compliant=True", healthy), when("Compliant", degraded)),
			waiting("compliance to be known"),
		},
		"Policy": {value("spec.disabled", is{"true": healthy}), policyOfNoCluster, compliance, waiting("compliance to be known")},
	},
	"route.openshift.io": {"Route": {route, waiting("the route to be admitted")}},
	"work.karmada.io": {
		"ClusterResourceBinding": {needs("status", "spec.clusters"), binding},
		"ResourceBinding":        {needs("status"), binding},
	},
}

// notReadyFor is a condition Ready that is false, unless that is only this severe.
func notReadyFor(severity string) step {
	return func(o field.Object) verdict {
		for c := range o.Object("status").Each("conditions") {
			if c.Text("type") == "Ready" && c.Text("status") == "False" && c.Text("severity") != severity {
				return verdict{degraded, field.Words(c)}
			}
		}
		return verdict{}
	}
}

func controlPlaneError(o field.Object) verdict {
	for c := range o.Object("status").Each("conditions") {
		if c.Text("status") == "False" && c.Text("severity") == "Error" {
			return verdict{degraded, field.Words(c)}
		}
	}
	return verdict{}
}

func machineHealthCheck(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("currentHealthy") {
		return verdict{}
	}
	now, want := status.Number("currentHealthy"), status.Number("expectedMachines")
	if now != want {
		return say(degraded, "%d of %d machines are healthy", now, want)
	}
	return say(healthy, "All %d machines are healthy", now)
}

// subscription judges an operator of OLM. An upgrade that waits for the approval that
// its spec asks for is no disturbance of the version that is installed.
func subscription(o field.Object) verdict {
	status := o.Object("status")
	approval := awaitsApproval(o)
	pending, failed := "", ""
	for c := range status.Each("conditions") {
		is := c.Text("status") == "True"
		switch c.Text("type") {
		case "InstallPlanPending":
			if is && !approval {
				pending = field.Words(c)
			}
		case "InstallPlanMissing":
			if c.Text("reason") != "ReferencedInstallPlanNotFound" {
				failed = field.Words(c)
			}
		case "CatalogSourcesUnhealthy", "InstallPlanFailed", "ResolutionFailed":
			if is {
				failed = field.Words(c)
			}
		}
	}
	state := status.Text("state")
	said := "The state is " + state
	switch state {
	case "":
		pending = "Waiting for its state"
	case "UpgradeAvailable":
		pending = said
	case "UpgradePending":
		if !approval {
			pending = said
		}
	case "UpgradeFailed":
		failed = said
	}
	switch {
	case failed != "":
		return verdict{degraded, failed}
	case pending != "":
		return verdict{progressing, pending}
	case approval:
		return verdict{healthy, "It is installed; an upgrade waits for approval"}
	}
	return verdict{healthy, said}
}

func awaitsApproval(o field.Object) bool {
	status := o.Object("status")
	if o.Object("spec").Text("installPlanApproval") != "Manual" || !status.Has("installedCSV") {
		return false
	}
	return find(status, &pattern{kind: "InstallPlanPending", status: "True", reason: "RequiresApproval"}) != nil
}

func policyOfNoCluster(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("compliant") && !status.Has("status") && len(status.List("placement")) > 0 {
		return verdict{healthy, "It applies to no cluster"}
	}
	return verdict{}
}

// compliance names the clusters, templates or objects that do not comply.
func compliance(o field.Object) verdict {
	status := o.Object("status")
	state, ok := status["compliant"]
	if !ok || state == nil {
		return verdict{}
	}
	if state == "Compliant" {
		return verdict{healthy, "All comply"}
	}
	var names []string
	for e := range status.Each("status") {
		names = appendUnlike(names, e, e.Text("clustername"))
	}
	for e := range status.Each("details") {
		names = appendUnlike(names, e, e.Object("templateMeta").Text("name"))
	}
	for e := range status.Each("compliancyDetails") {
		for c := range e.Each("conditions") {
			names = appendUnlike(names, e, field.Words(c))
		}
	}
	return verdict{degraded, sentenceOf("It does not comply", names)}
}

func appendUnlike(names []string, e field.Object, name string) []string {
	if e.Text("compliant") == "Compliant" || e.Text("Compliant") == "Compliant" || name == "" {
		return names
	}
	return append(names, name)
}

// route wants to be admitted by each router that has seen it.
func route(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("ingress") {
		return verdict{}
	}
	routers, admitted := 0, 0
	var rejected field.Object
	for router := range status.Each("ingress") {
		routers++
		for c := range router.Each("conditions") {
			if c.Text("type") != "Admitted" {
				continue
			}
			switch c.Text("status") {
			case "True":
				admitted++
			case "False":
				rejected = c
			}
		}
	}
	switch {
	case admitted == routers:
		return verdict{healthy, "The route is admitted"}
	case rejected != nil:
		return verdict{degraded, field.Words(rejected)}
	}
	return verdict{}
}

// binding judges what Karmada has spread over clusters by what came back from all of
// them.
func binding(o field.Object) verdict {
	spec, status := o.Object("spec"), o.Object("status")
	back := status.List("aggregatedStatus")
	if len(back) == 0 || spec.Has("clusters") && len(spec.List("clusters")) != len(back) {
		return verdict{progressing, "Waiting for the status of all clusters"}
	}
	for s := range status.Each("aggregatedStatus") {
		health := s.Text("health")
		if health == "Unhealthy" || health == "Unknown" && !s.Flag("applied") {
			return say(degraded, "%s in cluster %s", health, s.Text("clusterName"))
		}
	}
	return verdict{healthy, "It is healthy in all clusters"}
}
