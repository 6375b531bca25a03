package action

import (
	"strconv"
	"time"
)

// at is what is at a path, or nil.
func (o object) at(path ...string) any {
	var v any = map[string]any(o)
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

func (o object) text(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) flag(path ...string) bool {
	b, _ := o.at(path...).(bool)
	return b
}

func (o object) list(path ...string) []any {
	l, _ := o.at(path...).([]any)
	return l
}

func (o object) object(path ...string) map[string]any {
	m, _ := o.at(path...).(map[string]any)
	return m
}

// number reads what is a number, in whatever type it was decoded to, or written as text.
func (o object) number(path ...string) (int64, bool) {
	switch n := o.at(path...).(type) {
	case int64:
		return n, true
	case float64:
		return int64(n), true
	case int:
		return int64(n), true
	case string:
		i, err := strconv.ParseInt(n, 10, 64)
		return i, err == nil
	}
	return 0, false
}

// set puts a value at a path and makes the objects above it. What is there in their
// place and is no object is replaced, as nothing can be below it.
func (o object) set(value any, path ...string) {
	m := map[string]any(o)
	for _, name := range path[:len(path)-1] {
		next, ok := m[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[name] = next
		}
		m = next
	}
	m[path[len(path)-1]] = value
}

// remove takes away what is at a path.
func (o object) remove(path ...string) {
	delete(o.object(path[:len(path)-1]...), path[len(path)-1])
}

// The kinds of patches that most actions are.

func sets(value any, path ...string) func(object, Input) error {
	return func(o object, _ Input) error {
		o.set(value, path...)
		return nil
	}
}

func removes(path ...string) func(object, Input) error {
	return func(o object, _ Input) error {
		o.remove(path...)
		return nil
	}
}

// unsets makes what is true false, and leaves all else as it is: resuming what does not
// rest adds no field.
func unsets(path ...string) func(object, Input) error {
	return func(o object, _ Input) error {
		if o.flag(path...) {
			o.set(false, path...)
		}
		return nil
	}
}

// stamps writes the time, by which controllers notice that something is wanted again.
func stamps(path ...string) func(object, Input) error {
	return func(o object, in Input) error {
		o.set(in.Now.Format(time.RFC3339), path...)
		return nil
	}
}

func annotation(name string) []string { return []string{"metadata", "annotations", name} }

func label(name string) []string { return []string{"metadata", "labels", name} }
