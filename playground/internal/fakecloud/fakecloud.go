package fakecloud

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"

	"evenkeel.dev/playground/internal/reconcile"
)

// none, as the value of one of this package's annotations, asks for nothing to
// be done.
const none = "none"

// Start plays the cloud until ctx ends.
func Start(ctx context.Context, client kubernetes.Interface) error {
	b := balancer{client: client}
	v := volumes{client: client}
	if err := v.ensureClass(ctx); err != nil {
		return err
	}
	core, networking := client.CoreV1().RESTClient(), client.NetworkingV1().RESTClient()
	if err := reconcile.Start(ctx, "Service", watch(core, "services", &corev1.Service{}), 1, b.syncService); err != nil {
		return err
	}
	if err := reconcile.Start(ctx, "Ingress", watch(networking, "ingresses", &networkingv1.Ingress{}), 1, b.syncIngress); err != nil {
		return err
	}
	claims := watch(core, "persistentvolumeclaims", &corev1.PersistentVolumeClaim{})
	if err := reconcile.Start(ctx, "PersistentVolumeClaim", claims, 1, v.syncClaim); err != nil {
		return err
	}
	return reconcile.Start(ctx, "PersistentVolume", watch(core, "persistentvolumes", &corev1.PersistentVolume{}), 1, v.syncVolume)
}

func watch(client cache.Getter, resource string, example runtime.Object) cache.SharedIndexInformer {
	source := cache.NewListWatchFromClient(client, resource, corev1.NamespaceAll, fields.Everything())
	return cache.NewSharedIndexInformer(source, example, 0, cache.Indexers{})
}
