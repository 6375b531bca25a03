package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/version"
)

const acceptDiscovery = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

// Kinds is what a cluster serves. It is immutable.
type Kinds struct {
	exact     map[schema.GroupVersionKind]Kind
	preferred map[schema.GroupKind]Kind
	versions  []string
}

// Exact is the kind in exactly this version.
func (k *Kinds) Exact(gvk schema.GroupVersionKind) (Kind, bool) {
	kind, ok := k.exact[gvk]
	return kind, ok
}

// Preferred is the kind in the version that the API server prefers.
func (k *Kinds) Preferred(gk schema.GroupKind) (Kind, bool) {
	kind, ok := k.preferred[gk]
	return kind, ok
}

// All are the kinds in their preferred versions.
func (k *Kinds) All() map[schema.GroupKind]Kind { return k.preferred }

// APIVersions are the served versions and kinds ("apps/v1", "apps/v1/Deployment")
// in the form that Helm's .Capabilities.APIVersions has, sorted.
func (k *Kinds) APIVersions() []string { return k.versions }

type discoveryList struct {
	Items []struct {
		Metadata struct {
			Name string `json:"name"`
		} `json:"metadata"`
		Versions []struct {
			Version   string              `json:"version"`
			Freshness string              `json:"freshness"`
			Resources []discoveryResource `json:"resources"`
		} `json:"versions"`
	} `json:"items"`
}

type discoveryResource struct {
	Resource     string `json:"resource"`
	Scope        string `json:"scope"`
	ResponseKind *struct {
		Group   string `json:"group"`
		Version string `json:"version"`
		Kind    string `json:"kind"`
	} `json:"responseKind"`
	Verbs []string `json:"verbs"`
}

// Discover asks the API server what it serves: two requests, by aggregated
// discovery (KEP-3352). A group whose aggregated API is down is served from
// the API server's memory or left out; it fails nothing else.
func (c *Conn) Discover(ctx context.Context) (*Kinds, error) {
	found := map[schema.GroupVersionKind]Kind{}
	var order []schema.GroupVersionKind
	for _, path := range [...]string{"/api", "/apis"} {
		b, err := c.raw(ctx, path, acceptDiscovery)
		if err != nil {
			return nil, fmt.Errorf("discovery %s: %w", path, err)
		}
		var list discoveryList
		if err := json.Unmarshal(b, &list); err != nil {
			return nil, fmt.Errorf("discovery %s: %w", path, err)
		}
		for _, group := range list.Items {
			for _, v := range group.Versions {
				for _, r := range v.Resources {
					kind, ok := kindOf(group.Metadata.Name, v.Version, r)
					if !ok {
						continue
					}
					if _, seen := found[kind.GVK]; !seen {
						order = append(order, kind.GVK)
					}
					found[kind.GVK] = kind
				}
			}
		}
	}
	return newKinds(found, order), nil
}

func kindOf(group, version string, r discoveryResource) (Kind, bool) {
	if r.ResponseKind == nil || r.ResponseKind.Kind == "" || strings.Contains(r.Resource, "/") {
		return Kind{}, false
	}
	return Kind{
		GVK:        schema.GroupVersionKind{Group: group, Version: version, Kind: r.ResponseKind.Kind},
		Resource:   r.Resource,
		Namespaced: r.Scope == "Namespaced",
		Watchable:  slices.Contains(r.Verbs, "list") && slices.Contains(r.Verbs, "watch"),
	}, true
}

// newKinds prefers versions in the order given.
func newKinds(found map[schema.GroupVersionKind]Kind, order []schema.GroupVersionKind) *Kinds {
	k := &Kinds{exact: found, preferred: map[schema.GroupKind]Kind{}}
	for _, gvk := range order {
		kind := found[gvk]
		gk := gvk.GroupKind()
		if have, ok := k.preferred[gk]; !ok || (!have.Watchable && kind.Watchable) {
			k.preferred[gk] = kind
		}
		gv := gvk.GroupVersion().String()
		k.versions = append(k.versions, gv, gv+"/"+gvk.Kind)
	}
	slices.Sort(k.versions)
	k.versions = slices.Compact(k.versions)
	return k
}

// withDefinition is k with the kind that a CustomResourceDefinition defines
// added or replaced, or k itself when nothing changes. Taking it from the
// definition instead of asking again makes a new kind usable at once.
func (k *Kinds) withDefinition(d definition) *Kinds {
	if k.matches(d) {
		return k
	}
	gk := schema.GroupKind{Group: d.Group, Kind: d.Kind}
	found := map[schema.GroupVersionKind]Kind{}
	var order []schema.GroupVersionKind
	for gvk, kind := range k.exact {
		if gvk.GroupKind() != gk {
			found[gvk] = kind
			order = append(order, gvk)
		}
	}
	for _, v := range d.Versions {
		gvk := gk.WithVersion(v)
		found[gvk] = Kind{GVK: gvk, Resource: d.Plural, Namespaced: d.Namespaced, Watchable: true}
		order = append(order, gvk)
	}
	slices.SortStableFunc(order, func(a, b schema.GroupVersionKind) int {
		if a.GroupKind() != b.GroupKind() {
			return strings.Compare(a.GroupKind().String(), b.GroupKind().String())
		}
		if a.GroupKind() != gk && k.preferred[a.GroupKind()].GVK == a {
			return -1
		}
		if a.GroupKind() != gk && k.preferred[b.GroupKind()].GVK == b {
			return 1
		}
		return -version.CompareKubeAwareVersionStrings(a.Version, b.Version)
	})
	return newKinds(found, order)
}

func (k *Kinds) matches(d definition) bool {
	n := 0
	for gvk := range k.exact {
		if gvk.Group == d.Group && gvk.Kind == d.Kind {
			n++
		}
	}
	if n != len(d.Versions) {
		return false
	}
	for _, v := range d.Versions {
		kind, ok := k.exact[schema.GroupVersionKind{Group: d.Group, Version: v, Kind: d.Kind}]
		if !ok || kind.Resource != d.Plural || kind.Namespaced != d.Namespaced {
			return false
		}
	}
	return true
}

// definition is what a CustomResourceDefinition says; Versions is empty unless
// it is established.
type definition struct {
	Group, Kind, Plural string
	Namespaced          bool
	Versions            []string
}

// definitionOf reads a CustomResourceDefinition.
func definitionOf(obj map[string]any) (definition, bool) {
	spec, _ := obj["spec"].(map[string]any)
	names, _ := spec["names"].(map[string]any)
	d := definition{}
	d.Group, _ = spec["group"].(string)
	d.Kind, _ = names["kind"].(string)
	d.Plural, _ = names["plural"].(string)
	scope, _ := spec["scope"].(string)
	d.Namespaced = scope == "Namespaced"
	if d.Group == "" || d.Kind == "" || d.Plural == "" {
		return d, false
	}
	meta, _ := obj["metadata"].(map[string]any)
	if meta["deletionTimestamp"] != nil || !established(obj) {
		return d, true
	}
	versions, _ := spec["versions"].([]any)
	for _, v := range versions {
		m, _ := v.(map[string]any)
		if served, _ := m["served"].(bool); served {
			name, _ := m["name"].(string)
			d.Versions = append(d.Versions, name)
		}
	}
	return d, true
}

func established(obj map[string]any) bool {
	status, _ := obj["status"].(map[string]any)
	conditions, _ := status["conditions"].([]any)
	for _, c := range conditions {
		m, _ := c.(map[string]any)
		if m["type"] == "Established" {
			return m["status"] == "True"
		}
	}
	return false
}
