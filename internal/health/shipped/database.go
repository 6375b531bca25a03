package shipped

import (
	"evenkeel.dev/internal/health/field"
)

// databases are databases and search engines, and what is in them.
var databases = groups{
	"acid.zalan.do": {"postgresql": {
		value("status.PostgresClusterStatus", is{"Running": healthy, "Creating": progressing, "Updating": progressing, other: degraded}),
		waiting("the cluster to be created"),
	}},
	"beat.k8s.elastic.co": {"Beat": {
		value("status.health", is{"green": healthy, "yellow": progressing, "red": degraded}),
		beatStarting,
		finally(unknown, "Its health is not known"),
	}},
	"cassandra.rook.io":              {"Cluster": {cassandra, waiting("the racks")}},
	"clickhouse-keeper.altinity.com": {"ClickHouseKeeperInstallation": clickHouse},
	"clickhouse.altinity.com":        {"ClickHouseInstallation": clickHouse},
	"elasticsearch.k8s.elastic.co":   {"Elasticsearch": {elasticsearch, finally(unknown, "Its health is not known")}},
	"logstash.k8s.elastic.co":        {"Logstash": {value("status.health", is{"green": healthy, "yellow": progressing, "red": degraded}), waiting("its status")}},
	"db.atlasgo.io":                  {"AtlasMigration": {atlasMigration, waiting("the migration")}, "AtlasSchema": {atlasSchema, waiting("the schema to be applied")}},
	"k8s.mariadb.com": {
		"Backup": {
			conditions(when("*=False:CronJobScheduled", degraded).with("Failed"), when("*=False", progressing)),
			conditional(healthy),
			waiting("its status"),
		},
		"Database": mariaObject,
		"Grant":    mariaObject,
		"MariaDB":  mariaDB,
		"SqlJob":   {conditions(when("*=True:JobComplete", healthy), when("*=True:JobFailed", degraded)), waiting("the job to end")},
		"User":     mariaObject,
	},
	"mariadb.mmontes.io": {"MariaDB": mariaDB},
	"postgresql.cnpg.io": {"Cluster": {
		annotation("cnpg.io/reconciliationLoop", is{"disabled": suspended}),
		needs("status.conditions"),
		conditions(when("cnpg.io/hibernation=True", suspended), when("cnpg.io/hibernation", degraded)),
		value("status.phase", cnpgPhases, "status.phaseReason"),
		finally(unknown, "Its phase is not known"),
	}},
	"psmdb.percona.com": {"PerconaServerMongoDB": {
		value("status.state", is{"initializing": progressing, "ready": healthy, "error": degraded, "stopping": progressing, "paused": suspended}),
		finally(unknown, "Its state is not known"),
	}},
	// Paused is Unknown with Argo CD, where its sister for MongoDB is Suspended.
	"pxc.percona.com": {"PerconaXtraDBCluster": {
		value("status.state", is{"initializing": progressing, "ready": healthy, "error": degraded, "stopping": degraded, "paused": unknown}),
		finally(unknown, "Its state is not known"),
	}},
	"solr.apache.org": {"SolrCloud": {solr, waiting("the nodes")}},
}

// cnpgPhases: what interrupts writes is Degraded, however short it is.
var cnpgPhases = is{
	"Cluster in healthy state": healthy,

	"Setting up primary":                                       progressing,
	"Creating a new replica":                                   progressing,
	"Upgrading cluster":                                        progressing,
	"Waiting for the instances to become active":               progressing,
	"Promoting to primary cluster":                             progressing,
	"Switchover in progress":                                   degraded,
	"Failing over":                                             degraded,
	"Upgrading Postgres major version":                         degraded,
	"Cluster upgrade delayed":                                  degraded,
	"Waiting for user action":                                  degraded,
	"Primary instance is being restarted in-place":             degraded,
	"Primary instance is being restarted without a switchover": degraded,
	"Online upgrade in progress":                               degraded,
	"Applying configuration":                                   degraded,

	"Cluster cannot execute instance online upgrade due to missing architecture binary": degraded,
	"Unable to create required cluster objects":                                         suspended,

	"Cluster cannot proceed to reconciliation due to an unknown plugin being required": suspended,
	"Cluster has incomplete or invalid image catalog":                                  suspended,
	"Cluster is unrecoverable and needs manual intervention":                           suspended,
}

var (
	clickHouse = steps{
		value("status.status", is{"Completed": healthy, "InProgress": progressing, other: degraded}, "status.error"),
		waiting("the installation"),
	}
	mariaObject = steps{conditions(when("Ready=True", healthy), when("Ready", degraded)), waiting("its status")}
	mariaDB     = steps{
		conditions(when("*=False:Failed", degraded), when("*=False", progressing)),
		conditional(healthy),
		waiting("its status"),
	}
)

func beatStarting(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("health") && status.Has("expectedNodes") {
		return verdict{progressing, "Waiting for its health"}
	}
	return verdict{}
}

func cassandra(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("racks") {
		return verdict{}
	}
	racks := status.Object("racks")
	for name := range racks {
		rack := racks.Object(name)
		if rack.Has("members") && rack.Has("readyMembers") && rack.Number("members") != rack.Number("readyMembers") {
			return verdict{progressing, "Waiting for members of a rack to be ready"}
		}
	}
	return verdict{healthy, "The members of all racks are ready"}
}

// elasticsearch wants all nodes of its spec first, and then goes by its phase and
// health.
func elasticsearch(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("availableNodes") {
		return verdict{}
	}
	var want int64
	for set := range o.Object("spec").Each("nodeSets") {
		want += set.Number("count")
	}
	available := status.Number("availableNodes")
	if available < want {
		return say(progressing, "%d of %d nodes are available", available, want)
	}
	if available > want || !status.Has("health") {
		return verdict{}
	}
	if phase := status.Text("phase"); phase != "Ready" {
		return elasticPhase(o)
	}
	return elasticHealth(o)
}

var (
	elasticPhase  = value("status.phase", is{"ApplyingChanges": progressing, "MigratingData": progressing, "Invalid": degraded})
	elasticHealth = value("status.health", is{"green": healthy, "yellow": progressing, "red": degraded})
)

var (
	atlasReady     = parse("Ready")
	atlasMigration = atlas("reason", "Reconciling")
	atlasSchema    = atlas("message", "Reconciling", "GettingDevDB")
)

// atlas takes these words in a field of its condition Ready for work that goes on.
func atlas(name string, working ...string) step {
	return func(o field.Object) verdict {
		ready := find(o.Object("status"), &atlasReady)
		if ready == nil {
			return verdict{}
		}
		if ready.Text("status") == "True" {
			return verdict{healthy, field.Words(ready)}
		}
		for _, word := range working {
			if ready.Text(name) == word {
				return verdict{progressing, field.Words(ready)}
			}
		}
		return verdict{degraded, field.Words(ready)}
	}
}

func solr(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("solrNodes") {
		return verdict{}
	}
	for node := range status.Each("solrNodes") {
		if !node.Flag("ready") {
			return say(progressing, "Waiting for node %s to be ready", node.Text("name"))
		}
	}
	return verdict{healthy, "All nodes are ready"}
}
