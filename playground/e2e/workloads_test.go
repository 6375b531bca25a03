package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
)

// TestWorkloads creates testdata/workloads.yaml and waits for each of its
// objects to become what the playground promises.
func TestWorkloads(t *testing.T) {
	dir := t.TempDir()
	audit := filepath.Join(dir, "audit.log")
	p := up(t, dir, "--nodes", "3", "--audit-log", audit)
	client := p.client(t)
	createAll(t, p, "testdata/workloads.yaml")
	w := workloads{client: client}

	t.Run("Deployment gets Available", w.deployment)
	t.Run("HPA owns replicas", w.autoscaler)
	t.Run("Jobs complete and fail", w.jobs)
	t.Run("Pod fails while annotated", w.failingPod)
	t.Run("DaemonSet is on all nodes", w.daemonSet)
	t.Run("StatefulSet has its volumes", w.statefulSet)
	t.Run("volume goes with its claim", w.leftoverVolume)
	t.Run("addresses", w.addresses)
	t.Run("logs", w.logs)
	t.Run("discovery is complete", w.discovery)
	t.Run("audit log has a line for each request", func(t *testing.T) { auditLog(t, client, audit) })
}

type workloads struct {
	client kubernetes.Interface
}

func (w workloads) deployment(t *testing.T) {
	await(t, watchOne(w.client.AppsV1().RESTClient(), "deployments", "web"), "Available", func(d *appsv1.Deployment) bool {
		for _, c := range d.Status.Conditions {
			if c.Type == appsv1.DeploymentAvailable {
				return c.Status == corev1.ConditionTrue
			}
		}
		return false
	})
}

func (w workloads) autoscaler(t *testing.T) {
	scalers := watchOne(w.client.AutoscalingV2().RESTClient(), "horizontalpodautoscalers", "web")
	await(t, scalers, "two replicas by minReplicas, from metrics", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return h.Status.CurrentReplicas == 2 && isScaling(h)
	})
	busy := []byte(`{"spec":{"template":{"metadata":{"annotations":{"playground.evenkeel.dev/cpu":"120m"}}}}}`)
	do[*appsv1.Deployment](t)(w.client.AppsV1().Deployments("default").Patch(t.Context(), "web", types.MergePatchType, busy, metav1.PatchOptions{}))
	await(t, scalers, "four replicas by usage", func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return h.Status.CurrentReplicas == 4 && isScaling(h)
	})
}

func isScaling(h *autoscalingv2.HorizontalPodAutoscaler) bool {
	conditions := map[autoscalingv2.HorizontalPodAutoscalerConditionType]corev1.ConditionStatus{}
	for _, c := range h.Status.Conditions {
		conditions[c.Type] = c.Status
	}
	return conditions[autoscalingv2.AbleToScale] == corev1.ConditionTrue && conditions[autoscalingv2.ScalingActive] == corev1.ConditionTrue
}

func (w workloads) jobs(t *testing.T) {
	for name, want := range map[string]batchv1.JobConditionType{"completes": batchv1.JobComplete, "fails": batchv1.JobFailed} {
		await(t, watchOne(w.client.BatchV1().RESTClient(), "jobs", name), name+" "+string(want), func(j *batchv1.Job) bool {
			for _, c := range j.Status.Conditions {
				if c.Type == want && c.Status == corev1.ConditionTrue {
					return true
				}
			}
			return false
		})
	}
}

func (w workloads) failingPod(t *testing.T) {
	pod := watchOne(w.client.CoreV1().RESTClient(), "pods", "broken")
	await(t, pod, "broken waits", func(p *corev1.Pod) bool {
		if isReady(p) {
			t.Error("it got Ready")
		}
		s := p.Status.ContainerStatuses
		return len(s) == 1 && s[0].State.Waiting != nil && s[0].State.Waiting.Reason == "ImagePullBackOff"
	})
	heal := []byte(`{"metadata":{"annotations":{"playground.evenkeel.dev/fail":null}}}`)
	do[*corev1.Pod](t)(w.client.CoreV1().Pods("default").Patch(t.Context(), "broken", types.MergePatchType, heal, metav1.PatchOptions{}))
	await(t, pod, "broken is healed", isReady)
}

func isReady(p *corev1.Pod) bool {
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodReady {
			return c.Status == corev1.ConditionTrue
		}
	}
	return false
}

func (w workloads) daemonSet(t *testing.T) {
	await(t, watchOne(w.client.AppsV1().RESTClient(), "daemonsets", "agent"), "three Pods ready", func(d *appsv1.DaemonSet) bool {
		return d.Status.NumberReady == 3 && d.Status.DesiredNumberScheduled == 3
	})
}

func (w workloads) statefulSet(t *testing.T) {
	await(t, watchOne(w.client.AppsV1().RESTClient(), "statefulsets", "db"), "two Pods ready", func(s *appsv1.StatefulSet) bool {
		return s.Status.ReadyReplicas == 2
	})
	for _, name := range []string{"data-db-0", "data-db-1"} {
		await(t, watchOne(w.client.CoreV1().RESTClient(), "persistentvolumeclaims", name), name+" bound", isBound)
	}
}

