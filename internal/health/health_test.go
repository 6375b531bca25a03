package health

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// fixture is one file of testdata.
type fixture struct {
	Reason string `json:"reason"`
	// Want is nil when the kind has no rule.
	Want   *Verdict       `json:"want"`
	Object map[string]any `json:"object"`
}

func fixtures(t testing.TB) map[string]fixture {
	t.Helper()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	out := map[string]fixture{}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f fixture
		if err := yaml.UnmarshalStrict(b, &f); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out[strings.TrimSuffix(filepath.Base(file), ".yaml")] = f
	}
	return out
}

// live is the object as the API server's JSON decodes: integers are int64.
func live(t testing.TB, f fixture) *unstructured.Unstructured {
	t.Helper()
	u := &unstructured.Unstructured{Object: f.Object}
	b, err := u.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestOf(t *testing.T) {
	for name, f := range fixtures(t) {
		t.Run(name, func(t *testing.T) {
			obj := live(t, f)
			before := obj.DeepCopy()
			if diff := cmp.Diff(f.Want, (*Rules)(nil).Of(obj)); diff != "" {
				t.Errorf("%s: Of (-want +got):\n%s", f.Reason, diff)
			}
			if diff := cmp.Diff(f.Want, (*Rules)(nil).Of(&unstructured.Unstructured{Object: f.Object})); diff != "" {
				t.Errorf("%s: Of with numbers as YAML decodes them (-want +got):\n%s", f.Reason, diff)
			}
			if diff := cmp.Diff(before.Object, obj.Object); diff != "" {
				t.Errorf("Of changed its argument:\n%s", diff)
			}
		})
	}
}

func TestEveryRuleHasData(t *testing.T) {
	seen := map[schema.GroupKind]map[v1alpha1.HealthStatusCode]bool{}
	for _, f := range fixtures(t) {
		gk := live(t, f).GroupVersionKind().GroupKind()
		if seen[gk] == nil {
			seen[gk] = map[v1alpha1.HealthStatusCode]bool{}
		}
		if f.Want != nil {
			seen[gk][f.Want.Status] = true
		}
	}
	for _, gk := range []schema.GroupKind{
		{Group: "apps", Kind: "Deployment"},
		{Group: "apps", Kind: "ReplicaSet"},
		{Group: "apps", Kind: "DaemonSet"},
		{Group: "apps", Kind: "StatefulSet"},
		{Kind: "Pod"},
		{Group: "batch", Kind: "Job"},
		{Kind: "Service"},
		{Group: "networking.k8s.io", Kind: "Ingress"},
		{Kind: "PersistentVolumeClaim"},
		{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"},
		{Group: "apiregistration.k8s.io", Kind: "APIService"},
		{Group: "argoproj.io", Kind: "Workflow"},
		{Group: "cert-manager.io", Kind: "Certificate"},
	} {
		if !HasRule(gk) {
			t.Errorf("%v has no rule", gk)
		}
		if len(seen[gk]) < 2 {
			t.Errorf("%v: the data wants %v, too little to tell a rule from a constant", gk, seen[gk])
		}
	}
	for _, gk := range []schema.GroupKind{{Kind: "ConfigMap"}, {Group: "example.com", Kind: "Deployment"}, {Group: "argoproj.io", Kind: "Application"}, {Group: "crossplane.io", Kind: "Thing"}} {
		if HasRule(gk) {
			t.Errorf("%v has a rule", gk)
		}
	}
}

// FuzzOf: no object, however malformed, makes a rule panic or yields a status of its own.
func FuzzOf(f *testing.F) {
	for _, x := range fixtures(f) {
		b, err := live(f, x).MarshalJSON()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		obj := &unstructured.Unstructured{}
		if obj.UnmarshalJSON(b) != nil {
			t.Skip()
		}
		if v := (*Rules)(nil).Of(obj); v != nil && rank(v.Status) == len(badness)-1 && v.Status != v1alpha1.HealthStatusUnknown {
			t.Errorf("status %q", v.Status)
		}
	})
}

func BenchmarkOf(b *testing.B) {
	for name, f := range fixtures(b) {
		switch name {
		case "deployment-available", "deployment-updating", "pod-ready", "pod-two-stuck", "statefulset-partition-done", "configmap", "hpa-v1-able":
			obj := live(b, f)
			b.Run(name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					(*Rules)(nil).Of(obj)
				}
			})
		}
	}
}
