package diff

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/internal/jsonobject"
)

type shape int

const (
	// shapeUnknown is an atom, or a list that nobody owns an element of.
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

func (w *walker) list(path []seg, desired, live []any, owned map[string]any) {
	shape := shapeOf(owned)
	if shape == shapeUnknown {
		shape = w.ownership.shape(path)
	}
	if len(desired) == 0 && shape != shapeUnknown {
		// Nothing is said of elements, so the list is given up as if it were not there.
		w.drop(path, live, owned)
		return
	}
	switch shape {
	case shapeKeyed:
		w.keyed(path, desired, live, owned)
	case shapeSet:
		w.set(path, desired, live, owned)
	default:
		if !w.same(path, desired, live) {
			w.add(path, desired, live).Unsure = covers(live, desired)
		}
	}
}

// keyed compares lists whose elements are identified by some of their fields. What
// one side alone has is added, or stays; elements that both have get into desired's
// order.
func (w *walker) keyed(path []seg, desired, live []any, owned map[string]any) {
	known := keying{entries: elementsOf(owned), owned: owned}
	if known.names = keyNames(known.entries); len(known.names) == 0 {
		known.names = w.ownership.keyNames(path)
	}
	names := known.names
	kept := make(map[string]bool, len(desired))
	var order orderOf
	for i, d := range desired {
		dm, ok := d.(map[string]any)
		if !ok {
			w.add(append(path, seg{name: fmt.Sprint(i), element: "?"}), d, nil)
			continue
		}
		at, sure := w.findElement(live, dm, known)
		if at < 0 {
			w.add(append(path, seg{name: label(dm, names, i), element: "?"}), d, nil)
			continue
		}
		lm := live[at].(map[string]any)
		key, o := known.entryOf(lm)
		p := append(path, seg{name: label(lm, names, at), element: w.ownership.elementKey(path, key, lm)}) //nolint:gocritic // a copy is made when it is kept
		again := kept[key] && key != ""
		kept[key] = true
		if again || !sure {
			w.add(p, d, lm).Unsure = true
			continue
		}
		before := len(w.changes)
		w.fields(p, dm, lm, o)
		if atom := o != nil && len(o) == 0; atom && len(w.changes) == before && !w.same(p, dm, lm) {
			// Owned as a whole, as an owner reference is: what is left out goes.
			w.add(p, dm, lm).Unsure = true
		}
		order.saw(at, label(lm, names, at))
	}
	w.reordered(path, order)
	w.dropElements(path, live, owned, kept)
}

// orderOf are the elements that desired and live have, in desired's order.
type orderOf []place

type place struct {
	index int // in live
	label any
}

func (o *orderOf) saw(index int, label any) { *o = append(*o, place{index, label}) }

func (o orderOf) labels() []any {
	out := make([]any, len(o))
	for i, p := range o {
		out[i] = p.label
	}
	return out
}

// moved are the elements in desired's and in live's order, if these are not the same.
func (o orderOf) moved() (desired, live []any) {
	byLive := func(a, b place) int { return cmp.Compare(a.index, b.index) }
	if slices.IsSortedFunc(o, byLive) {
		return nil, nil
	}
	desired = o.labels()
	slices.SortFunc(o, byLive)
	return desired, o.labels()
}

// reordered finds elements in another order, which an apply would bring into desired's.
func (w *walker) reordered(path []seg, o orderOf) {
	if desired, live := o.moved(); desired != nil {
		w.add(path, desired, live)
	}
}

// findElement is the index of the live element that a desired one stands for, or -1.
// A key that desired leaves out has its default: TCP for the protocols of built-in
// kinds, else what it had when we applied it without. sure is false if that is a
// guess, and if more than one element has the keys.
func (w *walker) findElement(live []any, desired map[string]any, known keying) (index int, sure bool) {
	index, found, guessed, guesses := -1, 0, -1, 0
	for i, l := range live {
		lm, ok := l.(map[string]any)
		if !ok {
			continue
		}
		switch fits, guess := w.fits(desired, lm, known); {
		case !fits:
		case guess:
			guessed, guesses = i, guesses+1
		default:
			index, found = i, found+1
		}
	}
	if found == 0 && guesses > 0 {
		return guessed, false
	}
	return index, found == 1
}

func (w *walker) fits(desired, live map[string]any, known keying) (fits, guess bool) {
	for _, n := range known.names {
		d, set := desired[n]
		l, there := live[n]
		switch {
		case set:
			if !jsonobject.EqualScalars(d, l) {
				return false, false
			}
		case !there:
		case w.builtIn && n == "protocol":
			if l != "TCP" {
				return false, false
			}
		default:
			_, o := known.entryOf(live)
			if _, explicit := o["f:"+n]; explicit || o == nil {
				guess = true
			}
		}
	}
	return true, guess
}

// set compares lists of values, each of which is there once.
func (w *walker) set(path []seg, desired, live []any, owned map[string]any) {
	kept := make(map[string]bool, len(desired))
	var order orderOf
	for _, d := range desired {
		at, there := count(live, d)
		if !there {
			w.add(append(path, seg{name: shownValue(d), element: "?"}), d, nil)
			continue
		}
		if at < 0 { // more than once; it would be there once
			w.add(path, desired, live)
			return
		}
		order.saw(at, d)
	}
	for key := range owned {
		if v, ok := setValue(key); ok {
			_, kept[key] = count(desired, v)
		}
	}
	w.reordered(path, order)
	w.dropElements(path, live, owned, kept)
}

// count is where a value is in a list, -1 if it is there more than once.
func count(list []any, v any) (index int, there bool) {
	index = -1
	for i, e := range list {
		if !jsonobject.Equal(e, v) {
			continue
		}
		if there {
			return -1, true
		}
		index, there = i, true
	}
	return index, there
}

// element is the identity of one element of a keyed list, as managed fields write it.
type element struct {
	raw  string
	keys map[string]any
}

func elementFor(key string) (element, bool) {
	text, ok := strings.CutPrefix(key, "k:")
	if !ok {
		return element{}, false
	}
	keys, err := jsonobject.Decode([]byte(text))
	return element{raw: key, keys: keys}, err == nil
}

// elementsOf are the elements in a node of managed fields.
func elementsOf(owned map[string]any) []element {
	var out []element
	for _, key := range slices.Sorted(maps.Keys(owned)) {
		if e, ok := elementFor(key); ok {
			out = append(out, e)
		}
	}
	return out
}

// keyNames are the names of the keys of elements.
func keyNames(entries []element) []string {
	var names []string
	for _, e := range entries {
		for n := range e.keys {
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (e element) fits(m map[string]any) bool {
	for n, v := range e.keys {
		if !jsonobject.EqualScalars(v, m[n]) {
			return false
		}
	}
	return true
}

func (e element) find(list []any) map[string]any {
	for _, l := range list {
		if m, ok := l.(map[string]any); ok && e.fits(m) {
			return m
		}
	}
	return nil
}

// keying is what is known of the elements of a keyed list: the names of their keys, and
// those that we own.
type keying struct {
	names   []string
	entries []element
	owned   map[string]any
}

// entryOf is the entry of managed fields that stands for a live element.
func (k keying) entryOf(live map[string]any) (key string, node map[string]any) {
	for _, e := range k.entries {
		if e.fits(live) {
			return e.raw, child(k.owned, e.raw)
		}
	}
	return "", nil
}

func setValue(key string) (any, bool) {
	text, ok := strings.CutPrefix(key, "v:")
	if !ok {
		return nil, false
	}
	var v any
	if utiljson.Unmarshal([]byte(text), &v) != nil {
		return nil, false
	}
	return v, true
}

func shownValue(v any) string {
	if s, ok := v.(string); ok {
		return pointerEscaper.Replace(s)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return pointerEscaper.Replace(string(b))
}
