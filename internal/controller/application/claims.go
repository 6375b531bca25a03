package application

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
)

// claim is one object as one Application desires it.
type claim struct {
	// app is the Application's instance name in tracking ids.
	app    string
	object desired.Object
	// pointers are the fields that do not count.
	pointers []string
	// respect says that ignored fields keep their live values when applied.
	respect bool
	// defines is the kind that the object, a CustomResourceDefinition, defines.
	defines schema.GroupKind
	// hash identifies what is compared: the object and the pointers. Never 0.
	hash uint64
}

func newClaim(app string, o desired.Object, pointers []string, respect bool) *claim {
	h := fnv.New64a()
	_, _ = h.Write(o.JSON)
	for _, p := range pointers {
		_, _ = h.Write([]byte(p))
	}
	return &claim{
		app: app, object: o, pointers: pointers, respect: respect, hash: max(h.Sum64(), 1), defines: definedBy(o),
	}
}

func definedBy(o desired.Object) schema.GroupKind {
	if o.Key.Kind != "CustomResourceDefinition" {
		return schema.GroupKind{}
	}
	var crd struct {
		Spec struct {
			Group string `json:"group"`
			Names struct {
				Kind string `json:"kind"`
			} `json:"names"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(o.JSON, &crd); err != nil {
		return schema.GroupKind{}
	}
	return schema.GroupKind{Group: crd.Spec.Group, Kind: crd.Spec.Names.Kind}
}

// body is the desired object, decoded anew, so that callers may change it.
func (c *claim) body() (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	return u, utiljson.Unmarshal(c.object.JSON, &u.Object)
}

// toApply is the JSON that is sent: the object itself, or with the live values of
// ignored fields where those are to be respected.
func (c *claim) toApply(live *unstructured.Unstructured) ([]byte, error) {
	if !c.respect || live == nil || len(c.pointers) == 0 {
		return c.object.JSON, nil
	}
	want, err := c.body()
	if err != nil {
		return nil, err
	}
	return json.Marshal(diff.With(want, live, c.pointers).Object)
}

// claims are what all Applications desire, by object. It is safe for concurrent use.
type claims struct {
	mu    sync.RWMutex
	byKey map[resource.Key][]*claim // sorted by app
	byApp map[string]map[resource.Key]*claim
}

func newClaims() *claims {
	return &claims{byKey: map[resource.Key][]*claim{}, byApp: map[string]map[resource.Key]*claim{}}
}

// set replaces an Application's claims and returns the other Applications that
// claim an object which it claims, or claimed until now.
func (c *claims) set(app string, list []*claim) (affected []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	touched := map[resource.Key]bool{}
	for key := range c.byApp[app] {
		touched[key] = true
		c.byKey[key] = slices.DeleteFunc(c.byKey[key], func(x *claim) bool { return x.app == app })
		if len(c.byKey[key]) == 0 {
			delete(c.byKey, key)
		}
	}
	delete(c.byApp, app)
	mine := make(map[resource.Key]*claim, len(list))
	for _, x := range list {
		key := x.object.Key
		touched[key] = true
		mine[key] = x
		c.byKey[key] = append(c.byKey[key], x)
		slices.SortFunc(c.byKey[key], func(a, b *claim) int { return strings.Compare(a.app, b.app) })
	}
	if len(mine) > 0 {
		c.byApp[app] = mine
	}
	for key := range touched {
		for _, x := range c.byKey[key] {
			if x.app != app {
				affected = append(affected, x.app)
			}
		}
	}
	slices.Sort(affected)
	return slices.Compact(affected)
}

// of is the claim that an object is compared with: that of the Application which
// tracks it, else of the first by name.
func (c *claims) of(key resource.Key, tracked string) *claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := c.byKey[key]
	for _, x := range list {
		if x.app == tracked {
			return x
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// by is an Application's claim on an object, or nil.
func (c *claims) by(app string, key resource.Key) *claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byApp[app][key]
}

// rivals are the other Applications that claim an object.
func (c *claims) rivals(key resource.Key, app string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []string
	for _, x := range c.byKey[key] {
		if x.app != app {
			out = append(out, x.app)
		}
	}
	return out
}
