package shipped

import (
	"strconv"
	"strings"

	"evenkeel.dev/internal/health/field"
)

// observability are the kinds that measure, log and show.
var observability = groups{
	"core.humio.com": {
		"HumioAction": humio,
		"HumioAlert":  humio,
		"HumioCluster": {
			value("status.state", is{
				"Running": healthy, "Restarting": progressing, "Upgrading": progressing, "Pending": progressing,
				"ConfigError": degraded, "Unknown": unknown,
			}),
			waiting("its status"),
		},
		"HumioIngestToken": humio,
		"HumioParser":      humio,
		"HumioRepository":  humio,
		"HumioView":        humio,
	},
	"coralogix.com": {"Alert": truth("RemoteSynced", "its status"), "RecordingRuleGroupSet": truth("RemoteSynced", "its status")},
	"datadoghq.com": {"DatadogMetric": {
		conditions(when("Error=True", degraded)),
		conditions(when("Valid=False", degraded)),
		finally(healthy, "It has no error"),
	}},
	"grafana.integreatly.org": {
		"Grafana": {
			value("status.stageStatus", is{"failed": degraded}, "status.lastMessage", "status.stage"),
			grafanaComplete,
			value("status.stage", is{other: progressing}),
			waiting("its status"),
		},
		"GrafanaDashboard":  grafanaContent,
		"GrafanaDatasource": {grafanaDatasource, waiting("the data source to be made")},
		"GrafanaFolder":     grafanaContent,
	},
	"grafana-org-operator.kubitus-project.gitlab.io": {anyKind: truth("Ready", "its status")},
	"jaegertracing.io": {"Jaeger": {value("status.phase", is{"Running": healthy, "Failed": degraded}), waiting("Jaeger to run")}},
	"kiali.io": {"Kiali": {
		conditions(when("Successful=True", healthy), when("Failure=True", degraded), when("Running:Running", progressing)),
		waiting("its status"),
	}},
	"monitoring.coreos.com": {"Prometheus": {
		conditions(when("Available=True", healthy), when("Available!=True:SomePodsNotReady", progressing), when("Available", degraded)),
		waiting("its status"),
	}},
	"opentelemetry.io": {"OpenTelemetryCollector": {needs("status"), collector}},
	"operator.victoriametrics.com": {anyKind: {
		observed,
		value("status.updateStatus", is{"operational": healthy, "expanding": progressing, "paused": suspended, "failed": degraded}),
		waiting("the operator"),
	}},
}

var (
	humio = steps{
		value("status.state", is{"Exists": healthy, "NotFound": missing, "ConfigError": degraded, "Unknown": unknown}),
		waiting("its status"),
	}
	grafanaContent = steps{
		conditions(when("*=False", degraded)),
		conditions(when("*=True", healthy)),
		waiting("its status"),
	}
)

func grafanaComplete(o field.Object) verdict {
	status := o.Object("status")
	if status.Text("stage") == "complete" && status.Text("stageStatus") == "success" {
		return verdict{healthy, "All stages are complete"}
	}
	if !status.Has("stageStatus") {
		return verdict{progressing, "Waiting for the first stage"}
	}
	return verdict{}
}

// grafanaDatasource: a status without uid is not empty text but none, and Healthy, as
// older operators do not write one.
func grafanaDatasource(o field.Object) verdict {
	status := o.Object("status")
	switch {
	case !o.Has("status") || status["uid"] == "":
		return verdict{}
	case status.Flag("NoMatchingInstances"):
		return verdict{degraded, "No Grafana matches its selector"}
	}
	return verdict{healthy, "The data source is made"}
}

// collector goes by the replicas, which are a text like 1/3. A DaemonSet may have no
// node to run on, and a sidecar has no replicas of its own.
func collector(o field.Object) verdict {
	text := o.Object("status").Object("scale").Text("statusReplicas")
	mode := o.Object("spec").Text("mode")
	if text == "" {
		if mode == "sidecar" {
			return verdict{healthy, "It runs as a sidecar of other pods"}
		}
		return verdict{progressing, "Waiting for its replicas to be counted"}
	}
	left, right, _ := strings.Cut(text, "/")
	ready, err := strconv.Atoi(left)
	total, err2 := strconv.Atoi(right)
	if err != nil || err2 != nil {
		return say(progressing, "Its replicas are %q, which is no count", text)
	}
	said := text + " replicas are ready"
	switch {
	case ready == 0 && total == 0 && mode == "daemonset":
		return verdict{healthy, "No node is to run it"}
	case ready == 0:
		return verdict{degraded, said}
	case ready == total:
		return verdict{healthy, said}
	}
	return verdict{progressing, said}
}
