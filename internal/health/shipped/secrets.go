package shipped

import (
	"strings"

	"evenkeel.dev/internal/health/field"
)

// certificates are the kinds that have to do with certificates and identities.
var certificates = groups{
	"cert-manager.io": {
		"Certificate": {
			conditions(when("Issuing=True", progressing)),
			conditions(when("Ready=False", degraded), when("Ready=True", healthy)),
			waiting("the certificate to be issued"),
		},
		"ClusterIssuer": truth("Ready", "the issuer to be set up"),
		"Issuer":        truth("Ready", "the issuer to be set up"),
	},
	"certmanager.k8s.io": {
		"Certificate": truth("Ready", "the certificate to be issued"),
		"Issuer":      truth("Ready", "the issuer to be set up"),
	},
	"iammanager.keikoproj.io": {"Iamrole": {
		value("status.state", is{
			"Ready": healthy,
			"Error": degraded, "RolesMaxLimitReached": degraded, "PolicyNotAllowed": degraded, "RoleNameNotAvailable": degraded,
		}, "status.errorDescription", "status.roleARN"),
		waiting("the role to be made"),
	}},
	"k8s.keycloak.org": {"Keycloak": {keycloak, waiting("Keycloak to be ready")}},
	"networking.gke.io": {"ManagedCertificate": {
		invisibleDomain,
		value("status.certificateStatus", is{"Active": healthy}),
		waiting("the certificate to be provisioned"),
	}},
}

// secrets are the kinds that bring Secrets into a cluster.
var secrets = groups{
	"bitnami.com": {"SealedSecret": truth("Synced", "the secret to be unsealed")},
	"external-secrets.io": {
		"ClusterExternalSecret": {clusterExternalSecret, waiting("its secrets")},
		"ClusterSecretStore":    truth("Ready", "the store to be validated"),
		"ExternalSecret":        truth("Ready", "the secret to be fetched"),
		"PushSecret":            truth("Ready", "the secret to be pushed"),
		"SecretStore":           truth("Ready", "the store to be validated"),
	},
	"kubernetes-client.io": {"ExternalSecret": {oldExternalSecret, waiting("the secret to be fetched")}},
	"onepassword.com":      {"OnePasswordItem": truth("Ready", "the secret to be fetched")},
}

// clusterExternalSecret goes by the last condition: the controller appends those of
// other types instead of making one false.
func clusterExternalSecret(o field.Object) verdict {
	list := o.Object("status").List("conditions")
	if len(list) == 0 {
		return verdict{}
	}
	last, _ := list[len(list)-1].(map[string]any)
	return judge(last, byLastCondition)
}

var byLastCondition = []clause{
	when("Ready=True", healthy), when("PartiallyReady=True", degraded), when("NotReady=True", degraded),
}

// oldExternalSecret is for the predecessor of external-secrets, which has its state
// and its error in one text: "ERROR, message".
func oldExternalSecret(o field.Object) verdict {
	text := o.Object("status").Text("status")
	if text == "SUCCESS" {
		return verdict{healthy, "The secret was fetched"}
	}
	if problem, failed := strings.CutPrefix(text, "ERROR"); failed {
		return verdict{degraded, strings.TrimPrefix(problem, ", ")}
	}
	return verdict{}
}

// keycloak goes by the condition that has been true for longest, which is how Argo CD
// orders Ready and HasErrors.
func keycloak(o field.Object) verdict {
	var oldest field.Object
	for c := range o.Object("status").Each("conditions") {
		if t := c.Text("type"); c.Text("status") != "True" || t != "Ready" && t != "HasErrors" {
			continue
		}
		at := c.Text("lastTransitionTime")
		if oldest == nil || at != "" && (oldest.Text("lastTransitionTime") == "" || at < oldest.Text("lastTransitionTime")) {
			oldest = c
		}
	}
	switch oldest.Text("type") {
	case "Ready":
		return verdict{healthy, field.Words(oldest)}
	case "HasErrors":
		return verdict{degraded, field.Words(oldest)}
	}
	return verdict{}
}

func invisibleDomain(o field.Object) verdict {
	for d := range o.Object("status").Each("domainStatus") {
		if d.Text("status") == "FailedNotVisible" {
			return say(degraded, "%s cannot be reached under this name: FailedNotVisible", d.Text("domain"))
		}
	}
	return verdict{}
}
