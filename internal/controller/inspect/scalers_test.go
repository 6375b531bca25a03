package inspect_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/cluster/network"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/resource"
)

func scaler(namespace, name, kind, target string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling/v2", "kind": kind,
		"spec": map[string]any{"scaleTargetRef": map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "name": target}},
	}}
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetUID(types.UID(namespace + name))
	o.SetResourceVersion("1")
	return o
}

// TestNamed: advice about replicas names the autoscalers of the object that there are.
func TestNamed(t *testing.T) {
	index := cluster.Static(cluster.Options{Judge: func(o *unstructured.Unstructured, _ *cluster.Record) cluster.Verdict {
		return cluster.Verdict{Network: network.Of(o)}
	}}, &cluster.Kinds{})
	keda := scaler("shop", "queue", "ScaledObject", "queue")
	keda.SetAPIVersion("keda.sh/v1alpha1")
	made := scaler("shop", "keda-hpa-queue", "HorizontalPodAutoscaler", "queue")
	made.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "keda.sh/v1alpha1", Kind: "ScaledObject", Name: "queue", UID: keda.GetUID()}})
	for _, o := range []*unstructured.Unstructured{
		keda, made,
		scaler("shop", "one", "HorizontalPodAutoscaler", "web"),
		scaler("shop", "second", "HorizontalPodAutoscaler", "both"),
		scaler("shop", "first", "HorizontalPodAutoscaler", "both"),
		scaler("shop", "something-else", "Elsewhere", "lone"),
		scaler("other", "other", "HorizontalPodAutoscaler", "lone"),
	} {
		index.Observe(o)
	}
	deployment := func(name string) resource.Key {
		return resource.Key{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: name}
	}
	scalers := inspect.KnownScalers(index)
	unnamed := claim.Autoscaled(claim.AnAutoscaler)
	for _, tc := range []struct {
		reason string
		key    resource.Key
		want   string
	}{
		{"its own", deployment("web"), claim.Autoscaled("HorizontalPodAutoscaler one")},
		{"that of a ScaledObject of KEDA", deployment("queue"), claim.Autoscaled("HorizontalPodAutoscaler keda-hpa-queue")},
		{"two, which fight", deployment("both"), claim.Autoscaled("HorizontalPodAutoscaler first and HorizontalPodAutoscaler second")},
		{"one of another namespace, and another kind", deployment("lone"), unnamed},
		{"one of another kind of object", resource.Key{Group: "apps", Kind: "StatefulSet", Namespace: "shop", Name: "web"}, unnamed},
	} {
		drift := []cluster.Drift{{Path: "/spec/paused", Advice: "else"}, {Path: "/spec/replicas", Advice: unnamed}}
		got := scalers.Named(tc.key, drift)
		want := []cluster.Drift{{Path: "/spec/paused", Advice: "else"}, {Path: "/spec/replicas", Advice: tc.want}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
		if drift[1].Advice != unnamed {
			t.Errorf("%s: what was given is changed", tc.reason)
		}
	}
	if got := scalers.Named(deployment("web"), nil); got != nil {
		t.Errorf("of no difference: %v", got)
	}
}
