package telemetry

import (
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"evenkeel.dev/internal/resource"
)

// Metrics counts. Its zero value counts nothing.
type Metrics struct {
	registry *prometheus.Registry // nil in the zero value

	reconciles    *prometheus.HistogramVec
	syncs         *prometheus.CounterVec
	syncSeconds   *prometheus.CounterVec
	kubeRequests  *prometheus.CounterVec
	gitRequests   *prometheus.CounterVec
	gitSeconds    *prometheus.HistogramVec
	gitFailures   *prometheus.CounterVec
	objects       *prometheus.GaugeVec
	kinds         *prometheus.GaugeVec
	connected     *prometheus.GaugeVec
	clusterEvents *prometheus.CounterVec
	renders       *prometheus.CounterVec
}

// New makes metrics, with those of the process and of the Go runtime.
func New() *Metrics {
	m := &Metrics{
		registry:     prometheus.NewRegistry(),
		reconciles:   histogram("argocd_app_reconcile", "Application reconciliation performance in seconds.", reconcileBuckets(), "namespace", "dest_server"),
		syncs:        counter("argocd_app_sync_total", "Number of application syncs.", "namespace", "name", "project", "dest_server", "phase", "dry_run"),
		syncSeconds:  counter("argocd_app_sync_duration_seconds_total", "Application sync performance in seconds total.", "namespace", "name", "project", "dest_server"),
		kubeRequests: counter("argocd_app_k8s_request_total", "Number of kubernetes requests executed during application reconciliation.", "namespace", "name", "project", "server", "response_code", "verb", "resource_kind", "resource_namespace", "dry_run"),
		gitRequests:  counter("argocd_git_request_total", "Number of git requests performed.", "repo", "request_type"),
		gitSeconds:   histogram("argocd_git_request_duration_seconds", "Git requests duration seconds.", gitBuckets(), "repo", "request_type"),
		gitFailures:  counter("argocd_git_fetch_fail_total", "Number of git fetch requests failures.", "repo"),

		objects:       gauge("argocd_cluster_api_resource_objects", "Number of k8s resource objects in the cache.", "server"),
		kinds:         gauge("argocd_cluster_api_resources", "Number of monitored kubernetes API resources.", "server"),
		connected:     gauge("argocd_cluster_connection_status", "The k8s cluster current connection status.", "server", "k8s_version"),
		clusterEvents: counter("argocd_cluster_events_total", "Number of processes k8s resource events.", "server", "group", "kind"),

		renders: counter("evenkeel_renders_total", "Number of sources that were to be rendered, by what came of it.", "result"),
	}
	m.registry.MustRegister(
		m.reconciles, m.syncs, m.syncSeconds, m.kubeRequests, m.gitRequests, m.gitSeconds, m.gitFailures,
		m.objects, m.kinds, m.connected, m.clusterEvents, m.renders,
		collectors.NewGoCollector(collectors.WithGoCollectorRuntimeMetrics(collectors.GoRuntimeMetricsRule{Matcher: liveHeap()})), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	return m
}

// liveHeap is go_gc_heap_live_bytes, what the last garbage collection found alive: what the
// program needs, and not what it happens to have taken.
func liveHeap() *regexp.Regexp { return regexp.MustCompile("^/gc/heap/live:bytes$") }

func reconcileBuckets() []float64 { return []float64{0.25, .5, 1, 2, 4, 8, 16} }

func gitBuckets() []float64 { return []float64{0.1, 0.25, .5, 1, 2, 4, 10, 20} }

func counter(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
}

func gauge(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
}

func histogram(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
}

// off says that m counts nothing.
func (m *Metrics) off() bool { return m == nil || m.registry == nil }

// Handler serves the metrics to Prometheus.
func (m *Metrics) Handler() http.Handler {
	if m.off() {
		return http.NotFoundHandler()
	}
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 30 * time.Second})
}

// Reconciled counts one comparison of an Application, by its namespace and the
// server of its destination.
func (m *Metrics) Reconciled(namespace, server string, took time.Duration) {
	if m.off() {
		return
	}
	m.reconciles.WithLabelValues(namespace, server).Observe(took.Seconds())
}

