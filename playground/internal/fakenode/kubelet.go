package fakenode

import (
	"context"
	"encoding/json"
	"fmt"
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
	Nodes  int   // how many, named node-1 and so on
	Port   int32 // on 127.0.0.1: where the nodes' kubelet API is served, see [LogHandler]
	Leases bool  // renew the nodes' leases: needed if the node lifecycle controller runs
}

// Start registers the nodes and plays them until ctx ends. It returns the Pods
// that are bound to a node, as the watch shows them.
func Start(ctx context.Context, o Options) (corelisters.PodLister, error) {
	k := &kubelet{client: o.Client, port: o.Port, nodes: map[string]node{}}
	for i := range o.Nodes {
		n := newNode(i)
		if err := k.register(ctx, n); err != nil {
			return nil, err
		}
		k.nodes[n.name] = n
		if o.Leases {
			go k.renewLeases(ctx, n)
		}
	}
	bound := fields.OneTermNotEqualSelector("spec.nodeName", "")
	watch := cache.NewListWatchFromClient(o.Client.CoreV1().RESTClient(), "pods", metav1.NamespaceAll, bound)
	informer := cache.NewSharedIndexInformer(watch, &corev1.Pod{}, 0,
		cache.Indexers{cache.NamespaceIndex: cache.MetaNamespaceIndexFunc})
	if err := reconcile.Start(ctx, "Pod", informer, workers, k.sync); err != nil {
		return nil, err
	}
	return corelisters.NewPodLister(informer.GetIndexer()), nil
}

type kubelet struct {
	client kubernetes.Interface
	port   int32
	nodes  map[string]node // by name; not changed once the watch runs
}

func (k *kubelet) sync(ctx context.Context, pod *corev1.Pod) (time.Duration, error) {
	n, mine := k.nodes[pod.Spec.NodeName]
	if !mine {
		return 0, nil
	}
	s := next(pod, n.address, time.Now())
	switch {
	case s.Remove:
		return 0, k.remove(ctx, pod)
	case s.Status != nil:
		return 0, k.patchStatus(ctx, pod, s.Status)
	}
	return s.After, nil
}

func (k *kubelet) remove(ctx context.Context, pod *corev1.Pod) error {
	now := int64(0)
	err := k.client.CoreV1().Pods(pod.Namespace).Delete(ctx, pod.Name, metav1.DeleteOptions{
		GracePeriodSeconds: &now,
		Preconditions:      metav1.NewUIDPreconditions(string(pod.UID)),
	})
	return ignoreGone(err)
}

func (k *kubelet) patchStatus(ctx context.Context, pod *corev1.Pod, status *corev1.PodStatus) error {
	patch, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"uid": pod.UID}, // of this Pod, not of one that took its name
		"status":   status,
	})
	if err != nil {
		return fmt.Errorf("status of Pod %s/%s: %w", pod.Namespace, pod.Name, err)
	}
	_, err = k.client.CoreV1().Pods(pod.Namespace).Patch(ctx, pod.Name, types.StrategicMergePatchType, patch, metav1.PatchOptions{}, "status")
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
