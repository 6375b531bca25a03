package resource

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Key identifies an object in a cluster whatever version it is read in.
// Namespace is empty for cluster-scoped objects.
type Key struct {
	Group     string
	Kind      string
	Namespace string
	Name      string
}

// KeyOf is the key of obj as obj spells it: an object that leaves its namespace
// out has a key without one.
func KeyOf(obj *unstructured.Unstructured) Key {
	gvk := obj.GroupVersionKind()
	return Key{Group: gvk.Group, Kind: gvk.Kind, Namespace: obj.GetNamespace(), Name: obj.GetName()}
}

// GroupKind is the key's group and kind.
func (k Key) GroupKind() schema.GroupKind { return schema.GroupKind{Group: k.Group, Kind: k.Kind} }

// String is GROUP/KIND/NAMESPACE/NAME, the id that views and the API use.
func (k Key) String() string {
	return k.Group + "/" + k.Kind + "/" + k.Namespace + "/" + k.Name
}

// Human is "KIND NAMESPACE/NAME", for sentences.
func (k Key) Human() string {
	if k.Namespace == "" {
		return k.Kind + " " + k.Name
	}
	return k.Kind + " " + k.Namespace + "/" + k.Name
}

// Compare orders keys by group, kind, namespace and name.
func (k Key) Compare(o Key) int {
	for _, c := range [...]int{
		strings.Compare(k.Group, o.Group),
		strings.Compare(k.Kind, o.Kind),
		strings.Compare(k.Namespace, o.Namespace),
		strings.Compare(k.Name, o.Name),
	} {
		if c != 0 {
			return c
		}
	}
	return 0
}

// ParseKey reads what Key.String wrote.
func ParseKey(s string) (Key, bool) {
	p := strings.SplitN(s, "/", 4)
	if len(p) != 4 || p[1] == "" || p[3] == "" {
		return Key{}, false
	}
	return Key{Group: p[0], Kind: p[1], Namespace: p[2], Name: p[3]}, true
}
