package diff

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/jsonobject"
)

// Change is one field that differs.
type Change struct {
	// Path is a JSON pointer, with "[name=web]" for elements of keyed lists.
	Path string
	// Desired and Live are the values; nil means that there is none.
	Desired, Live any
	// Removed says that our field manager owns the field and no longer wants it.
	Removed bool
	// Unsure says that this may turn out to be no difference: a default may come
	// back, or nobody owns what would tell a map or list that is merged from one that
	// is replaced. The API server knows.
	Unsure bool
	segs   []seg
}

// Predict compares desired, as it would be applied by manager, with live. An
// empty result means that applying it would change nothing. Neither object is
// changed. legacy are managers of client-side apply whose fields become ours before it is
// applied, as package apply migrates them.
func Predict(desired, live *unstructured.Unstructured, manager string, legacy ...string) []Change {
	w := &walker{ownership: ownershipOf(live, desired.GetAPIVersion(), manager, legacy), builtIn: builtIn(live.GetAPIVersion())}
	w.kind, w.live = live.GetKind(), live
	w.fields(nil, desired.Object, live.Object, w.ownership.ours)
	if d, l := desired.GetAPIVersion(), live.GetAPIVersion(); len(w.changes) == 0 && (d != l || w.ownership.foreign) {
		// Fields are owned in the version that they were applied in. What is pruned, or even
		// where it is, is known only to who can convert.
		w.add([]seg{{name: "apiVersion"}}, d, l).Unsure = true
	}
	return w.changes
}

type walker struct {
	ownership ownership
	// builtIn says that the kind is one of Kubernetes' own, which have types that
	// normalize values, and defaults that are known here.
	builtIn bool
	kind    string
	live    *unstructured.Unstructured
	changes []Change
}

// seg is one step of a path: a field by its name, or an element of a list.
type seg struct {
	// name is a field's name, or what is shown of an element.
	name string
	// element is how managed fields write the element; "?" if they do not know it.
	element string
}

// key is how managed fields write the step.
func (s seg) key() string {
	if s.element != "" {
		return s.element
	}
	return "f:" + s.name
}

func (w *walker) add(path []seg, desired, live any) *Change {
	w.changes = append(w.changes, Change{Path: pointer(path), Desired: desired, Live: live, segs: clone(path)})
	return &w.changes[len(w.changes)-1]
}

func clone(path []seg) []seg { return append([]seg(nil), path...) }

func pointer(path []seg) string {
	var b strings.Builder
	for _, s := range path {
		b.WriteByte('/')
		if s.element == "" {
			b.WriteString(pointerEscaper.Replace(s.name))
		} else {
			b.WriteString(s.name)
		}
	}
	return b.String()
}

var pointerEscaper = strings.NewReplacer("~", "~0", "/", "~1")

func field(name string) seg { return seg{name: name} }

