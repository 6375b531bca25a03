package diff

import (
	"maps"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/jsonobject"
)

// Apply gives desired, or the outcome of a dry run, and live as they are to be
// compared: without what the rules leave out, and with live's values where a manager
// that is trusted has set them. Neither is changed, and where no rule finds anything
// they are given back as they are.
//
// A step that fails on one of the two leaves out nothing of either; why is in
// problems.
func (r *Rules) Apply(desired, live *unstructured.Unstructured) (d, l *unstructured.Unstructured, problems []error) {
	if r == nil {
		return desired, live, nil
	}
	left, right := &document{obj: desired}, &document{obj: live}
	for _, s := range r.steps {
		mine, err := s.places(left)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		theirs, err := s.places(right)
		if err != nil {
			problems = append(problems, err)
			continue
		}
		left.without(mine)
		right.without(theirs)
		left.tidy(right.obj)
		right.tidy(left.obj)
	}
	d, l = left.obj, right.obj
	if len(r.managers) > 0 {
		d = trusting(d, l, r.managers, func(_ string, live any) (any, bool) { return live, true })
	}
	if r.autoscaled {
		d = r.LeaveReplicas(d, l, true)
	}
	for _, f := range r.known {
		d, l = f.canonical(d), f.canonical(l)
	}
	return d, l, problems
}

// Live is live without what the rules leave out.
func (r *Rules) Live(live *unstructured.Unstructured) *unstructured.Unstructured {
	if r == nil {
		return live
	}
	d := &document{obj: live}
	for _, s := range r.steps {
		if paths, err := s.places(d); err == nil {
			d.without(paths)
		}
	}
	return d.obj
}

// trusting is desired where fields that managers own in live, and that have another
// value there, are what decide says, or gone. As in Argo CD a field that is on one
// side only is not theirs to decide.
func trusting(desired, live *unstructured.Unstructured, managers []string, decide func(field string, live any) (any, bool)) *unstructured.Unstructured {
	out := desired.Object
	for _, g := range ownershipOf(live, "", "", nil).all {
		for _, name := range managers {
			if g.name == name {
				t := trust{decide: decide}
				out, _ = t.value(out, live.Object, g.fields).(map[string]any)
			}
		}
	}
	if out == nil {
		return desired
	}
	return &unstructured.Unstructured{Object: out}
}

// trust walks along the managed fields of a trusted manager.
type trust struct {
	decide func(field string, live any) (any, bool)
}

// value is desired with what the manager owns, or desired itself.
func (t trust) value(desired, live any, owned map[string]any) any {
	switch d := desired.(type) {
	case map[string]any:
		if l, ok := live.(map[string]any); ok {
			return t.fields(d, l, owned)
		}
	case []any:
		if l, ok := live.([]any); ok {
			return t.elements(d, l, owned)
		}
	}
	return desired
}

func (t trust) fields(desired, live, owned map[string]any) any {
	out, changed := desired, false
	for key := range owned {
		name, ok := fieldName(key)
		if !ok {
			continue
		}
		d, mine := desired[name]
		l, theirs := live[name]
		below := child(owned, key)
		if !mine || !theirs || below == nil {
			continue
		}
		var next any
		keep := true
		switch {
		case len(below) > 0:
			next = t.value(d, l, below)
		case jsonobject.Equal(d, l):
			continue
		default:
			next, keep = t.decide(name, l)
		}
		if !changed {
			out, changed = make(map[string]any, len(desired)), true
			maps.Copy(out, desired)
		}
		if keep {
			out[name] = next
		} else {
			delete(out, name)
		}
	}
	return out
}

func (t trust) elements(desired, live []any, owned map[string]any) any {
	var out []any
	for _, e := range elementsOf(owned) {
		l := e.find(live)
		i := indexFor(desired, e)
		if l == nil || i < 0 {
			continue
		}
		if out == nil {
			out = append([]any(nil), desired...)
		}
		out[i] = t.value(out[i], l, child(owned, e.raw))
	}
	if out == nil {
		return desired
	}
	return out
}

// indexFor is the place of the one element that stands for e; a key that it leaves
// out was defaulted.
func indexFor(list []any, e element) int {
	found := -1
	for i, x := range list {
		m, ok := x.(map[string]any)
		if !ok || !e.mayBe(m) {
			continue
		}
		if e.fits(m) {
			return i
		}
		if found >= 0 {
			return -1
		}
		found = i
	}
	return found
}

func (e element) mayBe(m map[string]any) bool {
	for n, v := range e.keys {
		if x, ok := m[n]; ok && !jsonobject.EqualScalars(v, x) {
			return false
		}
	}
	return true
}

func fieldName(key string) (string, bool) {
	if len(key) > 2 && key[:2] == "f:" {
		return key[2:], true
	}
	return "", false
}
