package fakecloud

import (
	"context"
	"fmt"
	"hash/fnv"
	"reflect"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
)

// LoadBalancerAnnotation, with the value none on a Service or an Ingress,
// leaves it without an address, as a cloud does that never gets done.
const LoadBalancerAnnotation = "playground.evenkeel.dev/load-balancer"

type balancer struct {
	client kubernetes.Interface
}

func (b balancer) syncService(ctx context.Context, service *corev1.Service) (time.Duration, error) {
	if service.Spec.Type != corev1.ServiceTypeLoadBalancer {
		return 0, nil
	}
	var want []corev1.LoadBalancerIngress
	if isWanted(service) {
		vip := corev1.LoadBalancerIPModeVIP
		want = []corev1.LoadBalancerIngress{{IP: addressOf(service), IPMode: &vip}}
	}
	if reflect.DeepEqual(service.Status.LoadBalancer.Ingress, want) {
		return 0, nil
	}
	next := service.DeepCopy()
	next.Status.LoadBalancer.Ingress = want
	_, err := b.client.CoreV1().Services(service.Namespace).UpdateStatus(ctx, next, metav1.UpdateOptions{})
	return 0, err
}

func (b balancer) syncIngress(ctx context.Context, ingress *networkingv1.Ingress) (time.Duration, error) {
	var want []networkingv1.IngressLoadBalancerIngress
	if isWanted(ingress) {
		want = []networkingv1.IngressLoadBalancerIngress{{IP: addressOf(ingress)}}
	}
	if reflect.DeepEqual(ingress.Status.LoadBalancer.Ingress, want) {
		return 0, nil
	}
	next := ingress.DeepCopy()
	next.Status.LoadBalancer.Ingress = want
	_, err := b.client.NetworkingV1().Ingresses(ingress.Namespace).UpdateStatus(ctx, next, metav1.UpdateOptions{})
	return 0, err
}

func isWanted(object metav1.Object) bool {
	return object.GetDeletionTimestamp() == nil && object.GetAnnotations()[LoadBalancerAnnotation] != none
}

// addressOf is an address in 203.0.113.0/24, which RFC 5737 keeps for
// documentation, that follows from the object's name. Two objects may share it.
func addressOf(object metav1.Object) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(object.GetNamespace() + "/" + object.GetName())) // never fails
	return fmt.Sprintf("203.0.113.%d", h.Sum32()%254+1)
}
