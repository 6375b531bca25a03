package diff

import (
	"fmt"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Change is one field that differs.
type Change struct {
	// Path is a JSON pointer, with "[name=web]" for elements of keyed lists.
	Path string
	// Desired and Live are the values; nil means that there is none.
	Desired, Live any
	// Removed says that our field manager owns the field and no longer wants it.
	Removed bool
	segs    []seg
}

// Predict compares desired, as it would be applied by manager, with live. An
// empty result means that applying it would change nothing. Neither object is
// changed.
func Predict(desired, live *unstructured.Unstructured, manager string) []Change {
	w := &walker{ownership: ownershipOf(live, manager)}
	w.fields(nil, desired.Object, live.Object, w.ownership.ours, true)
	return w.changes
}

type walker struct {
	ownership ownership
	changes   []Change
}

// seg is one step of a path: the segment shown and the one of managed fields.
type seg struct{ shown, field string }

func (w *walker) add(path []seg, desired, live any) {
	w.changes = append(w.changes, Change{Path: pointer(path), Desired: desired, Live: live, segs: clone(path)})
}

func (w *walker) removed(path []seg, live any) {
	if w.ownership.othersOwn(path) {
		return
	}
	w.changes = append(w.changes, Change{Path: pointer(path), Live: live, Removed: true, segs: clone(path)})
}

func clone(path []seg) []seg { return append([]seg(nil), path...) }

func pointer(path []seg) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		b.WriteString(s.shown)
	}
	return b.String()
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func field(name string) seg { return seg{shown: pointerEscaper.Replace(name), field: "f:" + name} }

// serverOwned are fields of an object that are never compared: the API server
// and controllers write them.
func serverOwned(path []seg, name string) bool {
	switch len(path) {
	case 0:
		return name == "status" || name == "apiVersion" || name == "kind"
	case 1:
		if path[0].field != "f:metadata" {
			return false
		}
		switch name {
		case "managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink", "name", "namespace",
			"deletionTimestamp", "deletionGracePeriodSeconds":
			return true
		}
	}
	return false
}

// fields compares two maps. owned is what our manager owns here; root says that
// this is the whole object.
func (w *walker) fields(path []seg, desired, live, owned map[string]any, root bool) {
	for name, d := range desired {
		if d == nil || serverOwned(path, name) {
			continue
		}
		p := append(path, field(name)) //nolint:gocritic // a copy is made when it is kept
		l, ok := live[name]
		if !ok || l == nil {
			if !empty(d) {
				w.add(p, d, nil)
			}
			continue
		}
		w.value(p, d, l, child(owned, "f:"+name))
	}
	for key := range owned {
		name, ok := strings.CutPrefix(key, "f:")
		if !ok || serverOwned(path, name) {
			continue
		}
		if d, wanted := desired[name]; wanted && d != nil {
			continue
		}
		if l, ok := live[name]; ok {
			w.removed(append(path, field(name)), l)
		}
	}
}

func child(owned map[string]any, key string) map[string]any {
	m, _ := owned[key].(map[string]any)
	return m
}

// empty says whether a value is what the API server leaves out.
func empty(v any) bool {
	switch t := v.(type) {
	case nil:
		return true
	case map[string]any:
		for _, e := range t {
			if e != nil {
				return false
			}
		}
		return true
	case []any:
		return len(t) == 0
	}
	return false
}

func (w *walker) value(path []seg, desired, live any, owned map[string]any) {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		switch {
		case !ok:
			w.add(path, desired, live)
		case len(owned) == 0 && w.ownership.known && owned != nil: // an atomic map
			if !equal(path, desired, live) {
				w.add(path, desired, live)
			}
		default:
			w.fields(path, d, l, owned, false)
		}
	case []any:
		l, ok := live.([]any)
		if !ok {
			w.add(path, desired, live)
			return
		}
		w.list(path, d, l, owned)
	default:
		if !equal(path, desired, live) {
			w.add(path, desired, live)
		}
	}
}

func (w *walker) list(path []seg, desired, live []any, owned map[string]any) {
	shape := shapeOf(owned)
	if shape == shapeUnknown {
		shape = shapeOf(w.ownership.any(path))
	}
	switch shape {
	case shapeKeyed:
		w.keyed(path, desired, live, owned)
	case shapeSet:
		w.set(path, desired, live, owned)
	default:
		if !equal(path, desired, live) {
			w.add(path, desired, live)
		}
	}
}

type shape int

const (
	shapeUnknown shape = iota
	shapeKeyed
	shapeSet
)

func shapeOf(owned map[string]any) shape {
	for key := range owned {
		switch {
		case strings.HasPrefix(key, "k:"):
			return shapeKeyed
		case strings.HasPrefix(key, "v:"):
			return shapeSet
		}
	}
	return shapeUnknown
}

// keyed compares lists whose elements are identified by some of their fields.
func (w *walker) keyed(path []seg, desired, live []any, owned map[string]any) {
	entries := elementsOf(owned)
	if len(entries) == 0 {
		entries = elementsOf(w.ownership.any(path))
	}
	names := keyNames(entries)
	matched := map[string]bool{}
	for i, d := range desired {
		dm, ok := d.(map[string]any)
		if !ok {
			w.add(append(path, seg{shown: strconv.Itoa(i)}), d, nil)
			continue
		}
		l := findElement(live, dm, names)
		if l == nil {
			w.add(append(path, seg{shown: label(dm, names, i)}), d, nil)
			continue
		}
		e := entryFor(entries, l)
		matched[e.raw] = true
		w.fields(append(path, seg{shown: label(l, names, i), field: e.raw}), dm, l, child(owned, e.raw), false)
	}
	for _, e := range elementsOf(owned) {
		if matched[e.raw] {
			continue
		}
		if l := elementOf(live, e); l != nil {
			w.removed(append(path, seg{shown: label(l, names, 0), field: e.raw}), l)
		}
	}
}

// set compares lists of scalars in which order and repetition mean nothing.
func (w *walker) set(path []seg, desired, live []any, owned map[string]any) {
	for _, d := range desired {
		if !contains(path, live, d) {
			w.add(append(path, seg{shown: fmt.Sprint(d)}), d, nil)
		}
	}
	for key := range owned {
		v, ok := setValue(key)
		if ok && !contains(path, desired, v) && contains(path, live, v) {
			w.removed(append(path, seg{shown: fmt.Sprint(v), field: key}), v)
		}
	}
}

func contains(path []seg, list []any, v any) bool {
	for _, e := range list {
		if equal(path, e, v) {
			return true
		}
	}
	return false
}

// label shows an element of a keyed list: [name=web].
func label(m map[string]any, names []string, i int) string {
	var parts []string
	for _, n := range names {
		if v, ok := m[n]; ok {
			parts = append(parts, n+"="+pointerEscaper.Replace(fmt.Sprint(v)))
		}
	}
	if len(parts) == 0 {
		return strconv.Itoa(i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
