package field

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Object is a JSON object. A nil one has no fields.
type Object map[string]any

// Of is obj as fields.
func Of(obj *unstructured.Unstructured) Object { return obj.Object }

// Spec is the spec of an object.
func Spec(obj *unstructured.Unstructured) Object { return Of(obj).Object("spec") }

// Status is the status of an object.
func Status(obj *unstructured.Unstructured) Object { return Of(obj).Object("status") }

// Generation counts the changes of an object's spec.
func Generation(obj *unstructured.Unstructured) int64 {
	return Of(obj).Object("metadata").Number("generation")
}

// Annotation is one annotation of obj, without the copy that GetAnnotations makes.
func Annotation(obj *unstructured.Unstructured, name string) string {
	return Of(obj).Object("metadata").Object("annotations").Text(name)
}

// Object is the object at a name.
func (o Object) Object(name string) Object {
	m, _ := o[name].(map[string]any)
	return m
}

// Text is the string at a name.
func (o Object) Text(name string) string {
	s, _ := o[name].(string)
	return s
}

// Flag is the boolean at a name.
func (o Object) Flag(name string) bool {
	b, _ := o[name].(bool)
	return b
}

// List is the array at a name.
func (o Object) List(name string) []any {
	l, _ := o[name].([]any)
	return l
}

// Number is the number at a name, 0 for what is none; Has tells the two apart.
// Objects read from the API hold int64, those read from YAML may hold float64.
func (o Object) Number(name string) int64 {
	switch n := o[name].(type) {
	case int64:
		return n
	case float64:
		return int64(n)
	case int:
		return int64(n)
	}
	return 0
}

// Has says whether there is anything at a name; null is nothing.
func (o Object) Has(name string) bool { return o[name] != nil }

// Each yields the objects of the array at a name.
func (o Object) Each(name string) func(yield func(Object) bool) {
	return func(yield func(Object) bool) {
		for _, e := range o.List(name) {
			if m, ok := e.(map[string]any); ok && !yield(m) {
				return
			}
		}
	}
}

// At goes down a path of names that are joined by dots to the object that holds the
// last of them, which is given back too.
func (o Object) At(path string) (holder Object, name string) {
	for {
		head, tail, more := strings.Cut(path, ".")
		if !more {
			return o, head
		}
		o, path = o.Object(head), tail
	}
}

// Scalar is a value as text, as JSON writes it but for the quotes; objects, lists and
// null have none.
func Scalar(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64), true
	}
	return "", false
}