func isBound(c *corev1.PersistentVolumeClaim) bool { return c.Status.Phase == corev1.ClaimBound }

func (w workloads) leftoverVolume(t *testing.T) {
	await(t, watchOne(w.client.CoreV1().RESTClient(), "persistentvolumeclaims", "goes"), "goes bound", isBound)
	claims := w.client.CoreV1().PersistentVolumeClaims("default")
	claim := do[*corev1.PersistentVolumeClaim](t)(claims.Get(t.Context(), "goes", metav1.GetOptions{}))
	gone := do[watch.Interface](t)(w.client.CoreV1().PersistentVolumes().Watch(t.Context(), metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, claim.Spec.VolumeName).String(),
	}))
	defer gone.Stop()
	if err := claims.Delete(t.Context(), "goes", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	awaitDeleted(t, gone)
}

func (w workloads) addresses(t *testing.T) {
	await(t, watchOne(w.client.CoreV1().RESTClient(), "services", "balanced"), "Service's address", func(s *corev1.Service) bool {
		ingress := s.Status.LoadBalancer.Ingress
		return len(ingress) == 1 && strings.HasPrefix(ingress[0].IP, "203.0.113.")
	})
	await(t, watchOne(w.client.NetworkingV1().RESTClient(), "ingresses", "web"), "Ingress's address", func(i *networkingv1.Ingress) bool {
		ingress := i.Status.LoadBalancer.Ingress
		return len(ingress) == 1 && strings.HasPrefix(ingress[0].IP, "203.0.113.")
	})
	// The older one's turn came before that of the one that has its address.
	pending := do[*corev1.Service](t)(w.client.CoreV1().Services("default").Get(t.Context(), "pending", metav1.GetOptions{}))
	if len(pending.Status.LoadBalancer.Ingress) > 0 {
		t.Errorf("pending got %v", pending.Status.LoadBalancer.Ingress)
	}
}

func (w workloads) logs(t *testing.T) {
	await(t, watchOne(w.client.CoreV1().RESTClient(), "pods", "talks"), "talks ready", isReady)
	got := do[[]byte](t)(w.client.CoreV1().Pods("default").GetLogs("talks", &corev1.PodLogOptions{}).DoRaw(t.Context()))
	if string(got) != "hello from here\n" {
		t.Errorf("logs %q", got)
	}
}

func (w workloads) discovery(t *testing.T) {
	_, lists, err := w.client.Discovery().ServerGroupsAndResources()
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range lists {
		if list.GroupVersion == "metrics.k8s.io/v1beta1" {
			return
		}
	}
	t.Error("no metrics API")
}

// auditLog makes requests that nobody else makes and finds each of them once.
func auditLog(t *testing.T, client kubernetes.Interface, file string) {
	configs := client.CoreV1().ConfigMaps("kube-public")
	for range 3 {
		do[*corev1.ConfigMapList](t)(configs.List(t.Context(), metav1.ListOptions{}))
	}
	w := do[watch.Interface](t)(configs.Watch(t.Context(), metav1.ListOptions{}))
	defer w.Stop()
	// The entry of a request may be written after its answer: one more, whose
	// entry is not asked for, gives it time; the watch stays open on purpose.
	do[*corev1.Namespace](t)(client.CoreV1().Namespaces().Get(t.Context(), "kube-public", metav1.GetOptions{}))

	counts := map[string]int{}
	for line := range bytes.Lines(do[[]byte](t)(os.ReadFile(file))) {
		var e struct {
			Verb, UserAgent string
			ObjectRef       struct{ Resource, Namespace string }
		}
		if err := json.Unmarshal(line, &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.UserAgent == "e2e" && e.ObjectRef.Resource == "configmaps" && e.ObjectRef.Namespace == "kube-public" {
			counts[e.Verb]++
		}
	}
	if counts["list"] != 3 || counts["watch"] != 1 || len(counts) != 2 {
		t.Errorf("entries by verb %v, want 3 of list and 1 of watch", counts)
	}
}

func watchOne(client cache.Getter, resource, name string) cache.ListerWatcher {
	return cache.NewListWatchFromClient(client, resource, "default", fields.OneTermEqualSelector(metav1.ObjectNameField, name))
}

// createAll creates the objects in a file.
func createAll(t *testing.T, p *playground, file string) {
	t.Helper()
	client := p.dynamic(t)
	groups := do[[]*restmapper.APIGroupResources](t)(restmapper.GetAPIGroupResources(p.client(t).Discovery()))
	mapper := restmapper.NewDiscoveryRESTMapper(groups)
	f := do[*os.File](t)(os.Open(file))
	defer f.Close()
	for decoder := yaml.NewYAMLOrJSONDecoder(f, 4096); ; {
		var object unstructured.Unstructured
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		gvk := object.GroupVersionKind()
		mapping := do[*meta.RESTMapping](t)(mapper.RESTMapping(gvk.GroupKind(), gvk.Version))
		do[*unstructured.Unstructured](t)(client.Resource(mapping.Resource).Namespace("default").Create(t.Context(), &object, metav1.CreateOptions{}))
	}
}
