package cluster

import (
	"cmp"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/resource"
)

// The relations that no owner reference tells of are those that Argo CD infers
// (argo-cd.md §5.12), told from metadata as far as that is possible, so that foreign
// Secrets need not be read. EndpointSlices are ours: the control plane gives them an owner,
// others who make them only the label.

// claimsKind stands for a StatefulSet under the names of its PersistentVolumeClaims. No
// kind is called so.
const claimsKind = "StatefulSet/volumeClaimTemplates"

func claimKey(namespace, name string) resource.Key {
	return resource.Key{Group: "apps", Kind: claimsKind, Namespace: namespace, Name: name}
}

// inferredOwner is the key of the owner that an object's name, labels or annotations tell
// of; zero for none.
func inferredOwner(key resource.Key, m wire.Meta) resource.Key {
	owner := resource.Key{Namespace: key.Namespace}
	switch {
	case key.Group == "" && key.Kind == "Endpoints" && len(m.OwnerReferences) == 0:
		owner.Kind, owner.Name = "Service", key.Name
	case key.Group == "discovery.k8s.io" && key.Kind == "EndpointSlice" && len(m.OwnerReferences) == 0:
		owner.Kind, owner.Name = "Service", m.Labels.Service
	case key.IsSecret() && m.Annotations["kubernetes.io/service-account.uid"] != "":
		owner.Kind, owner.Name = "ServiceAccount", m.Annotations["kubernetes.io/service-account.name"]
	case key.Group == "operators.coreos.com" && key.Kind == "ClusterServiceVersion":
		owner.Group, owner.Kind, owner.Name = key.Group, "OperatorGroup", m.Annotations["olm.operatorGroup"]
	case key.Group == "" && key.Kind == "PersistentVolumeClaim":
		owner = claimKey(key.Namespace, withoutOrdinal(key.Name))
	}
	if owner.Name == "" {
		return resource.Key{}
	}
	return owner
}

// withoutOrdinal is the name of a StatefulSet's claim without the number at its end, or
// empty when it has none.
func withoutOrdinal(name string) string {
	base := strings.TrimRight(name, "0123456789")
	before, dashed := strings.CutSuffix(base, "-")
	if base == name || !dashed {
		return ""
	}
	return before
}

// maxClaims bounds the claim templates of a StatefulSet that are looked at.
const maxClaims = 32

// claimsOf are the beginnings of the names that a StatefulSet gives its claims, which are
// called TEMPLATE-STATEFULSET-NUMBER.
func claimsOf(obj *unstructured.Unstructured) []string {
	if obj.GetKind() != "StatefulSet" || obj.GroupVersionKind().Group != "apps" {
		return nil
	}
	spec, _ := obj.Object["spec"].(map[string]any)
	templates, _ := spec["volumeClaimTemplates"].([]any)
	var out []string
	for _, t := range templates[:min(len(templates), maxClaims)] {
		template, _ := t.(map[string]any)
		meta, _ := template["metadata"].(map[string]any)
		if name, _ := meta["name"].(string); name != "" {
			out = append(out, name+"-"+obj.GetName())
		}
	}
	return out
}

// owns says whether an object in one namespace can own one in another: a cluster-scoped
// object owns in all, any other in its own (Kubernetes' garbage collector has the same
// rule).
func owns(owner, owned *place) bool {
	return owner.namespace == "" || owner.namespace == owned.namespace
}

// ownersOf are the entries that own what lies at a place and says this of its owners.
func (s *shelf) ownersOf(at *place, owners []uid, inferred resource.Key) []*entry {
	var out []*entry
	add := func(e *entry) {
		if e != nil && owns(e.place, at) {
			out = append(out, e)
		}
	}
	for _, o := range owners {
		add(s.byUID.Find(o))
	}
	switch {
	case inferred == (resource.Key{}):
	case inferred.Kind == claimsKind:
		for _, e := range s.claimers[inferred] {
			add(e)
		}
	default:
		add(s.find(inferred))
	}
	return unique(out)
}

// ownedBy are the entries that an entry owns, in no order.
func (s *shelf) ownedBy(e *entry) []*entry {
	var out []*entry
	add := func(list []*entry) {
		for _, child := range list {
			if owns(e.place, child.place) {
				out = append(out, child)
			}
		}
	}
	if e.uid != (uid{}) {
		add(s.children[e.uid])
	}
	if len(s.inferred) > 0 {
		add(s.inferred[e.key()])
	}
	for _, c := range e.claims() {
		add(s.inferred[claimKey(e.place.namespace, c)])
	}
	return unique(out)
}

// unique drops later ones of equal entries: an owner may be named twice, in two ways.
func unique(list []*entry) []*entry {
	if len(list) < 2 {
		return list
	}
	seen := make(map[*entry]bool, len(list))
	out := list[:0]
	for _, e := range list {
		if !seen[e] {
			seen[e] = true
			out = append(out, e)
		}
	}
	return out
}

func (e *entry) compare(o *entry) int {
	return cmp.Or(
		strings.Compare(e.place.kind.Group, o.place.kind.Group), strings.Compare(e.place.kind.Kind, o.place.kind.Kind),
		strings.Compare(e.place.namespace, o.place.namespace), strings.Compare(e.name, o.name),
	)
}
