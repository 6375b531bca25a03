package shipped

import (
	"evenkeel.dev/internal/health/field"
)

// messaging are brokers, and what is in them.
var messaging = groups{
	"kafka.banzaicloud.io": {"KafkaCluster": {
		value("status.state", is{"ClusterRollingUpgrading": progressing}),
		kafkaBrokers,
		waiting("the brokers"),
	}},
	"kafka.strimzi.io": {
		// While it is created, a Kafka is not ready for a reason.
		"Kafka":          {conditions(when("NotReady=True:!Creating", degraded), when("Ready=True", healthy)), waiting("the cluster to be ready")},
		"KafkaBridge":    strimzi,
		"KafkaConnect":   strimzi,
		"KafkaConnector": strimzi,
		"KafkaTopic":     strimzi,
		"KafkaUser":      strimzi,
	},
	"platform.confluent.io": {
		"Connect":        confluent,
		"Connector":      {confluentConnector, waiting("the connector to run")},
		"ControlCenter":  confluent,
		"Kafka":          confluent,
		"KsqlDB":         confluent,
		"SchemaRegistry": confluent,
		"Zookeeper":      confluent,
	},
	"rabbitmq.com": {
		"Binding":    rabbit,
		"Exchange":   rabbit,
		"Permission": rabbit,
		"Policy":     rabbit,
		"Queue":      rabbit,
		"RabbitmqCluster": {
			conditions(when("ReconcileSuccess=False", degraded)),
			conditions(when("ClusterAvailable=Unknown", progressing), when("AllReplicasReady=Unknown", progressing)),
			conditions(when("ClusterAvailable=False", progressing)),
			conditions(when("AllReplicasReady=False", progressing)),
			both(healthy, "ClusterAvailable=True", "AllReplicasReady=True"),
			waiting("the cluster to be formed"),
		},
		"Shovel": rabbit,
		"User":   rabbit,
		"Vhost":  rabbit,
	},
	"zookeeper.pravega.io": {"ZookeeperCluster": {zookeeper, waiting("the nodes to join")}},
}

var (
	strimzi   = steps{conditions(when("NotReady=True", degraded), when("Ready=True", healthy)), waiting("its status")}
	confluent = steps{value("status.phase", is{"RUNNING": healthy, "PROVISIONING": progressing}), waiting("it to run")}
	rabbit    = steps{
		conditions(when("Ready=True:SuccessfulCreateOrUpdate", healthy), when("Ready=False:FailedCreateOrUpdate", degraded)),
		finally(unknown, "Whether it was made in the broker is not known"),
	}
)

func kafkaBrokers(o field.Object) verdict {
	status := o.Object("status")
	if !status.Has("brokersState") {
		return verdict{}
	}
	brokers := status.Object("brokersState")
	fine := 0
	for id := range brokers {
		broker := brokers.Object(id)
		scaled := broker.Object("gracefulActionState").Text("cruiseControlState")
		if broker.Text("configurationState") == "ConfigInSync" && (scaled == "GracefulUpscaleSucceeded" || scaled == "GracefulDownscaleSucceeded") {
			fine++
		}
	}
	if fine != len(brokers) {
		return say(degraded, "%d of %d brokers have their configuration and their share of the load", fine, len(brokers))
	}
	if status.Text("cruiseControlTopicStatus") == "CruiseControlTopicReady" && status.Text("state") == "ClusterRunning" {
		return say(healthy, "All %d brokers are running", fine)
	}
	return verdict{}
}

func confluentConnector(o field.Object) verdict {
	status := o.Object("status")
	failed := status.Number("failedTasksCount")
	switch {
	case status.Text("state") == "CREATED" && status.Text("connectorState") == "RUNNING" && !status.Has("failedTasksCount"):
		return verdict{healthy, "The connector is running"}
	case status.Text("state") == "ERROR":
		for c := range status.Each("conditions") {
			return verdict{degraded, field.Words(c)}
		}
		return verdict{degraded, "The state is ERROR"}
	case status.Has("state") && failed > 0:
		return say(degraded, "%d tasks have failed", failed)
	}
	return verdict{}
}

// zookeeper without any replica is one that has yet to begin. (Argo CD calls it
// Healthy as long as both numbers are absent.)
func zookeeper(o field.Object) verdict {
	status := o.Object("status")
	if ready := status.Number("readyReplicas"); ready != 0 && ready == status.Number("replicas") {
		return say(healthy, "All %d nodes have joined", ready)
	}
	return verdict{}
}
