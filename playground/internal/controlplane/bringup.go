package controlplane

import (
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"

	"evenkeel.dev/playground/internal/fakecloud"
	"evenkeel.dev/playground/internal/pki"
)

const (
	startTimeout  = 2 * time.Minute
	probeInterval = 20 * time.Millisecond
	probeTimeout  = 2 * time.Second
)

// userAgent is what the fake nodes, cloud and metrics call themselves.
const userAgent = "evenkeel-playground"

// bringUp starts all but etcd and the API server and returns when Pods can be
// created.
func (c *cluster) bringUp(ctx context.Context) error {
	within, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready in %s (see %s)", startTimeout, c.state.logPath()))
	defer cancel()
	config, err := clientcmd.BuildConfigFromFlags("", c.state.kubeconfig(pki.Admin))
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	config.QPS, config.Burst, config.UserAgent = 500, 1000, userAgent
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	if err := waitReadyz(within, client); err != nil {
		return err
	}
	c.reached("kube-apiserver")
	c.startComponents(ctx)
	if err := c.startFakes(ctx, within, config, client); err != nil {
		return err
	}
	c.reached("nodes")
	return waitDefaultServiceAccount(within, client)
}

// startComponents must not come before the API server is ready: finding it
// unready, they look again only after a second.
func (c *cluster) startComponents(ctx context.Context) {
	c.start(ctx, "kube-controller-manager", func(ctx context.Context) error {
		return runControllerManager(ctx, controllerManagerArgs(c.state, c.options))
	})
	c.start(ctx, "kube-scheduler", func(ctx context.Context) error {
		return runScheduler(ctx, schedulerArgs(c.state, c.options))
	})
}

// startFakes returns within one context what lives until the other ends.
func (c *cluster) startFakes(ctx, within context.Context, config *rest.Config, client kubernetes.Interface) error {
	if err := fakecloud.Start(ctx, client); err != nil {
		return err
	}
	if c.options.Nodes == 0 {
		return nil
	}
	if err := c.startNodes(ctx, client); err != nil {
		return err
	}
	return c.registerMetrics(within, config, client)
}

// waitReadyz polls, as there is nothing to watch before the API server serves.
func waitReadyz(ctx context.Context, client kubernetes.Interface) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, probeInterval, true, func(ctx context.Context) (bool, error) {
		probe, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		_, last = client.Discovery().RESTClient().Get().AbsPath("/readyz").DoRaw(probe)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("kube-apiserver: %w", errors.Join(context.Cause(ctx), last))
	}
	return nil
}

// waitDefaultServiceAccount returns when the namespace default has the account
// without which Pods are refused.
func waitDefaultServiceAccount(ctx context.Context, client kubernetes.Interface) error {
	source := cache.NewListWatchFromClient(client.CoreV1().RESTClient(), "serviceaccounts", metav1.NamespaceDefault,
		fields.OneTermEqualSelector(metav1.ObjectNameField, "default"))
	_, err := watchtools.UntilWithSync(ctx, source, &corev1.ServiceAccount{}, nil, func(e watch.Event) (bool, error) {
		return e.Type == watch.Added, nil
	})
	if err != nil {
		return fmt.Errorf("default service account: %w", errors.Join(context.Cause(ctx), err))
	}
	return nil
}
