package diff

import (
	"maps"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"evenkeel.dev/internal/jq"
)

// document is an object from which steps leave out one thing after the other. The
// object that it was made of is never changed.
type document struct {
	obj   *unstructured.Unstructured
	input *jq.Input
	// cut is what was left out last, before the object until then.
	cut    cut
	before map[string]any
}

// jq is the object as programs read it, made when the first one wants it.
func (d *document) jq() (*jq.Input, error) {
	if d.input != nil {
		return d.input, nil
	}
	var err error
	d.input, err = jq.NewInput(d.obj.Object)
	return d.input, err
}

func (d *document) without(paths []jq.Path) {
	d.cut, d.before = cut{}, d.obj.Object
	if len(paths) == 0 {
		return
	}
	for _, p := range paths {
		d.cut.add(p)
	}
	if m, ok := d.cut.from(d.obj.Object).(map[string]any); ok {
		d.obj, d.input = &unstructured.Unstructured{Object: m}, nil
	}
}

// tidy drops the maps and lists of which nothing was left, unless other has them too:
// that they are there says nothing by itself.
func (d *document) tidy(other *unstructured.Unstructured) {
	d.cut.tidy(d.before, d.obj.Object, other.Object)
}

type pointerStep []string

// places is the pointer's, if there is something. As in a JSON patch an index below
// zero counts from the end.
func (p pointerStep) places(d *document) ([]jq.Path, error) {
	path, ok := resolve(d.obj.Object, p)
	if !ok || len(path) == 0 {
		return nil, nil
	}
	return []jq.Path{path}, nil
}

func resolve(v any, pointer []string) (jq.Path, bool) {
	path := make(jq.Path, 0, len(pointer))
	for _, s := range pointer {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[s]
			if !ok {
				return nil, false
			}
			path, v = append(path, jq.Segment{Key: s}), next
		case []any:
			i, err := strconv.Atoi(s)
			if i < 0 {
				i += len(t)
			}
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			path, v = append(path, jq.Segment{List: true, From: i, To: i + 1}), t[i]
		default:
			return nil, false
		}
	}
	return path, true
}

type jqStep struct{ *jq.Program }

func (s jqStep) places(d *document) ([]jq.Path, error) {
	in, err := d.jq()
	if err != nil {
		return nil, err
	}
	paths, err := s.Paths(in)
	// "." would leave nothing of the object.
	return slices.DeleteFunc(paths, func(p jq.Path) bool { return len(p) == 0 }), err
}

// cut is a set of places, as a tree.
type cut struct {
	all      bool
	fields   map[string]*cut
	elements map[int]*cut
}

func (c *cut) add(path jq.Path) {
	if c.all {
		return
	}
	if len(path) == 0 {
		c.all = true
		return
	}
	s := path[0]
	if !s.List {
		if c.fields == nil {
			c.fields = map[string]*cut{}
		}
		if c.fields[s.Key] == nil {
			c.fields[s.Key] = &cut{}
		}
		c.fields[s.Key].add(path[1:])
		return
	}
	if c.elements == nil {
		c.elements = map[int]*cut{}
	}
	for i := s.From; i < s.To; i++ {
		if c.elements[i] == nil {
			c.elements[i] = &cut{}
		}
		c.elements[i].add(path[1:])
	}
}

// from is v without the places, or v itself where it has none. What is changed is
// copied first.
func (c *cut) from(v any) any {
	switch t := v.(type) {
	case map[string]any:
		var out map[string]any
		for name, inner := range c.fields {
			e, ok := t[name]
			if !ok {
				continue
			}
			if out == nil {
				out = make(map[string]any, len(t))
				maps.Copy(out, t)
			}
			if inner.all {
				delete(out, name)
			} else {
				out[name] = inner.from(e)
			}
		}
		if out != nil {
			return out
		}
	case []any:
		if len(c.elements) == 0 {
			return t
		}
		out := make([]any, 0, len(t))
		for i, e := range t {
			inner := c.elements[i]
			switch {
			case inner == nil:
				out = append(out, e)
			case !inner.all:
				out = append(out, inner.from(e))
			}
		}
		return out
	}
	return v
}

// tidy drops fields of after, which from has made of before, that it has emptied and
// that other lacks.
func (c *cut) tidy(before, after, other any) {
	switch a := after.(type) {
	case map[string]any:
		b, _ := before.(map[string]any)
		o, _ := other.(map[string]any)
		for name, inner := range c.fields {
			e, ok := a[name]
			if !ok {
				continue
			}
			inner.tidy(b[name], e, o[name])
			if _, both := o[name]; !both && length(e) == 0 && length(b[name]) > 0 {
				delete(a, name)
			}
		}
	case []any:
		b, _ := before.([]any)
		i := 0
		for n, e := range b {
			inner := c.elements[n]
			if inner != nil && inner.all {
				continue
			}
			if inner != nil {
				inner.tidy(e, a[i], nil)
			}
			i++
		}
	}
}

// length is how much a map or list has in it; of what is neither, 1.
func length(v any) int {
	switch t := v.(type) {
	case map[string]any:
		return len(t)
	case []any:
		return len(t)
	}
	return 1
}

func copied(v any) any { return runtime.DeepCopyJSONValue(v) }
