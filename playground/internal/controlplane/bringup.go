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
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"evenkeel.dev/playground/internal/fakecloud"
	"evenkeel.dev/playground/internal/fakemetrics"
	"evenkeel.dev/playground/internal/pki"
	"evenkeel.dev/playground/internal/statedir"
)

const (
	startTimeout  = 2 * time.Minute
	probeInterval = 20 * time.Millisecond
	probeTimeout  = 2 * time.Second
)

// userAgent is what the fake nodes, cloud and metrics call themselves.
const userAgent = "evenkeel-playground"

// client is the playground's own way into the cluster.
type client struct {
	kubernetes.Interface
	apis aggregator.Interface
}

// connect calls nobody yet.
func connect(d *statedir.Dir) (client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", d.Kubeconfig(pki.Admin))
	if err != nil {
		return client{}, fmt.Errorf("client: %w", err)
	}
	config.QPS, config.Burst, config.UserAgent = 500, 1000, userAgent
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return client{}, fmt.Errorf("client: %w", err)
	}
	apis, err := aggregator.NewForConfig(config)
	if err != nil {
		return client{}, fmt.Errorf("client: %w", err)
	}
	return client{Interface: core, apis: apis}, nil
}

// bringUp starts all but etcd and the API server and returns when Pods can be
// created. The controllers come last: they give up for seconds when they find
// the API server unready or its discovery incomplete.
func (c *cluster) bringUp(ctx context.Context) error {
	within, cancel := context.WithTimeoutCause(ctx, startTimeout, fmt.Errorf("not ready in %s (see %s)", startTimeout, c.dir.LogPath()))
	defer cancel()
	nodes, err := c.serveNodes(ctx)
	if err != nil {
		return err
	}
	if err := c.waitReadyz(within); err != nil {
		return err
	}
	c.reached("kube-apiserver")
	if err := nodes.Start(ctx); err != nil {
		return err
	}
	if err := fakecloud.Start(ctx, c.client); err != nil {
		return err
	}
	if err := c.registerMetrics(within); err != nil {
		return err
	}
	c.reached("nodes and metrics")
	c.start(ctx, "kube-controller-manager", func(ctx context.Context) error {
		return runControllerManager(ctx, controllerManagerArgs(c.dir, c.options))
	})
	c.start(ctx, "kube-scheduler", func(ctx context.Context) error {
		return runScheduler(ctx, schedulerArgs(c.dir, c.options))
	})
	return c.waitDefaultServiceAccount(within)
}

// waitReadyz polls, as there is nothing to watch before the API server serves.
func (c *cluster) waitReadyz(ctx context.Context) error {
	return poll(ctx, "kube-apiserver", func(ctx context.Context) error {
		return c.client.Discovery().RESTClient().Get().AbsPath("/readyz").Do(ctx).Error()
	})
}

// waitMetrics polls, as discovery cannot be watched, and it lags behind the
// APIService's condition.
func (c *cluster) waitMetrics(ctx context.Context) error {
	return poll(ctx, "metrics API", func(context.Context) error {
		_, lists, err := c.client.Discovery().ServerGroupsAndResources()
		if err != nil {
			return err
		}
		for _, list := range lists {
			if list.GroupVersion == fakemetrics.GroupVersion {
				return nil
			}
		}
		return errors.New("not in discovery")
	})
}

func poll(ctx context.Context, what string, probe func(context.Context) error) error {
	var last error
	err := wait.PollUntilContextCancel(ctx, probeInterval, true, func(ctx context.Context) (bool, error) {
		once, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		last = probe(once)
		return last == nil, nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, errors.Join(context.Cause(ctx), last))
	}
	return nil
}

// waitDefaultServiceAccount returns when the namespace default has the account
// without which Pods are refused.
func (c *cluster) waitDefaultServiceAccount(ctx context.Context) error {
	source := cache.NewListWatchFromClient(c.client.CoreV1().RESTClient(), "serviceaccounts", metav1.NamespaceDefault,
		fields.OneTermEqualSelector(metav1.ObjectNameField, "default"))
	_, err := watchtools.UntilWithSync(ctx, source, &corev1.ServiceAccount{}, nil, func(e watch.Event) (bool, error) {
		return e.Type == watch.Added, nil
	})
	if err != nil {
		return fmt.Errorf("default service account: %w", errors.Join(context.Cause(ctx), err))
	}
	return nil
}
