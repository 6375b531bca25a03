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

	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/table"
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
func (c *Claim) Body() (*unstructured.Unstructured, error) { return c.Object.Body() }

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
	mu sync.RWMutex
	// byKey are the first claims on each object by Application, rivals the others, sorted.
	// Nearly no object has any.
	byKey  table.Table[resource.Key, Claim]
	rivals map[resource.Key][]*Claim
	byApp  map[string][]*Claim
}

// NewSet makes an empty Set.
func NewSet() *Set {
	return &Set{
		byKey:  table.New(func(c *Claim) resource.Key { return c.Object.Key }),
		rivals: map[resource.Key][]*Claim{}, byApp: map[string][]*Claim{},
	}
}

// Put replaces an Application's claims, of which it has one for an object, and returns the
// other Applications that claim an object which it claims, or claimed until now.
func (c *Set) Put(app string, list []*Claim) (affected []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	note := func(key resource.Key) {
		for _, x := range c.on(key) {
			if x.App != app {
				affected = append(affected, x.App)
			}
		}
	}
	for _, x := range c.byApp[app] {
		c.put(x.Object.Key, slices.DeleteFunc(c.on(x.Object.Key), func(o *Claim) bool { return o == x }))
		note(x.Object.Key)
	}
	for _, x := range list {
		c.put(x.Object.Key, append(c.on(x.Object.Key), x))
		note(x.Object.Key)
	}
	delete(c.byApp, app)
	if len(list) > 0 {
		c.byApp[app] = slices.Clone(list)
	}
	slices.Sort(affected)
	return slices.Compact(affected)
}

// on are the claims on an object, sorted by Application, in a list of the caller's own.
func (c *Set) on(key resource.Key) []*Claim {
	first := c.byKey.Find(key)
	if first == nil {
		return nil
	}
	return append([]*Claim{first}, c.rivals[key]...)
}

// put makes a list all the claims on an object.
func (c *Set) put(key resource.Key, list []*Claim) {
	if first := c.byKey.Find(key); first != nil {
		c.byKey.Remove(first)
	}
	delete(c.rivals, key)
	if len(list) == 0 {
		return
	}
	slices.SortFunc(list, func(a, b *Claim) int { return strings.Compare(a.App, b.App) })
	c.byKey.Put(list[0])
	if len(list) > 1 {
		c.rivals[key] = list[1:]
	}
}

// Of is the claim that an object is compared with: that of the Application which
// tracks it, else of the first by name.
func (c *Set) Of(key resource.Key, tracked string) *Claim {
	c.mu.RLock()
	defer c.mu.RUnlock()
	first := c.byKey.Find(key)
	if first == nil || first.App == tracked {
		return first
	}
	for _, x := range c.rivals[key] {
		if x.App == tracked {
			return x
		}
	}
	return first
}

// By is an Application's claim on an object, or nil.
func (c *Set) By(app string, key resource.Key) *Claim {
	if x := c.Of(key, app); x != nil && x.App == app {
		return x
	}
	return nil
}

// Rivals are the other Applications that claim an object.
func (c *Set) Rivals(key resource.Key, app string) []string {
	c.mu.RLock()
	defer c.mu.RUnlock()
	var out []string
	for _, x := range c.on(key) {
		if x.App != app {
			out = append(out, x.App)
		}
	}
	return out
}

// All are an Application's claims, sorted by key.
func (c *Set) All(app string) []*Claim {
	c.mu.RLock()
	out := slices.Clone(c.byApp[app])
	c.mu.RUnlock()
	slices.SortFunc(out, func(a, b *Claim) int {
		return cmp.Or(cmp.Compare(a.Object.Wave, b.Object.Wave), a.Object.Key.Compare(b.Object.Key))
	})
	return out
}
