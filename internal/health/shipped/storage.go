package shipped

import (
	"slices"

	"evenkeel.dev/internal/health/field"
)

// storage are the kinds that keep and back up data.
var storage = groups{
	"astra.netapp.io": {
		"AppVault":           {value("status.state", is{"available": healthy, "Available": healthy, "failed": degraded, "Failed": degraded}), waiting("its status")},
		"Application":        truth("Ready", "its status"),
		"Backup":             astraRun,
		"ExecHook":           {value("spec.enabled", is{"true": healthy, "false": suspended}), waiting("its status")},
		"ExecHooksRun":       astraRun,
		"ResourceBackup":     astraRun,
		"ResticVolumeBackup": astraRun,
		"Schedule":           {finally(healthy, "It is scheduled")},
		"Snapshot":           astraRun,
	},
	"ceph.rook.io": {
		"CephCluster":     {cephCluster, waiting("its health")},
		"CephObjectStore": {value("status.phase", is{"Ready": healthy, "Failure": degraded}, "status.info.endpoint"), waiting("the store to be ready")},
	},
	"minio.min.io": {"Tenant": {
		value("status.currentState", is{
			"Initialized":                                          healthy,
			"Statefulset not controlled by operator":               degraded,
			"Another MinIO Tenant already exists in the namespace": degraded,
			"Tenant credentials are not set properly":              degraded,
			"Different versions across MinIO Pools":                degraded,
			"Pool Decommissioning Not Allowed":                     degraded,
			other:                                                  progressing,
		}),
		waiting("its status"),
	}},
	"objectbucket.io": {"ObjectBucketClaim": {value("status.phase", is{"Bound": healthy, "Failed": degraded}), waiting("the bucket to be bound")}},
	"ocs.openshift.io": {"StorageCluster": {
		conditions(when("Degraded=True", degraded)),
		conditions(when("Progressing=True", progressing)),
		conditions(when("Available=True", healthy)),
		finally(unknown, "Its state is not known"),
	}},
	"trident.netapp.io": {
		"TridentBackendConfig": {
			value("status.lastOperationStatus", is{"Failed": degraded}),
			tridentBound,
			waiting("the backend to be made"),
		},
		"TridentOrchestrator": {value("status.status", is{"Installed": healthy, "Failed": degraded, "Error": degraded}), waiting("the installation")},
	},
}

var astraRun = steps{
	value("status.state", is{"Completed": healthy, "Running": progressing, other: degraded}, "status.error"),
	waiting("its status"),
}

// cephCluster needs both: Ceph's own health, of which a warning already counts as
// Degraded, and the state of what Rook does to the cluster.
func cephCluster(o field.Object) verdict {
	status := o.Object("status")
	health := status.Object("ceph").Text("health")
	switch health {
	case "HEALTH_ERR", "HEALTH_WARN":
		return verdict{degraded, sentenceOf("The health of Ceph is "+health, cephDetails(status.Object("ceph").Object("details")))}
	case "HEALTH_OK":
		return cephState(o)
	}
	return verdict{}
}

func cephState(o field.Object) verdict {
	if v := cephStates(o); v.status != "" {
		return v
	}
	return verdict{healthy, "The health of Ceph is HEALTH_OK"}
}

var cephStates = value("status.state", is{"Created": healthy, "Connected": healthy, "Error": degraded, other: progressing}, "status.message")

func cephDetails(details field.Object) []string {
	var out []string
	for name := range details {
		if message := details.Object(name).Text("message"); message != "" {
			out = append(out, message)
		}
	}
	slices.Sort(out)
	return out
}

func tridentBound(o field.Object) verdict {
	status := o.Object("status")
	if status.Text("phase") == "Bound" && status.Text("lastOperationStatus") == "Success" {
		return verdict{healthy, "The backend is bound"}
	}
	return verdict{}
}
