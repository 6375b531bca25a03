package truth

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime"
	"pgregory.net/rapid"
)

// step is one step of a path: a field, or an element of a list.
type step struct {
	name  string
	index int // of an element, when name is ""
}

// change is what was done to an object.
type change struct {
	what string
	path []step
}

// pattern is the path without what differs from object to object.
func (c change) pattern() string {
	var b strings.Builder
	for _, s := range c.path {
		if s.name == "" {
			b.WriteString("/*")
			continue
		}
		b.WriteString("/" + s.name)
	}
	return b.String()
}

// mutator changes objects of one kind.
type mutator struct {
	generator
	root   node
	frozen []string
	// refused counts how often the API server refused a change, accepted the contrary.
	refused, accepted map[string]int
}

// fixed are the fields that no change is made to.
func (m *mutator) fixed(path []step, name string) bool {
	if slices.Contains(m.frozen, name) {
		return true
	}
	switch len(path) {
	case 0:
		return name == "apiVersion" || name == "kind" || name == "status"
	case 1:
		return path[0].name == "metadata" && name != "labels" && name != "annotations" && name != "finalizers"
	}
	return false
}

func (m *mutator) hopeless(c change) bool {
	key := c.what + c.pattern()
	return m.refused[key] >= 3 && m.accepted[key] == 0
}

func (m *mutator) learn(changes []change, ok bool) {
	for _, c := range changes {
		if ok {
			m.accepted[c.what+c.pattern()]++
		} else {
			m.refused[c.what+c.pattern()]++
		}
	}
}

// mutate returns a copy of an object with one change.
func (m *mutator) mutate(t *rapid.T, obj node) (node, change) {
	for range 20 {
		out := runtime.DeepCopyJSON(obj)
		w := &mutation{mutator: m, t: t}
		changed := w.walk(out, m.root, nil)
		if w.change.what != "" && !m.hopeless(w.change) {
			return changed.(node), w.change
		}
	}
	return runtime.DeepCopyJSON(obj), change{what: "none"}
}

type mutation struct {
	*mutator
	t      *rapid.T
	change change
}

// walk descends into v and changes something there; the result takes v's place.
func (w *mutation) walk(v any, s node, path []step) any {
	s = w.resolve(s)
	switch x := v.(type) {
	case node:
		return w.object(x, s, path)
	case []any:
		return w.list(x, s, path)
	}
	return v
}

func (w *mutation) object(x, s node, path []step) any {
	names := slices.Sorted(maps.Keys(x))
	if !chance(w.t, 55) || len(names) == 0 {
		p, _ := s["properties"].(node)
		names = slices.Sorted(maps.Keys(p))
		if len(names) == 0 {
			names = []string{"a", "b", "cpu", "memory", "example.com/new"}
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return w.fixed(path, n) })
	if len(names) == 0 {
		return x
	}
	name := pick(w.t, names)
	below := append(slices.Clone(path), step{name: name})
	child, there := x[name]
	fs := w.property(s, name)
	if m, ok := child.(node); ok && (len(path) == 0 || len(m) > 0 && chance(w.t, 75)) {
		x[name] = w.walk(child, fs, below)
		return x
	}
	if l, ok := child.([]any); ok && len(l) > 0 && chance(w.t, 85) {
		x[name] = w.walk(child, fs, below)
		return x
	}
	if !there && len(path) > 0 && path[0].name != "metadata" && chance(w.t, 3) {
		w.change, x[name] = change{"null", below}, nil
		return x
	}
	w.scalar(x, name, fs, below)
	return x
}

// scalar sets, removes, respells, empties or nulls a field.
func (w *mutation) scalar(x node, name string, s node, path []step) {
	child, there := x[name]
	n := rapid.IntRange(0, 99).Draw(w.t, "op")
	switch {
	case there && len(path) > 1 && n < 30:
		w.change = change{"remove", path}
		delete(x, name)
	case there && len(path) > 1 && n < 34 && path[0].name != "metadata": // there nulls are dropped by package desired
		w.change, x[name] = change{"null", path}, nil
	case n < 42 && s["type"] == "object":
		w.change, x[name] = change{"empty", path}, node{}
	case n < 42 && s["type"] == "array":
		w.change, x[name] = change{"empty", path}, []any{}
	case there && isQuantity(s) && n < 70:
		w.change, x[name] = change{"respell", path}, respelled(child)
	case len(path) > 1:
		parent := path[len(path)-2].name
		word := name
		if _, known := w.words[name]; !known && len(w.words[parent]) > 0 {
			word = parent
		}
		w.change, x[name] = change{"set", path}, w.value(w.t, s, word, 2)
	}
}

// respelled is another spelling of the same quantity.
func respelled(v any) any {
	switch v {
	case "0.5":
		return "500m"
	case "500m":
		return 0.5
	case "1":
		return int64(1)
	case int64(1):
		return "1000m"
	case "1Gi":
		return "1024Mi"
	case "1024Mi":
		return "1073741824"
	case "0.1":
		return "100m"
	case "100m":
		return "0.1"
	}
	return v
}

// list changes an element, or what elements there are.
func (w *mutation) list(x []any, s node, path []step) any {
	if len(x) == 0 {
		return x
	}
	i := rapid.IntRange(0, len(x)-1).Draw(w.t, "element")
	below := append(slices.Clone(path), step{index: i})
	items := w.items(s)
	switch n := rapid.IntRange(0, 99).Draw(w.t, "op"); {
	case n < 55:
		if _, ok := x[i].(node); ok {
			x[i] = w.walk(x[i], items, below)
			return x
		}
		w.change = change{"element", below}
		x[i] = w.value(w.t, items, path[len(path)-1].name, 1)
		return w.unique(s, x)
	case n < 70:
		w.change = change{"append", path}
		return w.unique(s, append(x, w.value(w.t, items, path[len(path)-1].name, 1)))
	case n < 85:
		w.change = change{"drop", below}
		return slices.Delete(x, i, i+1)
	case n < 95 && len(x) > 1:
		w.change = change{"reorder", path}
		slices.Reverse(x)
	default:
		w.change = change{"duplicate", path}
		return append(x, runtime.DeepCopyJSONValue(x[i]))
	}
	return x
}
