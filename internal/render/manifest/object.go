package manifest

import (
	"errors"
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/resource"
)

// maxListDepth bounds Lists in Lists.
const maxListDepth = 16

// What a document was meant to be that cannot be an object. An error that is
// neither of these is about one that could not be read that far.
var (
	// ErrForeign: it has no kind, so it is something else.
	ErrForeign = errors.New("something else than an object")
	// ErrObject: it has one.
	ErrObject = errors.New("a broken object")
)

// marked is an error that is also another.
type marked struct {
	error
	also error
}

func (m marked) Unwrap() []error { return []error{m.error, m.also} }

// add checks a document's value and keeps the objects in it.
func (r *run) add(value any, line int) error {
	m, ok := value.(map[string]any)
	if !ok {
		return marked{r.failf(line, "a document must be a mapping, not %s", sortOf(value)), ErrForeign}
	}
	err := r.addObject(m, line, 0)
	switch {
	case err == nil:
		return nil
	case m["kind"] == nil:
		return marked{err, ErrForeign}
	}
	return marked{err, ErrObject}
}

func (r *run) addObject(m map[string]any, line, depth int) error {
	if isList(m) {
		return r.addList(m, line, depth)
	}
	if problem := check(m); problem != "" {
		return r.failf(line, "%s", problem)
	}
	if len(r.objects) >= r.MaxObjects {
		return r.failf(line, "more than %d objects in one file", r.MaxObjects)
	}
	r.objects = append(r.objects, &unstructured.Unstructured{Object: m})
	return nil
}

func (r *run) addList(list map[string]any, line, depth int) error {
	items, ok := list["items"].([]any)
	if !ok && list["items"] != nil {
		return r.failf(line, "the items of a %s must be a list, not %s", str(list["kind"]), sortOf(list["items"]))
	}
	if depth >= maxListDepth {
		return r.failf(line, "Lists nested deeper than %d levels", maxListDepth)
	}
	itemKind := strings.TrimSuffix(str(list["kind"]), "List")
	for i, item := range items {
		m, ok := item.(map[string]any)
		if !ok {
			return r.failf(line, "items[%d] of a %s must be a mapping, not %s", i, str(list["kind"]), sortOf(item))
		}
		if itemKind != "" && m["kind"] == nil {
			m["kind"] = itemKind
			if m["apiVersion"] == nil {
				m["apiVersion"] = list["apiVersion"]
			}
		}
		if err := r.addObject(m, line, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// isList says whether m is a List: a kind that ends so, with items and with
// neither a spec nor a name, so that a custom resource named like a list is not one.
func isList(m map[string]any) bool {
	if !strings.HasSuffix(str(m["kind"]), "List") {
		return false
	}
	if _, has := m["items"]; !has || m["spec"] != nil || m["status"] != nil {
		return false
	}
	metadata, _ := m["metadata"].(map[string]any)
	return metadata["name"] == nil
}

// check says what keeps m from being an object, or nothing.
func check(m map[string]any) string {
	kind, ok := m["kind"].(string)
	if !ok || kind == "" {
		return missing(m, "kind")
	}
	if problem := resource.CheckKind(kind); problem != "" {
		return problem
	}
	version, ok := m["apiVersion"].(string)
	if !ok || version == "" {
		return kind + ": " + missing(m, "apiVersion")
	}
	if problem := resource.CheckAPIVersion(version); problem != "" {
		return kind + ": " + problem
	}
	metadata, ok := m["metadata"].(map[string]any)
	if !ok {
		return kind + ": " + missing(m, "metadata")
	}
	if problem := checkMetadata(m, metadata); problem != "" {
		return named(kind, metadata) + ": " + problem
	}
	return ""
}

// named is an object in words; a name that cannot be one is not repeated.
func named(kind string, metadata map[string]any) string {
	if name := str(metadata["name"]); name != "" && resource.CheckName(name) == "" {
		return kind + " " + name
	}
	return kind
}

func checkMetadata(m, metadata map[string]any) string {
	for _, field := range [...]string{"name", "namespace", "generateName"} {
		if v := metadata[field]; v != nil {
			if _, ok := v.(string); !ok {
				return fmt.Sprintf("metadata.%s is %s, not a string; quote it", field, sortOf(v))
			}
		}
	}
	for _, field := range [...]string{"labels", "annotations"} {
		if problem := checkStrings("metadata."+field, metadata[field]); problem != "" {
			return problem
		}
	}
	if name := str(metadata["name"]); name != "" {
		if problem := resource.CheckName(name); problem != "" {
			return "metadata.name " + problem
		}
		return ""
	}
	if str(metadata["generateName"]) == "" {
		return "metadata.name is missing"
	}
	if !resource.IsHook(&unstructured.Unstructured{Object: m}) {
		return "metadata.generateName is for hooks only; metadata.name is missing"
	}
	return ""
}

func checkStrings(field string, v any) string {
	if v == nil {
		return ""
	}
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Sprintf("%s is %s, not a mapping", field, sortOf(v))
	}
	bad := ""
	for k, item := range m {
		if _, ok := item.(string); ok || (bad != "" && bad < k) {
			continue
		}
		bad = k
	}
	if item, has := m[bad]; has {
		if _, ok := item.(string); !ok {
			return fmt.Sprintf("%s[%q] is %s, not a string; quote it", field, bad, sortOf(item))
		}
	}
	return ""
}

func missing(m map[string]any, field string) string {
	v, has := m[field]
	if !has || v == nil || v == "" {
		return field + " is missing"
	}
	return fmt.Sprintf("%s is %s", field, sortOf(v))
}

func str(v any) string {
	s, _ := v.(string)
	return s
}

// sortOf is what sort of value v is, without showing it.
func sortOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "a string"
	case bool:
		return "a boolean"
	case int64, float64:
		return "a number"
	case []any:
		return "a list"
	}
	return "a mapping"
}
