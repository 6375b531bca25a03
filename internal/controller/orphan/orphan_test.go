package orphan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/orphan"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/resource"
)

func configMap(namespace, name, tracked, owner string) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap"}}
	o.SetNamespace(namespace)
	o.SetName(name)
	o.SetUID(types.UID(namespace + "-" + name))
	o.SetResourceVersion("1")
	if tracked != "" {
		o.SetAnnotations(map[string]string{v1alpha1.AnnotationTrackingID: tracked + ":/ConfigMap:" + namespace + "/" + name})
	}
	if owner != "" {
		_ = unstructured.SetNestedSlice(o.Object, []any{map[string]any{"uid": owner}}, "metadata", "ownerReferences")
	}
	return o
}

// TestOf: what is of an Application that exists, or desired by one, is no orphan, nor is
// what something owns.
func TestOf(t *testing.T) {
	index := cluster.Static(cluster.Options{Judge: func(*unstructured.Unstructured, *cluster.Record) cluster.Verdict { return cluster.Verdict{} }}, &cluster.Kinds{})
	for _, o := range []*unstructured.Unstructured{
		configMap("shop", "loose", "", ""),
		configMap("shop", "owned", "", "shop-loose"),
		configMap("shop", "left-by-an-owner-that-is-gone", "", "gone"),
		configMap("shop", "of-one", "web", ""),
		configMap("shop", "of-one-elsewhere", "team_web", ""),
		configMap("shop", "of-none", "deleted", ""),
		configMap("shop", "of-none-elsewhere", "team_deleted", ""),
		configMap("shop", "desired", "", ""),
		configMap("shop", "kube-root-ca.crt", "", ""),
		configMap("elsewhere", "loose", "", ""),
	} {
		index.Observe(o)
	}
	claims := claim.NewSet()
	desiredKey := resource.Key{Kind: "ConfigMap", Namespace: "shop", Name: "desired"}
	claims.Put("web", []*claim.Claim{{App: "web", Object: desired.Object{Key: desiredKey}, Hash: 1}})
	finder := orphan.Finder{Cluster: index, Claims: claims, Namespace: "argocd", App: func(key types.NamespacedName) *v1alpha1.Application {
		if key.String() == "argocd/web" || key.String() == "team/web" {
			return &v1alpha1.Application{}
		}
		return nil
	}}
	spec := project.Default()
	to := v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer, Namespace: "shop"}
	names := func(d v1alpha1.ApplicationDestination) string {
		var out []string
		for _, r := range finder.Of(project.New(&v1alpha1.AppProject{Spec: spec}), d) {
			out = append(out, r.Key.Name)
		}
		return strings.Join(out, " ")
	}
	if got := names(to); got != "" {
		t.Errorf("a project that does not ask gets %q", got)
	}
	spec.OrphanedResources = &v1alpha1.OrphanedResourcesSettings{}
	if diff := cmp.Diff("loose of-none of-none-elsewhere", names(to)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	to.Namespace = ""
	if got := names(to); got != "" {
		t.Errorf("an Application without a namespace gets %q", got)
	}
}
