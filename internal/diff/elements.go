package diff

import "encoding/json"

// list says what identifies the elements of a list: the values of some of their fields, or
// in a set the elements themselves.
type list struct {
	ownership ownership
	shape     shape
	names     []string
}

func listOf(o ownership, path []seg) list {
	return list{ownership: o, shape: o.shape(path), names: o.keyNames(path)}
}

// index is where each element is, by its key. It is not to be had of an atom, nor if an
// element has no key or two have the same.
func (l list) index(elements []any) (map[string]int, bool) {
	if l.shape == shapeUnknown {
		return nil, false
	}
	out := make(map[string]int, len(elements))
	for i, e := range elements {
		if m, ok := e.(map[string]any); l.shape == shapeKeyed && (!ok || label(m, l.names, -1) == "-1") {
			return nil, false
		}
		key := l.key(e)
		if _, twice := out[key]; twice {
			return nil, false
		}
		out[key] = i
	}
	return out, true
}

func (l list) key(element any) string { return l.label(element, -1) }

// label is what people call the element at an index.
func (l list) label(element any, i int) string {
	if m, ok := element.(map[string]any); ok && l.shape == shapeKeyed {
		return label(m, l.names, i)
	}
	return shownValue(element)
}

// element is how managed fields call a live element.
func (l list) element(path []seg, live any) string {
	if m, ok := live.(map[string]any); ok && l.shape == shapeKeyed {
		return l.ownership.elementKey(path, "", m)
	}
	b, err := json.Marshal(live)
	if err != nil {
		return "?"
	}
	return "v:" + string(b)
}
