package diff

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/jq"
	"evenkeel.dev/internal/jsonobject"
)

// Respect is what the sync option RespectIgnoreDifferences=true sends: desired without
// what the rules leave out, and with what live has there. Neither is changed. Status
// is left to whoever writes it, and nothing is put where live has nothing.
//
// Where another manager owns a field it is left out of an apply: that keeps the value
// as it is, also one that was written since live was read, and takes nobody's
// ownership. (Argo CD sends the value that it has read, and so undoes what a
// HorizontalPodAutoscaler did in between.) whole says that desired is to replace live
// instead; then everything has to be in it.
func (r *Rules) Respect(desired, live *unstructured.Unstructured, whole bool) *unstructured.Unstructured {
	if r == nil || live == nil {
		return desired
	}
	back := restorer{ownership: ownershipOf(live, "", v1alpha1.FieldManager, nil), whole: whole}
	at, theirs := &document{obj: desired}, &document{obj: live}
	for _, s := range r.steps {
		mine, err := s.places(at)
		if err != nil {
			continue
		}
		kept, err := s.places(theirs)
		if err != nil {
			continue
		}
		at.without(mine)
		at.tidy(&unstructured.Unstructured{})
		out := any(at.obj.Object)
		for _, path := range kept {
			if path[0].Key != "status" {
				out = back.at(out, live.Object, path, nil)
			}
		}
		if m, ok := out.(map[string]any); ok {
			at = &document{obj: &unstructured.Unstructured{Object: m}}
		}
	}
	if len(r.managers) == 0 {
		return at.obj
	}
	return trusting(at.obj, live, r.managers, func(_ string, value any) (any, bool) {
		return copied(value), whole || !back.ownership.known
	})
}

// restorer puts values of live back.
type restorer struct {
	ownership ownership
	whole     bool
}

// at is desired with what live has at a path. owned is the same place in managed
// fields. desired is copied where it changes; nil is what is not there.
func (r restorer) at(desired, live any, path jq.Path, owned []seg) any {
	if len(path) == 0 {
		if v, ok := r.value(live, owned); ok {
			return v
		}
		return desired
	}
	s := path[0]
	if s.List {
		return r.elements(desired, live, path, owned)
	}
	lm, _ := live.(map[string]any)
	l, ok := lm[s.Key]
	dm, isMap := desired.(map[string]any)
	if !ok || !isMap && desired != nil {
		return desired
	}
	next := r.at(dm[s.Key], l, path[1:], append(owned, field(s.Key))) //nolint:gocritic // nobody keeps it
	if next == nil {
		return desired
	}
	out := make(map[string]any, len(dm)+1)
	maps.Copy(out, dm)
	out[s.Key] = next
	return out
}

// elements puts back elements of a list, or goes on below them. An element is the
// same on both sides by its keys, else by its place if the lists are of one length.
func (r restorer) elements(desired, live any, path jq.Path, owned []seg) any {
	ll, ok := live.([]any)
	dl, isList := desired.([]any)
	if !ok || !isList && desired != nil {
		return desired
	}
	entries := r.entries(owned)
	names := keyNames(entries)
	out := slices.Clone(dl)
	for i := path[0].From; i < min(path[0].To, len(ll)); i++ {
		below := append(owned, r.segment(ll[i], entries)) //nolint:gocritic // nobody keeps it
		at := -1
		switch m, isMap := ll[i].(map[string]any); {
		case isMap && len(names) > 0:
			at = slices.IndexFunc(dl, func(d any) bool { return sameKeys(d, m, names) })
		case len(path) > 1 && len(dl) == len(ll):
			at = i
		}
		switch {
		case at >= 0:
			out[at] = r.at(dl[at], ll[i], path[1:], below)
		case len(path) == 1:
			if v, ok := r.element(ll[i], below, names); ok {
				out = slices.Insert(out, min(i, len(out)), v)
			}
		}
	}
	if len(out) == 0 && desired == nil {
		return nil
	}
	return out
}

// segment is that of an element in managed fields.
func (r restorer) segment(v any, entries []element) seg {
	if m, ok := v.(map[string]any); ok {
		for _, e := range entries {
			if e.fits(m) {
				return seg{element: e.raw}
			}
		}
		return seg{element: "?"}
	}
	return seg{element: "v:" + textOf(v)}
}

func sameKeys(d any, live map[string]any, names []string) bool {
	m, ok := d.(map[string]any)
	if !ok {
		return false
	}
	for _, n := range names {
		if x, set := m[n]; set && !jsonobject.EqualScalars(x, live[n]) {
			return false
		}
	}
	return true
}

// value is a copy of what is to be sent of a live value, if anything is.
func (r restorer) value(live any, owned []seg) (any, bool) {
	if r.whole || !r.ownership.known {
		return copied(live), true
	}
	others := r.others(owned)
	if len(others) == 0 {
		return copied(live), true
	}
	for _, f := range others {
		if len(f) == 0 {
			return nil, false
		}
	}
	switch t := live.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, v := range t {
			if kept, ok := r.value(v, append(owned, field(k))); ok { //nolint:gocritic // nobody keeps it
				out[k] = kept
			}
		}
		return out, len(out) > 0
	case []any:
		return r.list(t, owned)
	}
	return nil, false
}

// list is value for a list that others own elements of.
func (r restorer) list(live []any, owned []seg) (any, bool) {
	entries := r.entries(owned)
	names := keyNames(entries)
	out := []any{}
	for _, e := range live {
		s := r.segment(e, entries)
		if v, ok := r.element(e, append(owned, s), names); ok { //nolint:gocritic // nobody keeps it
			out = append(out, v)
		}
	}
	return out, len(out) > 0
}

// element is value for an element of a list. One of which there is something to send
// has its keys; one of which there are only the keys is not sent.
func (r restorer) element(live any, owned []seg, names []string) (any, bool) {
	v, ok := r.value(live, owned)
	l, isMap := live.(map[string]any)
	if !ok || !isMap || len(names) == 0 {
		return v, ok
	}
	m, _ := v.(map[string]any)
	keys := 0
	for _, n := range names {
		if _, set := m[n]; set {
			keys++
		}
	}
	if len(m) == keys && len(r.others(owned)) > 0 && !r.whole && r.ownership.known {
		return nil, false
	}
	for _, n := range names {
		if key, set := l[n]; set {
			m[n] = key
		}
	}
	return m, true
}

// entries are the elements of a list that anybody owns.
func (r restorer) entries(path []seg) []element {
	all := map[string]any{}
	for _, g := range r.ownership.all {
		f, _ := at(g.fields, path)
		for key := range f {
			all[key] = nil
		}
	}
	return elementsOf(all)
}

// others are the parts of managers that stay what they are when we apply, below a
// path. What kubectl and we ourselves have written client-side becomes ours then.
func (r restorer) others(path []seg) []map[string]any {
	var out []map[string]any
	for _, g := range r.ownership.all {
		if g.ours || g.name == v1alpha1.FieldManager || g.operation == "Update" && strings.HasPrefix(g.name, "kubectl") {
			continue
		}
		if f, ok := at(g.fields, path); ok {
			out = append(out, f)
		}
	}
	return out
}
