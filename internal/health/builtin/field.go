package builtin

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// fields is a JSON object. Reading through absent fields yields zero values.
type fields map[string]any

func spec(obj *unstructured.Unstructured) fields   { return fields(obj.Object).object("spec") }
func status(obj *unstructured.Unstructured) fields { return fields(obj.Object).object("status") }

func (f fields) object(name string) fields {
	m, _ := f[name].(map[string]any)
	return m
}

func (f fields) text(name string) string {
	s, _ := f[name].(string)
	return s
}

func (f fields) flag(name string) bool {
	b, _ := f[name].(bool)
	return b
}

func (f fields) list(name string) []any {
	l, _ := f[name].([]any)
	return l
}

// number is 0 for what is no number; has tells the two apart. Objects read from
// the API hold int64, those read from YAML may hold float64.
func (f fields) number(name string) int64 {
	switch n := f[name].(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	case int:
		return int64(n)
	}
	return 0
}

func (f fields) has(name string) bool { return f[name] != nil }

// condition is the first of status.conditions with a type; nil when there is none.
func (f fields) condition(kind string) fields {
	for c := range f.each("conditions") {
		if c.text("type") == kind {
			return c
		}
	}
	return nil
}

// each yields the objects of a list.
func (f fields) each(name string) func(yield func(fields) bool) {
	return func(yield func(fields) bool) {
		for _, e := range f.list(name) {
			if m, ok := e.(map[string]any); ok && !yield(m) {
				return
			}
		}
	}
}

func generation(obj *unstructured.Unstructured) int64 {
	return fields(obj.Object).object("metadata").number("generation")
}

// Annotation is one annotation of obj, without the copy that GetAnnotations makes.
func Annotation(obj *unstructured.Unstructured, name string) string {
	return fields(obj.Object).object("metadata").object("annotations").text(name)
}
