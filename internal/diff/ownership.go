package diff

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// ownership is what an object's managed fields say.
type ownership struct {
	// known says that our manager has applied the object, so that ours is complete.
	known bool
	ours  map[string]any
	all   []manager
}

type manager struct {
	name, operation, subresource string

	at     time.Time
	ours   bool
	fields map[string]any
}

// ownershipOf reads managed fields. Entries that cannot be read count as absent:
// then Predict finds more differences, never fewer.
func ownershipOf(live *unstructured.Unstructured, name string) ownership {
	o := ownership{}
	meta, _ := live.Object["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any)
	for _, e := range entries {
		m, _ := e.(map[string]any)
		fields, ok := m["fieldsV1"].(map[string]any)
		if !ok {
			continue
		}
		g := manager{fields: fields}
		g.name, _ = m["manager"].(string)
		g.operation, _ = m["operation"].(string)
		if t, ok := m["time"].(string); ok {
			g.at, _ = time.Parse(time.RFC3339, t)
		}
		g.subresource, _ = m["subresource"].(string)
		if g.name == name && g.operation == "Apply" && g.subresource == "" {
			o.known, o.ours, g.ours = true, fields, true
		}
		o.all = append(o.all, g)
	}
	return o
}

// at is the part of fields below a path, or nil.
func at(fields map[string]any, path []seg) (map[string]any, bool) {
	for _, s := range path {
		next, ok := fields[s.field].(map[string]any)
		if !ok {
			return nil, false
		}
		fields = next
	}
	return fields, true
}

// any is the first manager's part below a path that has one with members.
func (o ownership) any(path []seg) map[string]any {
	for _, g := range o.all {
		if f, ok := at(g.fields, path); ok && len(f) > 0 {
			return f
		}
	}
	return nil
}

// othersOwn says whether a manager other than ours owns a path: then giving it up
// removes nothing.
func (o ownership) othersOwn(path []seg) bool {
	for _, g := range o.all {
		if g.ours {
			continue
		}
		if _, ok := at(g.fields, path); ok {
			return true
		}
	}
	return false
}

// writer is who wrote the value at a path, or, when nobody owns exactly it, at the
// nearest path above: other managers before ours, later before earlier.
func (o ownership) writer(path []seg) (string, time.Time) {
	for ; len(path) > 0; path = path[:len(path)-1] {
		var best *manager
		for i := range o.all {
			g := &o.all[i]
			if _, ok := at(g.fields, path); !ok {
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

// element is the identity of one element of a keyed list, as managed fields write it.
type element struct {
	raw  string
	keys map[string]any
}

func elementsOf(owned map[string]any) []element {
	var out []element
	for key := range owned {
		text, ok := strings.CutPrefix(key, "k:")
		if !ok {
			continue
		}
		e := element{raw: key}
		if utiljson.Unmarshal([]byte(text), &e.keys) == nil {
			out = append(out, e)
		}
	}
	slices.SortFunc(out, func(a, b element) int { return strings.Compare(a.raw, b.raw) })
	return out
}

func keyNames(entries []element) []string {
	if len(entries) == 0 {
		return nil
	}
	var names []string
	for n := range entries[0].keys {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// findElement is the live element that a desired one stands for. A key field that
// desired leaves out was defaulted (the protocol of a port), so it matches any
// value, as long as only one element fits.
func findElement(live []any, desired map[string]any, names []string) map[string]any {
	var found map[string]any
	for _, l := range live {
		lm, ok := l.(map[string]any)
		if !ok {
			continue
		}
		exact, fits := true, true
		for _, n := range names {
			d, set := desired[n]
			if !set {
				exact = false
			} else if !equal(nil, d, lm[n]) {
				fits = false
				break
			}
		}
		if !fits {
			continue
		}
		if exact {
			return lm
		}
		if found != nil {
			return nil
		}
		found = lm
	}
	return found
}

func entryFor(entries []element, live map[string]any) element {
	for _, e := range entries {
		if e.fits(live) {
			return e
		}
	}
	return element{}
}

func elementOf(live []any, e element) map[string]any {
	for _, l := range live {
		if m, ok := l.(map[string]any); ok && e.fits(m) {
			return m
		}
	}
	return nil
}

func (e element) fits(m map[string]any) bool {
	for n, v := range e.keys {
		if !equal(nil, v, m[n]) {
			return false
		}
	}
	return true
}

func setValue(key string) (any, bool) {
	text, ok := strings.CutPrefix(key, "v:")
	if !ok {
		return nil, false
	}
	var v any
	if json.Unmarshal([]byte(text), &v) != nil {
		return nil, false
	}
	return v, true
}
