package shipped

import (
	"slices"

	"evenkeel.dev/internal/health/field"
)

// crossplane are the kinds of Crossplane's core, of its packages and providers.
var crossplane = groups{
	"*.crossplane.io": {anyKind: {
		without("Composition", "CompositionRevision", "DeploymentRuntimeConfig", "ClusterProviderConfig", "ProviderConfig",
			"ProviderConfigUsage", "ControllerConfig"),
		managedFails,
		conditions(
			when("Ready=True", healthy), when("Healthy=True", healthy), when("Offered=True", healthy), when("Established=True", healthy),
			when("ValidPipeline=True", healthy), when("RevisionHealthy=True", healthy),
		),
		waiting("the resource to be provisioned"),
	}},
	"*.upbound.io": {anyKind: {
		without("ClusterProviderConfig", "ProviderConfig", "ProviderConfigUsage"),
		managedFails,
		conditions(when("Ready=True", healthy)),
		waiting("the resource to be provisioned"),
	}},
	"pkg.crossplane.io": {"Provider": {
		both(healthy, "Healthy=True", "Installed=True"),
		conditions(when("Installed!=True", degraded), when("Healthy!=True", degraded)),
		waiting("the provider to be installed"),
	}},
	"stacks.crossplane.io": {"ClusterStackInstall": {
		conditionsOf("status.conditionedStatus", when("Ready=True", healthy), when("Ready", progressing)),
		waiting("the stack to be installed"),
	}},

	// These have rules of their own in Argo CD, and so know Suspended.
	"cloudfront.aws.crossplane.io": {"Distribution": classicAWS},
	"iam.aws.crossplane.io":        {"Policy": classicAWS, "Role": classicAWS, "RolePolicyAttachment": classicAWS},
	"rds.aws.crossplane.io":        {"DBCluster": classicAWS, "DBInstance": classicAWS},
	"route53.aws.crossplane.io":    {"ResourceRecordSet": classicAWS},
	"s3.aws.crossplane.io":         {"Bucket": classicAWS},
}

var (
	managedFails = conditions(when("LastAsyncOperation=False", degraded), when("Synced=False", degraded))
	classicAWS   = steps{
		both(healthy, "Ready=True", "Synced=True"),
		conditions(when("Synced!=True:ReconcilePaused", suspended), when("Synced=True:!ReconcilePaused", progressing)),
		conditions(when("Synced!=True", degraded)),
		conditional(degraded),
		waiting("the resource to be created"),
	}
)

// without is for the kinds of a wildcard that may have no status at all: they are
// Healthy while it is absent, these also while it is empty or only says who uses them.
func without(status ...string) step {
	return func(o field.Object) verdict {
		if !o.Has("status") {
			return verdict{healthy, "It has no status"}
		}
		kind, _ := o["kind"].(string)
		if s := o.Object("status"); len(s) == 0 && slices.Contains(status, kind) {
			return verdict{healthy, "It has no status"}
		} else if !s.Has("conditions") && s.Has("users") && (kind == "ProviderConfig" || kind == "ClusterProviderConfig") {
			return verdict{healthy, "It is in use"}
		}
		return verdict{}
	}
}

// clouds are the other kinds that stand for something in a cloud.
var clouds = groups{
	"*.cnrm.cloud.google.com": {anyKind: configConnected},
	"core.cnrm.cloud.google.com": {
		"ConfigConnector":        configConnector,
		"ConfigConnectorContext": configConnector,
	},
	"*.services.k8s.aws": {anyKind: {
		conditions(when("ACK.Terminal=True", degraded), when("Ready=False", progressing), when("Ready=True", healthy)),
		waiting("the resource to be ready"),
	}},
	"core.gardener.cloud": {"Shoot": {
		label("shoot.gardener.cloud/status", is{"healthy": healthy, "progressing": progressing, "unhealthy": degraded, "unknown": unknown}),
		waiting("the shoot to be reconciled"),
	}},
	"karpenter.k8s.aws": {"EC2NodeClass": truth("Ready", "the node class to be ready")},
	"karpenter.sh": {
		"NodeClaim": {
			observed,
			conditions(when("Disrupting=True", suspended)),
			conditions(when("Ready=True", healthy), when("Ready=False", degraded)),
			conditions(when("Initialized=True", progressing)),
			conditions(when("Registered=True", progressing)),
			conditions(when("Launched=True", progressing)),
			waiting("the node to be launched"),
		},
		"NodePool": truth("Ready", "the node pool to be ready"),
	},
	"pulumi.com": {"Stack": {
		needs("status"), observedIn("observedGeneration"),
		conditions(when("Stalled=True", degraded), when("Reconciling=True", progressing), when("Ready=True", healthy)),
		waiting("the stack to be reconciled"),
	}},
	"services.cloud.sap.com": {"ServiceBinding": sapService, "ServiceInstance": sapService},
	"spot.io": {"SpotDeployment": {
		needs("status.conditions"),
		conditions(
			when("InvalidSpec", degraded), when("Progressing:RolloutAborted", degraded),
			when("Progressing:ProgressDeadlineExceeded", degraded), when("Paused=True", suspended),
		),
		value("status.phase", is{"Progressing": progressing}),
		finally(healthy, "It is rolled out"),
	}},
	"tower.ansible.com": {"AnsibleJob": {
		value("status.ansibleJobResult.status", is{
			"successful": healthy, "failed": degraded, "error": degraded, "canceled": degraded,
			"new": progressing, "pending": progressing, "waiting": progressing, "running": progressing,
		}, "status.ansibleJobResult.url"),
		waiting("the job to begin"),
	}},
}

// configConnector are the kinds that configure the connector itself, and most of the
// time say in one word how they fare.
var configConnector = append(steps{observed, value("status.healthy", is{"true": healthy, "false": degraded})}, configConnected...)

var configConnected = steps{
	observed,
	conditions(
		when("*=True:UpToDate", healthy), when("*:UpdateFailed", degraded),
		when("*:DependencyNotFound", degraded), when("*:DependencyNotReady", suspended),
	),
	waiting("the resource to be updated"),
}

var sapService = steps{
	sapCondition,
	conditional(healthy),
	waiting("its status"),
}

var sapFails = []clause{when("Succeeded=False", degraded), when("Failed=True", degraded)}

func sapCondition(o field.Object) verdict {
	for c := range o.Object("status").Each("conditions") {
		if stale(o, c) {
			return verdict{progressing, notObserved}
		}
		if v := judge(c, sapFails); v.status != "" {
			return v
		}
	}
	return verdict{}
}
