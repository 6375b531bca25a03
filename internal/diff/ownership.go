package diff

import (
	"maps"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// ownership is what an object's managed fields say.
type ownership struct {
	// known says that our manager has applied the object.
	known bool
	// ours is what our manager owns, with what it takes over; nil if it owns nothing.
	ours map[string]any
	// foreign says that ours was applied in another version than desired.
	foreign bool
	all     []manager
}

type manager struct {
	name, operation, subresource string

	at   time.Time
	ours bool
	// taken says that the fields become ours before we apply.
	taken bool
	// foreign says that the fields are those of another version than desired.
	foreign bool
	fields  map[string]any
}

// ownershipOf reads managed fields, for what is desired in a version. Entries that
// cannot be read count as absent: then Predict finds more differences, never fewer.
func ownershipOf(live *unstructured.Unstructured, version, name string, legacy []string) ownership {
	o := ownership{}
	meta, _ := live.Object["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any)
	o.all = make([]manager, 0, len(entries))
	for _, e := range entries {
		m, _ := e.(map[string]any)
		fields, ok := m["fieldsV1"].(map[string]any)
		if !ok {
			continue
		}
		g := manager{fields: fields}
		g.name, _ = m["manager"].(string)
		g.operation, _ = m["operation"].(string)
		in, _ := m["apiVersion"].(string)
		g.foreign = in != "" && version != "" && in != version
		if t, ok := m["time"].(string); ok {
			g.at, _ = time.Parse(time.RFC3339, t)
		}
		g.subresource, _ = m["subresource"].(string)
		switch {
		case g.subresource != "":
		case g.name == name && g.operation == "Apply":
			g.ours, o.known = true, true
		case g.operation == "Update" && slices.Contains(legacy, g.name):
			g.taken = o.takeOver(g, lastApplied(meta))
		}
		if g.ours {
			o.foreign, o.ours = o.foreign || g.foreign, union(o.ours, fields)
		}
		o.all = append(o.all, g)
	}
	return o
}

// takeOver counts as ours what another manager has updated and will be ours when it is
// migrated, if it was in the manifest that was applied client-side. The rest of what
// it owns are defaults, mostly, which come back when they are given up. Fields in
// another version are nobody's once they are migrated.
func (o *ownership) takeOver(g manager, manifest any) bool {
	if manifest == nil || g.foreign {
		return false
	}
	if within := restrict(g.fields, manifest); len(within) > 0 {
		o.ours = union(o.ours, within)
	}
	return true
}

// union is what a or b owns. Neither is changed.
func union(a, b map[string]any) map[string]any {
	switch {
	case len(a) == 0:
		return b
	case len(b) == 0:
		return a
	}
	out := maps.Clone(a)
	for k, v := range b {
		x, _ := out[k].(map[string]any)
		y, _ := v.(map[string]any)
		switch {
		case x == nil:
			out[k] = v
		case len(x) == 0 && len(y) > 0: // a leaf is owned itself
			out[k] = union(map[string]any{".": map[string]any{}}, y)
		case len(y) == 0 && len(x) > 0:
			out[k] = union(x, map[string]any{".": map[string]any{}})
		default:
			out[k] = union(x, y)
		}
	}
	return out
}

// at is the part of fields below a path, or nil.
func at(fields map[string]any, path []seg) (map[string]any, bool) {
	for _, s := range path {
		next, ok := fields[s.key()].(map[string]any)
		if !ok {
			return nil, false
		}
		fields = next
	}
	return fields, true
}

func child(owned map[string]any, key string) map[string]any {
	m, _ := owned[key].(map[string]any)
	return m
}

// branches says whether something below a node is owned on its own, which is so in
// maps that are merged, and only there.
func branches(node map[string]any) bool {
	if _, dot := node["."]; dot {
		return len(node) > 1
	}
	return len(node) > 0
}

func (o ownership) branches(path []seg) bool {
	for i := range o.all {
		if f, ok := at(o.all[i].fields, path); ok && !o.all[i].foreign && branches(f) {
			return true
		}
	}
	return false
}

// owned says whether anybody owns a path or something below it.
func (o ownership) owned(path []seg) bool {
	for i := range o.all {
		if _, ok := at(o.all[i].fields, path); ok && !o.all[i].foreign {
			return true
		}
	}
	return false
}

// shape is the shape of a list as the first manager knows it that owns some of it.
func (o ownership) shape(path []seg) shape {
	for i := range o.all {
		if f, ok := at(o.all[i].fields, path); ok && !o.all[i].foreign {
			if s := shapeOf(f); s != shapeUnknown {
				return s
			}
		}
	}
	return shapeUnknown
}

// keyNames are the names of the keys of a list's elements.
func (o ownership) keyNames(path []seg) []string {
	var entries []element
	for i := range o.all {
		if f, ok := at(o.all[i].fields, path); ok && !o.all[i].foreign {
			entries = append(entries, elementsOf(f)...)
		}
	}
	return keyNames(entries)
}

// elementKey is how managed fields write a live element; ours is how ours do, if they
// do.
func (o ownership) elementKey(path []seg, ours string, live map[string]any) string {
	if ours != "" {
		return ours
	}
	for i := range o.all {
		if f, ok := at(o.all[i].fields, path); ok {
			for _, e := range elementsOf(f) {
				if e.fits(live) {
					return e.raw
				}
			}
		}
	}
	return "?"
}

// writer is who wrote the value at a path, or, when nobody owns exactly it, what is above it
// as a whole: other managers before ours, later before earlier. Whoever owns other fields
// beside it has not written it.
func (o ownership) writer(path []seg) (string, time.Time) {
	for whole := false; len(path) > 0; path, whole = path[:len(path)-1], true {
		var best *manager
		for i := range o.all {
			g := &o.all[i]
			if f, ok := at(g.fields, path); !ok || whole && len(f) > 0 {
				continue
			}
			if best == nil || best.ours && !g.ours || best.ours == g.ours && g.at.After(best.at) {
				best = g
			}
		}
		if best != nil {
			return best.name, best.at
		}
	}
	return "", time.Time{}
}

// group is the API group of an apiVersion.
func group(apiVersion string) string {
	g, _, ok := strings.Cut(apiVersion, "/")
	if !ok {
		return ""
	}
	return g
}
