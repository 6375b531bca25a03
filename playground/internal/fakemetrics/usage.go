package fakemetrics

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/klog/v2"
	metricsv1beta1 "k8s.io/metrics/pkg/apis/metrics/v1beta1"
)

// Annotations on a Pod that say how much of each resource it uses, as
// Kubernetes writes quantities. A value that cannot be read is logged and
// counts as the default.
const (
	CPUAnnotation    = "playground.evenkeel.dev/cpu"    // default 50m
	MemoryAnnotation = "playground.evenkeel.dev/memory" // default 64Mi
)

const (
	defaultCPU    = "50m"
	defaultMemory = "64Mi"
	// The autoscaler skips a Pod until a whole window after it got Ready.
	window = time.Second
)

func podMetrics(pod *corev1.Pod, now time.Time) metricsv1beta1.PodMetrics {
	m := metricsv1beta1.PodMetrics{
		TypeMeta: metav1.TypeMeta{APIVersion: GroupVersion, Kind: "PodMetrics"},
		ObjectMeta: metav1.ObjectMeta{
			Name: pod.Name, Namespace: pod.Namespace, Labels: pod.Labels, CreationTimestamp: metav1.NewTime(now),
		},
		Timestamp:  metav1.NewTime(now),
		Window:     metav1.Duration{Duration: window},
		Containers: []metricsv1beta1.ContainerMetrics{},
	}
	share := int64(len(pod.Spec.Containers))
	cpu := quantityOf(pod, CPUAnnotation, defaultCPU)
	memory := quantityOf(pod, MemoryAnnotation, defaultMemory)
	for _, c := range pod.Spec.Containers {
		m.Containers = append(m.Containers, metricsv1beta1.ContainerMetrics{Name: c.Name, Usage: corev1.ResourceList{
			corev1.ResourceCPU:    *resource.NewMilliQuantity(cpu.MilliValue()/share, resource.DecimalSI),
			corev1.ResourceMemory: *resource.NewQuantity(memory.Value()/share, resource.BinarySI),
		}})
	}
	return m
}

func nodeMetrics(name string, pods []*corev1.Pod, now time.Time) metricsv1beta1.NodeMetrics {
	var cpu, memory resource.Quantity
	for _, pod := range pods {
		if !hasMetrics(pod) || pod.Spec.NodeName != name {
			continue
		}
		cpu.Add(quantityOf(pod, CPUAnnotation, defaultCPU))
		memory.Add(quantityOf(pod, MemoryAnnotation, defaultMemory))
	}
	return metricsv1beta1.NodeMetrics{
		TypeMeta:   metav1.TypeMeta{APIVersion: GroupVersion, Kind: "NodeMetrics"},
		ObjectMeta: metav1.ObjectMeta{Name: name, CreationTimestamp: metav1.NewTime(now)},
		Timestamp:  metav1.NewTime(now),
		Window:     metav1.Duration{Duration: window},
		Usage:      corev1.ResourceList{corev1.ResourceCPU: cpu, corev1.ResourceMemory: memory},
	}
}

// hasMetrics is true of Pods that run: as with metrics-server, others are
// missing.
func hasMetrics(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodRunning && pod.DeletionTimestamp == nil
}

func quantityOf(pod *corev1.Pod, annotation, unset string) resource.Quantity {
	text, set := pod.Annotations[annotation]
	if !set {
		return resource.MustParse(unset)
	}
	q, err := resource.ParseQuantity(text)
	if err != nil || q.Sign() < 0 {
		klog.InfoS("playground: annotation is not a quantity; write it like 250m or 64Mi",
			"pod", klog.KObj(pod), "annotation", annotation, "value", text, "counted", unset)
		return resource.MustParse(unset)
	}
	return q
}
