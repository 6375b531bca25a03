package kube

import (
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/internal/fault"
)

// ConfigOptions say which cluster to talk to.
type ConfigOptions struct {
	// Kubeconfig is a file; empty means what kubectl would use, and inside a
	// cluster that cluster.
	Kubeconfig string
	// Context is a context of the kubeconfig; empty means its current one.
	Context string
	// UserAgent names the program in the cluster's audit log.
	UserAgent string
}

// Config reads the kubeconfig.
func Config(o ConfigOptions) (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.Kubeconfig
	overrides := &clientcmd.ConfigOverrides{CurrentContext: o.Context}
	cfg, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, overrides).ClientConfig()
	if err != nil {
		return nil, fault.Wrap(fault.Invalid, err, "read the kubeconfig (--kubeconfig and --context say which)")
	}
	cfg.UserAgent = o.UserAgent
	return cfg, nil
}
