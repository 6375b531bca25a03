package controlplane

// Options says which control plane to run. Only Dir is needed.
type Options struct {
	Dir       string // the state; created if it is not there
	Nodes     int    // how many fake nodes; none: Pods stay Pending
	Port      int    // the API server's, on 127.0.0.1; 0: the last one if free, else any
	AuditLog  string // absolute path of the API server's audit log; empty: none
	Full      bool   // all controllers, default admission plugins, node leases
	Verbosity uint   // of the log, as Kubernetes' --v

	// Further flags for the components, after the playground's own.
	APIServerArgs         []string
	ControllerManagerArgs []string
	SchedulerArgs         []string

	// Ready, unless nil, is called once, when the API server is ready, the
	// nodes are there and Pods can be created.
	Ready func(kubeconfig string)
}