// Sync is an operation that has ended.
type Sync struct {
	Namespace, Name, Project string
	// Server is that of the destination.
	Server string
	// Phase is the operation's last phase.
	Phase  string
	DryRun bool
	Took   time.Duration
}

// Synced counts an operation that has ended.
func (m *Metrics) Synced(s Sync) {
	if m.off() {
		return
	}
	m.syncs.WithLabelValues(s.Namespace, s.Name, s.Project, s.Server, s.Phase, strconv.FormatBool(s.DryRun)).Inc()
	m.syncSeconds.WithLabelValues(s.Namespace, s.Name, s.Project, s.Server).Add(max(0, s.Took.Seconds()))
}

// KubeRequest is a request to a cluster on behalf of an Application.
type KubeRequest struct {
	Namespace, Name, Project string // of the Application
	Server                   string
	// Code is the HTTP status; 0 when there was no answer.
	Code              int
	Verb              string // Get, Patch, …
	Kind              string
	ResourceNamespace string
	DryRun            bool
}

// Requested counts a request to a cluster.
func (m *Metrics) Requested(r KubeRequest) {
	if m.off() {
		return
	}
	m.kubeRequests.WithLabelValues(r.Namespace, r.Name, r.Project, r.Server, strconv.Itoa(r.Code), r.Verb, r.Kind, r.ResourceNamespace, strconv.FormatBool(r.DryRun)).Inc()
}

// The types of Git requests.
const (
	GitLsRemote = "ls-remote"
	GitFetch    = "fetch"
)

// GitRequested counts a request to a Git server; kind is GitLsRemote or GitFetch.
func (m *Metrics) GitRequested(repo, kind string, took time.Duration, err error) {
	if m.off() {
		return
	}
	repo = resource.WithoutCredentials(repo)
	m.gitRequests.WithLabelValues(repo, kind).Inc()
	m.gitSeconds.WithLabelValues(repo, kind).Observe(took.Seconds())
	if err != nil && kind == GitFetch {
		m.gitFailures.WithLabelValues(repo).Inc()
	}
}

// Cluster is what is known of a cluster at one time.
type Cluster struct {
	Server    string
	Version   string // of Kubernetes
	Kinds     int    // that are watched
	Objects   int    // in the live index
	Connected bool
}

// ClusterSeen says how a cluster is.
func (m *Metrics) ClusterSeen(c Cluster) {
	if m.off() {
		return
	}
	m.objects.WithLabelValues(c.Server).Set(float64(c.Objects))
	m.kinds.WithLabelValues(c.Server).Set(float64(c.Kinds))
	m.connected.DeletePartialMatch(prometheus.Labels{"server": c.Server}) // its version may be another now
	m.connected.WithLabelValues(c.Server, c.Version).Set(flag(c.Connected))
}

// ClusterEvent counts a watch event.
func (m *Metrics) ClusterEvent(server, group, kind string) {
	if m.off() {
		return
	}
	m.clusterEvents.WithLabelValues(server, group, kind).Inc()
}

// ForgetApp drops the series of an Application that is gone.
func (m *Metrics) ForgetApp(namespace, name string) {
	if m.off() {
		return
	}
	app := prometheus.Labels{"namespace": namespace, "name": name}
	m.syncs.DeletePartialMatch(app)
	m.syncSeconds.DeletePartialMatch(app)
	m.kubeRequests.DeletePartialMatch(app)
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// What came of a source that was to be rendered.
const (
	// RenderRendered: it was, or was tried to be.
	RenderRendered = "rendered"
	// RenderKnown: the result was kept from before.
	RenderKnown = "known"
	// RenderHeld: the result in force is that of the new commit too, as that changes
	// nothing that was read.
	RenderHeld = "held"
)

// Rendered counts sources that were to be rendered.
func (m *Metrics) Rendered(result string, sources int) {
	if m.off() {
		return
	}
	m.renders.WithLabelValues(result).Add(float64(sources))
}
