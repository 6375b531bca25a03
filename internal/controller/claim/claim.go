package claim

import (
	"bytes"
	"cmp"
	"encoding/binary"
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

// Claim is one object as one Application desires it. It is immutable.
type Claim struct {
	// App is the Application's instance name in tracking ids.
	App    string
	Object desired.Object
	// Rules say what may differ; nil says that nothing may.
	Rules *diff.Rules
	// Respect says that ignored fields keep their live values when applied.
	Respect bool
	// NoValidate says that fields which the kind does not have are left out when
	// applied (sync option Validate=false).
	NoValidate bool
	// Force says that an object whose change is refused is made anew (sync option
	// Force=true).
	Force bool
	// Sensitive are the annotations that are not shown.
	Sensitive []string
	// NoMigration says that fields of client-side apply stay with their managers (sync
	// option ClientSideApplyMigration=false). MigrationManager is one more manager whose
	// fields become ours; see apply.Task.
	NoMigration      bool
	MigrationManager string
	// Defines is the kind that the object, a CustomResourceDefinition, defines.
	Defines schema.GroupKind
	// Hash identifies what is compared: the object and the rules. Never 0.
	Hash uint64
}

// New makes a claim of an Application on an object.
func New(app string, o desired.Object, rules *diff.Rules, respect bool) *Claim {
	h := fnv.New64a()
	_, _ = h.Write(o.JSON)
	if rules != nil {
		_, _ = h.Write(binary.BigEndian.AppendUint64([]byte{0}, rules.Digest())) // JSON has no 0
	}
	return &Claim{
		App: app, Object: o, Rules: rules, Respect: respect, Hash: max(h.Sum64(), 1), Defines: definedBy(o),
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

// Body is the desired object, decoded anew, so that callers may change it.
func (c *Claim) Body() (*unstructured.Unstructured, error) {
	u := &unstructured.Unstructured{}
	return u, utiljson.Unmarshal(c.Object.JSON, &u.Object)
}

// Respects says whether what is sent depends on what is live.
func (c *Claim) Respects() bool {
	return c.Respect && c.Rules != nil || c.Rules.Scaled() && bytes.Contains(c.Object.JSON, []byte(`"replicas"`))
}

// ToApply is the JSON that is sent: the object itself, or what the rules leave to
// others as it is live, where they are to be respected. whole says that it replaces
// the object and is not applied.
func (c *Claim) ToApply(live *unstructured.Unstructured, whole bool) ([]byte, error) {
	if !c.Respects() || live == nil {
		return c.Object.JSON, nil
	}
	want, err := c.Body()
	if err != nil {
		return nil, err
	}
	if c.Respect {
		want = c.Rules.Respect(want, live, whole)
	}
	return json.Marshal(c.Rules.LeaveReplicas(want, live, whole).Object)
}

// Set is what all Applications desire, by object. It is safe for concurrent use.
type Set struct {
	mu    sync.RWMutex
	byKey map[resource.Key][]*Claim // sorted by app
	byApp map[string]map[resource.Key]*Claim
}

// NewSet makes an empty Set.
func NewSet() *Set {
	return &Set{byKey: map[resource.Key][]*Claim{}, byApp: map[string]map[resource.Key]*Claim{}}
}

// Put replaces an Application's claims and returns the other Applications that
// claim an object which it claims, or claimed until now.
func (c *Set) Put(app string, list []*Claim) (affected []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	touched := map[resource.Key]bool{}
	for key := range c.byApp[app] {
		touched[key] = true
		c.byKey[key] = slices.DeleteFunc(c.byKey[key], func(x *Claim) bool { return x.App == app })
		if len(c.byKey[key]) == 0 {
			delete(c.byKey, key)
		}
	}
	delete(c.byApp, app)
	mine := make(map[resource.Key]*Claim, len(list))
	for _, x := range list {
		key := x.Object.Key
		touched[key] = true
		mine[key] = x
		c.byKey[key] = append(c.byKey[key], x)
		slices.SortFunc(c.byKey[key], func(a, b *Claim) int { return strings.Compare(a.App, b.App) })
	}
	if len(mine) > 0 {
		c.byApp[app] = mine
	}
	for key := range touched {
		for _, x := range c.byKey[key] {
			if x.App != app {
				affected = append(affected, x.App)
			}
		}
	}
	slices.Sort(affected)
	return slices.Compact(affected)
}

// Of is the claim that an object is compared with: that of the Application which
// tracks it, else of the first by name.
func (c *Set) Of(key resource.Key, tracked string) *Claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	list := c.byKey[key]
	for _, x := range list {
		if x.App == tracked {
			return x
		}
	}
	if len(list) == 0 {
		return nil
	}
	return list[0]
}

// By is an Application's claim on an object, or nil.
func (c *Set) By(app string, key resource.Key) *Claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.byApp[app][key]
}

// Rivals are the other Applications that claim an object.
func (c *Set) Rivals(key resource.Key, app string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []string
	for _, x := range c.byKey[key] {
		if x.App != app {
			out = append(out, x.App)
		}
	}
	return out
}

// All are an Application's claims, sorted by key.
func (c *Set) All(app string) []*Claim {
	c.mu.RLock()
	out := make([]*Claim, 0, len(c.byApp[app]))
	for _, x := range c.byApp[app] {
		out = append(out, x)
	}
	c.mu.RUnlock()
	slices.SortFunc(out, func(a, b *Claim) int {
		return cmp.Or(cmp.Compare(a.Object.Wave, b.Object.Wave), a.Object.Key.Compare(b.Object.Key))
	})
	return out
}
