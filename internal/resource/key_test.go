package resource

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"
)

// keys are keys as a cluster may have them: RBAC names hold nearly everything.
func keys() *rapid.Generator[Key] {
	return rapid.Custom(func(t *rapid.T) Key {
		return Key{
			Group:     rapid.SampledFrom([]string{"", "apps", "rbac.authorization.k8s.io"}).Draw(t, "group"),
			Kind:      rapid.StringMatching(`[A-Z][A-Za-z]{0,5}`).Draw(t, "kind"),
			Namespace: rapid.SampledFrom([]string{"", "default", "kube-system"}).Draw(t, "namespace"),
			Name:      rapid.StringMatching(`[a-z:/. _-]{1,8}`).Draw(t, "name"),
		}
	})
}

func TestKeyIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := keys().Draw(t, "key")
		if got, ok := ParseKey(k.String()); !ok || got != k {
			t.Errorf("%s is read as %s, %v", k, got, ok)
		}
	})
}

func TestParseKey(t *testing.T) {
	tests := map[string]struct {
		reason, in string
		want       Key
		ok         bool
	}{
		"core":            {"", "/Secret/prod/a", Key{Kind: "Secret", Namespace: "prod", Name: "a"}, true},
		"cluster":         {"no namespace", "g/Kind//a", Key{Group: "g", Kind: "Kind", Name: "a"}, true},
		"slash in a name": {"only the first three slashes count", "g/Kind/ns/a/b", Key{Group: "g", Kind: "Kind", Namespace: "ns", Name: "a/b"}, true},
		"empty":           {"", "", Key{}, false},
		"three parts":     {"", "g/Kind/ns", Key{}, false},
		"no kind":         {"", "g//ns/a", Key{}, false},
		"no name":         {"", "g/Kind/ns/", Key{}, false},
	}
	for name, tt := range tests {
		if got, ok := ParseKey(tt.in); got != tt.want || ok != tt.ok {
			t.Errorf("%s: %s: got %v, %v", name, tt.reason, got, ok)
		}
	}
}

func TestCompareIsAnOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := keys().Draw(t, "a"), keys().Draw(t, "b"), keys().Draw(t, "c")
		if (a.Compare(b) == 0) != (a == b) || a.Compare(b) != -b.Compare(a) {
			t.Errorf("%s and %s: %d and %d", a, b, a.Compare(b), b.Compare(a))
		}
		if a.Compare(b) <= 0 && b.Compare(c) <= 0 && a.Compare(c) > 0 {
			t.Errorf("%s, %s, %s", a, b, c)
		}
	})
}

func TestKeyInWords(t *testing.T) {
	obj := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"namespace": "prod", "name": "web"},
	}}
	k := KeyOf(obj)
	if k.Human() != "Deployment prod/web" || k.String() != "apps/Deployment/prod/web" || k.GroupKind().String() != "Deployment.apps" {
		t.Errorf("got %s, %s, %s", k.Human(), k, k.GroupKind())
	}
	k.Namespace = ""
	if k.Human() != "Deployment web" {
		t.Errorf("got %s", k.Human())
	}
	if k := KeyOf(&unstructured.Unstructured{}); k != (Key{}) {
		t.Errorf("an object of nothing: %s", k)
	}
}
