package fakenode

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	corelisters "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/tools/cache"

	"evenkeel.dev/playground/internal/reconcile"
)

const workers = 4

// Options says which nodes to play.
type Options struct {
	Client kubernetes.Interface
	Count  int   // how many, named node-1 and so on
	Port   int32 // on 127.0.0.1: where the nodes' kubelet API is served, see [LogHandler]
	Leases bool  // renew the nodes' leases: needed if the node lifecycle controller runs
}

// Nodes is a set of fake nodes.
type Nodes struct {
	options Options
	nodes   map[string]node // by name
	pods    cache.SharedIndexInformer
}

// New makes the nodes without a call to the API server.
func New(o Options) *Nodes {
	bound := fields.OneTermNotEqualSelector("spec.nodeName", "")
	watch := cache.NewListWatchFromClient(o.Client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, bound)
	n := &Nodes{options: o, nodes: map[string]node{}}
	n.pods = cache.NewSharedIndexInformer(watch, &corev1.Pod{}, 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	for i := range o.Count {
		one := newNode(i)
		n.nodes[one.name] = one
	}
	return n
}

// Names are the nodes' names, sorted.
func (n *Nodes) Names() []string { return slices.Sorted(maps.Keys(n.nodes)) }

// Pods are the Pods that are bound to a node as the watch shows them: none
// before [Nodes.Start].
func (n *Nodes) Pods() corelisters.PodLister { return corelisters.NewPodLister(n.pods.GetIndexer()) }

// Start registers the nodes, returns, and plays them until ctx ends.
func (n *Nodes) Start(ctx context.Context) error {
	for _, one := range n.nodes {
		if err := n.register(ctx, one); err != nil {
			return err
		}
		if n.options.Leases {
			go n.renewLeases(ctx, one)
		}
	}
	return reconcile.Start(ctx, "Pod", n.pods, workers, n.sync)
}

func (n *Nodes) sync(ctx context.Context, pod *corev1.Pod) (time.Duration, error) {
	on, mine := n.nodes[pod.Spec.NodeName]
	if !mine {
		return 0, nil
	}
	s := next(pod, on.address, time.Now())
	switch {
	case s.Remove:
		return 0, n.remove(ctx, pod)
	case s.Status != nil:
		return 0, n.patchStatus(ctx, pod, s.Status)
	}
	return s.After, nil
}

func (n *Nodes) remove(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	err := n.options.Client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now,
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
	})
	return ignoreGone(err)
}

func (n *Nodes) patchStatus(ctx context.Context, pod *corev1.Pod, status *corev1.PodStatus) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID}, // of this Pod, not of one that took its name
		"status":   status,
	})
	if err != nil {
		return fmt.Errorf("status of Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	_, err = n.options.Client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
	return ignoreGone(err)
}

// ignoreGone drops the errors that say that the Pod is no more or that another
// has its name: the watch tells about both.
func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) || apierrors.IsConflict(err) {
		return nil
	}
	return err
}
