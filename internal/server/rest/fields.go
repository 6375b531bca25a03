package rest

import (
	"bytes"
	"encoding/json"
	"strings"
)

// fieldMask is Argo CD's fields parameter: dotted paths to keep, or after a
// leading "-" to drop. Arrays are passed through: a path goes on in each item.
type fieldMask struct {
	drop bool
	root maskNode
}

type maskNode map[string]maskNode

// parseFields reads a mask; nil means that everything is kept.
func parseFields(s string) *fieldMask {
	s, drop := strings.CutPrefix(s, "-")
	m := &fieldMask{drop: drop, root: maskNode{}}
	for path := range strings.SplitSeq(s, ",") {
		if path != "" {
			m.root.add(path)
		}
	}
	if len(m.root) == 0 {
		return nil
	}
	return m
}

// add keeps a shorter path that covers the new one, and replaces longer ones.
func (n maskNode) add(path string) {
	name, rest, more := strings.Cut(path, ".")
	child, known := n[name]
	if known && len(child) == 0 {
		return
	}
	if !more {
		n[name] = maskNode{}
		return
	}
	if !known {
		child = maskNode{}
		n[name] = child
	}
	child.add(rest)
}

// apply is v as the mask leaves it, in JSON's types.
func (m *fieldMask) apply(v any) (any, error) {
	if m == nil {
		return v, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return nil, err
	}
	return m.mask(tree, m.root), nil
}

func (m *fieldMask) mask(v any, n maskNode) any {
	if len(n) == 0 {
		return v
	}
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = m.mask(v[i], n)
		}
		return v
	case map[string]any:
		for name, value := range v {
			child, named := n[name]
			switch {
			case named && m.drop && len(child) == 0, !named && !m.drop:
				delete(v, name)
			case named:
				v[name] = m.mask(value, child)
			}
		}
		return v
	}
	return v
}
