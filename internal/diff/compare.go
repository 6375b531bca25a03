package diff

import (
	"encoding/json"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/jsonobject"
)

// Compare turns the API server's answer to a dry run into the changes that
// applying would make: the fields in which the outcome differs from live. Lists whose
// elements somebody owns on their own are compared element by element.
func Compare(outcome, live *unstructured.Unstructured) []Change {
	o := ownershipOf(live, "", "", nil)
	o.all = append(o.all, ownershipOf(outcome, "", "", nil).all...)
	c := &comparer{ownership: o}
	c.fields(nil, outcome.Object, live.Object)
	return c.changes
}

type comparer struct {
	ownership ownership
	changes   []Change
}

func (c *comparer) fields(path []seg, outcome, live map[string]any) {
	for name, o := range outcome {
		if serverOwned(path, name) {
			continue
		}
		p := append(path, field(name)) //nolint:gocritic // a copy is made when it is kept
		if l, ok := live[name]; ok {
			c.value(p, o, l)
		} else {
			c.add(p, o, nil)
		}
	}
	for name, l := range live {
		if _, ok := outcome[name]; !ok && !serverOwned(path, name) {
			c.add(append(path, field(name)), nil, l)
		}
	}
}

func (c *comparer) value(path []seg, outcome, live any) {
	switch o := outcome.(type) {
	case map[string]any:
		if l, ok := live.(map[string]any); ok {
			c.fields(path, o, l)
			return
		}
	case []any:
		if l, ok := live.([]any); ok && c.elements(path, o, l) {
			return
		}
	}
	if !jsonobject.Equal(outcome, live) {
		c.add(path, outcome, live)
	}
}

// elements compares lists element by element, and says whether that can be done.
func (c *comparer) elements(path []seg, outcome, live []any) bool {
	list := listOf(c.ownership, path)
	from, ok := list.index(live)
	if !ok {
		return false
	}
	to, ok := list.index(outcome)
	if !ok {
		return false
	}
	var order orderOf
	for i, o := range outcome {
		key := list.key(o)
		at, ok := from[key]
		if !ok {
			c.add(append(path, seg{name: list.label(o, i), element: "?"}), o, nil)
			continue
		}
		order.saw(at, list.label(live[at], at))
		c.value(append(path, seg{name: list.label(live[at], at), element: list.element(path, live[at])}), o, live[at])
	}
	for i, l := range live {
		if _, ok := to[list.key(l)]; !ok {
			c.add(append(path, seg{name: list.label(l, i), element: list.element(path, l)}), nil, l)
		}
	}
	if desired, now := order.moved(); desired != nil {
		c.add(path, desired, now)
	}
	return true
}

func (c *comparer) add(path []seg, outcome, live any) {
	c.changes = append(c.changes, Change{Path: pointer(path), Desired: outcome, Live: live, Removed: outcome == nil, segs: clone(path)})
}

// Attributed is a Change with the field manager that wrote the live value.
type Attributed struct {
	Change
	Manager string
	At      time.Time
}

// Attribute finds out from live's managed fields who wrote what differs, and
// sorts by path. Of a field that is missing from live, or that nobody owns, there is no
// trace; the last one to write the object, other than ourselves, is named.
func Attribute(changes []Change, live *unstructured.Unstructured, manager string) []Attributed {
	o := ownershipOf(live, "", manager, nil)
	out := make([]Attributed, 0, len(changes))
	for _, c := range changes {
		a := Attributed{Change: c}
		if c.Live != nil {
			a.Manager, a.At = o.writer(c.segs)
		}
		if a.Manager == "" {
			a.Manager, a.At = o.lastOther()
		}
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b Attributed) int { return strings.Compare(a.Path, b.Path) })
	return out
}

// lastOther is the last manager to write the object that is not ours and not a
// status writer.
func (o ownership) lastOther() (string, time.Time) {
	var best manager
	for _, g := range o.all {
		if _, status := g.fields["f:status"]; status && len(g.fields) == 1 {
			continue
		}
		if !g.ours && g.at.After(best.at) {
			best = g
		}
	}
	return best.name, best.at
}

// Hash is a digest of the part of live that comparisons look at. It stays the
// same while only status or bookkeeping changes.
func Hash(live *unstructured.Unstructured) uint64 {
	h := fnv.New64a()
	_ = json.NewEncoder(h).Encode(Comparable(live)) // a hash takes every byte, and JSON came from JSON
	return h.Sum64()
}

// Comparable is a shallow copy of live without what comparisons leave out.
func Comparable(live *unstructured.Unstructured) map[string]any {
	out := map[string]any{}
	for name, v := range live.Object {
		if name == "status" {
			continue
		}
		out[name] = v
	}
	if m, ok := out["metadata"].(map[string]any); ok {
		meta := map[string]any{}
		for name, v := range m {
			if !serverOwned([]seg{field("metadata")}, name) {
				meta[name] = v
			}
		}
		out["metadata"] = meta
	}
	return out
}

// Digest identifies changes, in whatever order they are. What the API server has once
// called no difference, between a desired object and what was live, is none as long as
// the same changes are all that is seen.
func Digest(changes []Change) uint64 {
	var sum uint64
	for _, c := range changes {
		h := fnv.New64a()
		_ = json.NewEncoder(h).Encode([]any{c.Path, c.Desired, c.Live}) // a hash takes every byte, and JSON came from JSON
		sum += h.Sum64()
	}
	return sum
}
