package diff

import "strings"

// drop follows what our manager owns and no longer wants. Server-side apply prunes
// what we own, as a whole, unless somebody else owns it too; then it looks for
// more of ours below.
//
// Owning is exact: another manager that owns a field of an element, but not the
// element itself, does not keep the element (structured-merge-diff, merge.prune).
func (w *walker) drop(path []seg, live any, owned map[string]any) {
	if owned == nil {
		return
	}
	if !member(path, owned) || w.ownership.othersKeep(path, owned) {
		w.dropBelow(path, live, owned)
		return
	}
	if m, ok := live.(map[string]any); w.isDefault(path, live) || ok && w.derived(path, m) {
		return
	}
	c := w.add(path, nil, live)
	c.Removed, c.Unsure = true, true
}

func (w *walker) dropBelow(path []seg, live any, owned map[string]any) {
	switch l := live.(type) {
	case map[string]any:
		for key, o := range owned {
			name, ok := strings.CutPrefix(key, "f:")
			if !ok {
				continue
			}
			if v, ok := l[name]; ok {
				o, _ := o.(map[string]any)
				w.drop(append(path, field(name)), v, o)
			}
		}
	case []any:
		w.dropElements(path, l, owned, nil)
	}
}

// dropElements drops the elements of ours that are not in kept.
func (w *walker) dropElements(path []seg, live []any, owned map[string]any, kept map[string]bool) {
	for key, o := range owned {
		if kept[key] {
			continue
		}
		o, _ := o.(map[string]any)
		if v, ok := setValue(key); ok {
			if _, there := count(live, v); there {
				w.drop(append(path, seg{name: shownValue(v), element: key}), v, o)
			}
			continue
		}
		e, ok := elementFor(key)
		if !ok {
			continue
		}
		if l := e.find(live); l != nil {
			w.drop(append(path, seg{name: label(l, keyNames([]element{e}), 0), element: key}), l, o)
		}
	}
}

// member says whether the node of managed fields at a path stands for the field itself,
// not only for something below it. Of fields of a struct that is always so.
func member(path []seg, node map[string]any) bool {
	if len(node) == 0 {
		return true
	}
	if _, dot := node["."]; dot {
		return true
	}
	return path[len(path)-1].element == ""
}

// othersKeep says whether a manager other than ours owns the path itself, so that
// giving it up removes nothing. ours is our node there: if it has a dot, the path is
// an element or a key of a map, which is owned only by who has a dot too.
func (o ownership) othersKeep(path []seg, ours map[string]any) bool {
	_, explicit := ours["."]
	for i := range o.all {
		g := &o.all[i]
		if g.ours || g.taken || g.foreign {
			continue
		}
		node, ok := at(g.fields, path)
		if !ok {
			continue
		}
		_, dot := node["."]
		if dot || len(node) == 0 || !explicit && path[len(path)-1].element == "" {
			return true
		}
	}
	return false
}
