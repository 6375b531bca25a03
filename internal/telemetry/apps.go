package telemetry

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"evenkeel.dev/internal/resource"
)

// App is what argocd_app_info tells of an Application.
type App struct {
	Namespace, Name, Project string
	Repo                     string
	// Server and DestNamespace are the destination's.
	Server, DestNamespace string
	Sync, Health          string
	AutoSync              bool
	// Operation is what is being done: sync, delete or nothing.
	Operation string
}

// ReportApps has argocd_app_info made from what list says at each scrape, so that
// no series outlives its Application. It may be called once.
func (m *Metrics) ReportApps(list func() []App) {
	if m.off() {
		return
	}
	m.registry.MustRegister(&appInfo{list: list, info: prometheus.NewDesc("argocd_app_info", "Information about application.", []string{
		"namespace", "name", "project", "autosync_enabled", "repo", "dest_server", "dest_namespace", "sync_status", "health_status", "operation",
	}, nil)})
}

type appInfo struct {
	list func() []App
	info *prometheus.Desc
}

// Describe is part of prometheus.Collector.
func (c *appInfo) Describe(out chan<- *prometheus.Desc) { out <- c.info }

// Collect is part of prometheus.Collector.
func (c *appInfo) Collect(out chan<- prometheus.Metric) {
	for _, a := range c.list() {
		metric, err := prometheus.NewConstMetric(c.info, prometheus.GaugeValue, 1,
			a.Namespace, a.Name, a.Project, strconv.FormatBool(a.AutoSync), resource.WithoutCredentials(a.Repo), a.Server, a.DestNamespace, a.Sync, a.Health, a.Operation)
		if err != nil {
			metric = prometheus.NewInvalidMetric(c.info, err)
		}
		out <- metric
	}
}

var _ prometheus.Collector = (*appInfo)(nil)
