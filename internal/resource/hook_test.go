package resource_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

func TestHooks(t *testing.T) {
	b, err := os.ReadFile("testdata/hooks.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Why, Argo, Helm, ArgoPolicy, HelmPolicy, Policies string
		HasArgo, Hook                                     bool
		Types                                             []resource.HookType
		Unknown                                           []string
	}
	if err := yaml.UnmarshalStrict(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Why, func(t *testing.T) {
			a := map[string]string{}
			for name, v := range map[string]string{
				v1alpha1.AnnotationHook: c.Argo, v1alpha1.AnnotationHelmHook: c.Helm,
				v1alpha1.AnnotationHookDeletePolicy: c.ArgoPolicy, v1alpha1.AnnotationHelmHookDeletePolicy: c.HelmPolicy,
			} {
				if v != "" || c.HasArgo && name == v1alpha1.AnnotationHook {
					a[name] = v
				}
			}
			obj := &unstructured.Unstructured{Object: map[string]any{}}
			obj.SetAnnotations(a)
			if got := resource.IsHook(obj); got != c.Hook {
				t.Errorf("hook: %t", got)
			}
			types, unknown := resource.HookTypes(a)
			if d := cmp.Diff(c.Types, types); d != "" {
				t.Errorf("types (-want +got)\n%s", d)
			}
			if d := cmp.Diff(c.Unknown, unknown); d != "" {
				t.Errorf("unknown (-want +got)\n%s", d)
			}
			var policies []string
			p, _ := resource.DeletePolicies(a)
			for _, have := range []struct {
				name string
				is   bool
			}{{"BeforeHookCreation", p.BeforeCreation}, {"HookSucceeded", p.Succeeded}, {"HookFailed", p.Failed}} {
				if have.is {
					policies = append(policies, have.name)
				}
			}
			if got := strings.Join(policies, ","); got != c.Policies {
				t.Errorf("policies %s, want %s", got, c.Policies)
			}
		})
	}
}
