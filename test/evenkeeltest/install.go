package evenkeeltest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/test/playgroundtest"
)

// Namespace is the control namespace that [Install] makes.
const Namespace = "argocd"

const installer = "evenkeeltest"

// Install makes the control namespace and the CustomResourceDefinitions of
// manifests/crds, and returns when these are established.
func Install(ctx context.Context, client dynamic.Interface) error {
	root, err := playgroundtest.Repository()
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(root, "manifests", "crds", "*.yaml"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no CustomResourceDefinitions in %s: %w", root, err)
	}
	namespace := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": Namespace},
	}}
	namespaces := client.Resource(schema.GroupVersionResource{Version: "v1", Resource: "namespaces"})
	options := metav1.ApplyOptions{FieldManager: installer, Force: true}
	if _, err := namespaces.Apply(ctx, Namespace, namespace, options); err != nil {
		return err
	}
	definitions := client.Resource(schema.GroupVersionResource{
		Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
	})
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		crd := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(b, &crd.Object); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if _, err := definitions.Apply(ctx, crd.GetName(), crd, options); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if err := Await(ctx, definitions, crd.GetName(), established); err != nil {
			return err
		}
	}
	return nil
}

func established(crd *unstructured.Unstructured) string {
	if crd == nil {
		return "it is not there"
	}
	conditions, _, _ := unstructured.NestedSlice(crd.Object, "status", "conditions")
	for _, c := range conditions {
		if m, ok := c.(map[string]any); ok && m["type"] == "Established" && m["status"] == "True" {
			return ""
		}
	}
	return "it is not established"
}
