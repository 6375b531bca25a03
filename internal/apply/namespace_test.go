package apply

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

func TestSettled(t *testing.T) {
	wanted := &v1alpha1.ManagedNamespaceMetadata{Labels: map[string]string{"team": "shop"}, Annotations: map[string]string{"a": "b"}}
	tests := map[string]struct {
		reason   string
		metadata *v1alpha1.ManagedNamespaceMetadata
		live     string
		want     bool
	}{
		"missing":              {"it has to be created", nil, "", false},
		"missing, metadata":    {"", wanted, "", false},
		"exists":               {"CreateNamespace alone leaves it alone", nil, "metadata: {labels: {team: other}}", true},
		"has all":              {"what others have set is theirs", wanted, "metadata: {labels: {team: shop, kubernetes.io/metadata.name: shop}, annotations: {a: b, c: d}}", true},
		"other value":          {"", wanted, "metadata: {labels: {team: other}, annotations: {a: b}}", false},
		"no label":             {"", wanted, "metadata: {annotations: {a: b}}", false},
		"no annotation":        {"", wanted, "metadata: {labels: {team: shop}, annotations: {a: ''}}", false},
		"empty value":          {"a label that is missing is not an empty one", &v1alpha1.ManagedNamespaceMetadata{Labels: map[string]string{"x": ""}}, "metadata: {labels: {}}", false},
		"left the spec":        {"we set it and nobody asks for it any more", wanted, managedNamespace("argocd-controller/namespace/app", "{f:team: {}, f:old: {}}"), false},
		"another one's":        {"another Application with this destination set it", wanted, managedNamespace("argocd-controller/namespace/other", "{f:team: {}, f:old: {}}"), true},
		"the map itself":       {"'.' is no label", wanted, managedNamespace("argocd-controller/namespace/app", "{.: {}, f:team: {}}"), true},
		"emptied":              {"metadata without anything gives up what we set", &v1alpha1.ManagedNamespaceMetadata{}, managedNamespace("argocd-controller/namespace/app", "{f:team: {}}"), false},
		"emptied and given up": {"", &v1alpha1.ManagedNamespaceMetadata{}, "metadata: {labels: {team: shop}}", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var live *unstructured.Unstructured
			if tt.live != "" {
				live = &unstructured.Unstructured{}
				if err := yaml.Unmarshal([]byte(tt.live), &live.Object); err != nil {
					t.Fatal(err)
				}
			}
			if got := (Namespace{Name: "shop", App: "app", Metadata: tt.metadata}).Settled(live); got != tt.want {
				t.Errorf("%s: %v", tt.reason, got)
			}
		})
	}
}

func managedNamespace(manager, labels string) string {
	return `metadata:
  labels: {team: shop, old: x}
  annotations: {a: b}
  managedFields:
  - {manager: kubectl-edit, operation: Update, fieldsType: FieldsV1, fieldsV1: {f:metadata: {f:labels: {f:theirs: {}}}}}
  - {manager: ` + manager + `, operation: Apply, fieldsType: FieldsV1, fieldsV1: {f:metadata: {f:labels: ` + labels + `}}}
`
}

// TestNamespaceManager: each Application has a manager of its own, and the API
// server takes its name whatever the length of theirs.
func TestNamespaceManager(t *testing.T) {
	seen := map[string]string{}
	long := strings.Repeat("n", 200)
	for _, app := range []string{"app", "team_app", strings.Repeat("n", 108), long, long + "x"} {
		name := Namespace{App: app}.manager()
		if other, ok := seen[name]; ok || len(name) > 128 {
			t.Errorf("manager of %q is %q, of length %d, and that of %q", app, name, len(name), other)
		}
		seen[name] = app
	}
}