// serverOwned are fields of an object that are never compared: the API server
// and controllers write them.
func serverOwned(path []seg, name string) bool {
	switch len(path) {
	case 0:
		return name == "status" || name == "apiVersion" || name == "kind"
	case 1:
		if path[0].name != "metadata" {
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

// unchangeable are fields that no update changes: the API server keeps its own.
func (w *walker) unchangeable(path []seg, name string) bool {
	return w.kind == "Namespace" && w.builtIn && name == "finalizers" && len(path) == 1 && path[0].name == "spec"
}

// fields compares two maps that are merged. owned is what our manager owns here.
func (w *walker) fields(path []seg, desired, live, owned map[string]any) {
	for name, d := range desired {
		if serverOwned(path, name) || w.unchangeable(path, name) {
			continue
		}
		p := append(path, field(name)) //nolint:gocritic // a copy is made when it is kept
		l, ok := live[name]
		o, owns := owned["f:"+name].(map[string]any)
		switch {
		case d == nil:
			w.null(p, l, ok, owns)
		case !ok || l == nil:
			w.missing(p, d, l, owns && len(o) == 0)
		default:
			w.value(p, d, l, o)
		}
	}
	for key, o := range owned {
		name, ok := strings.CutPrefix(key, "f:")
		if !ok || serverOwned(path, name) || w.unchangeable(path, name) {
			continue
		}
		if _, wanted := desired[name]; wanted || name == lastAppliedName { // bookkeeping, of no use once we apply
			continue
		}
		// A null is there, too: its removal may take an empty parent along.
		if l, ok := live[name]; ok {
			o, _ := o.(map[string]any)
			w.drop(append(path, field(name)), l, o)
		}
	}
}

// null is what is desired to be null. The types of built-in kinds drop it, and so does
// a schema unless it is nullable; in a map of strings it is "". Over a scalar or an
// atom it is a removal.
func (w *walker) null(path []seg, live any, there, owns bool) {
	entry := len(path) > 1 && (w.builtIn || path[0].name == "metadata") && w.plainMap(path[len(path)-2].name)
	switch {
	case entry && (live == "" || live == "0"):
		return
	case entry && !there:
		w.add(path, "", nil).Unsure = true
		return
	case there && live == nil, !there && (owns || w.builtIn), there && w.isDefault(path, live):
		return
	}
	c := w.add(path, nil, live)
	c.Removed, c.Unsure = there, true
}

// missing is what is desired and not live. If it is empty and owned by us although it
// is not there, the API server has left it out when it was applied; only a struct may
// have gone otherwise.
func (w *walker) missing(path []seg, desired, live any, owned bool) {
	name := path[len(path)-1].name
	plain := w.builtIn && w.plainMap(name)
	if m, ok := desired.(map[string]any); !empty(desired) && (!w.builtIn || !zero(desired)) || plain && ok && len(m) > 0 {
		w.add(path, desired, nil)
		return
	}
	_, list := desired.([]any)
	_, fields := desired.(map[string]any)
	leftOut := !zero(desired) || !w.keepsZero(path)
	if owned && !fields && leftOut || path[0].name == "metadata" && len(path) == 2 || empty(desired) && (list && w.builtIn || plain) {
		return
	}
	w.add(path, desired, live).Unsure = true
}

// zero says whether a scalar is one that the types of built-in kinds may leave out.
func zero(v any) bool {
	return v == "" || v == false || v == int64(0)
}

// empty says whether a value is one that the API server may leave out.
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
		if l, ok := live.(map[string]any); ok {
			w.maps(path, d, l, owned)
			return
		}
	case []any:
		if l, ok := live.([]any); ok {
			w.list(path, d, l, owned)
			return
		}
	}
	if !w.same(path, desired, live) {
		w.add(path, desired, live)
	}
}

// maps compares two maps of a shape that is still to be found out.
func (w *walker) maps(path []seg, desired, live, owned map[string]any) {
	if owned != nil && len(live) > 0 && hollow(desired, live) {
		// Empty lists are nobody's in structured-merge-diff, which may prune all.
		if !w.same(path, desired, live) {
			w.add(path, desired, live).Unsure = true
		}
		return
	}
	if branches(owned) || mergedMetadata(path) || w.builtIn && !atomicName(path[len(path)-1].name) || w.ownership.branches(path) {
		w.fields(path, desired, live, owned)
		return
	}
	if w.same(path, desired, live) || len(desired) == 0 && w.derived(path, live) {
		return
	}
	if !w.ownership.owned(path) {
		// Nobody's: what differs in it differs in any case.
		before := len(w.changes)
		if w.fields(path, desired, live, owned); len(w.changes) > before {
			return
		}
	}
	// Atomic, or empty when it was applied, or nobody's.
	w.add(path, desired, live).Unsure = covers(live, desired)
}

// hollow says whether desired has nothing in it but empty lists, or nothing at all where
// live has one.
func hollow(desired, live map[string]any) bool {
	if len(desired) == 0 {
		return hasEmptyList(live)
	}
	for _, v := range desired {
		if !onlyEmptyLists(v) {
			return false
		}
	}
	return true
}

func onlyEmptyLists(v any) bool {
	switch t := v.(type) {
	case []any:
		return len(t) == 0
	case map[string]any:
		for _, e := range t {
			if !onlyEmptyLists(e) {
				return false
			}
		}
		return len(t) > 0
	}
	return false
}

func hasEmptyList(v any) bool {
	switch t := v.(type) {
	case []any:
		return len(t) == 0 || slices.ContainsFunc(t, hasEmptyList)
	case map[string]any:
		for _, e := range t {
			if hasEmptyList(e) {
				return true
			}
		}
	}
	return false
}

// mergedMetadata says whether the map is one of metadata's, which are merged in every
// kind. So is the whole object.
func mergedMetadata(path []seg) bool {
	switch len(path) {
	case 1:
		return path[0].name == "metadata"
	case 2:
		return path[0].name == "metadata" && (path[1].name == "labels" || path[1].name == "annotations")
	}
	return len(path) == 0
}

// covers says whether live has all of desired, and maybe more.
func covers(live, desired any) bool {
	switch d := desired.(type) {
	case nil:
		return true
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return len(d) == 0 && live == nil
		}
		for k, v := range d {
			if !covers(l[k], v) {
				return false
			}
		}
		return true
	case []any:
		l, ok := live.([]any)
		if !ok {
			return len(d) == 0 && live == nil
		}
		for i := range d {
			if i >= len(l) || !covers(l[i], d[i]) {
				return false
			}
		}
		return true
	}
	return jsonobject.EqualScalars(desired, live)
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
		return fmt.Sprint(i)
	}
	return "[" + strings.Join(parts, ",") + "]"
}
