package manifest

import (
	"fmt"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/resource"
)

// maxListDepth bounds Lists in Lists.
const maxListDepth = 16

// add checks a document's value and keeps the objects in it.
func (r *run) add(value any, line int) error {
	m, ok := value.(map[string]any)
	if !ok {
		return r.failf(line, "a document must be a mapping, not %s", sortOf(value))
	}
	return r.addObject(m, line, 0)
}

func (r *run) addObject(m map[string]any, line, depth int) error {
	if items, ok := listItems(m); ok {
		return r.addList(m, items, line, depth)
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

func (r *run) addList(list map[string]any, items []any, line, depth int) error {
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

// listItems are the items of a List: a kind that ends so, with items and with
// neither a spec nor a name, so that a custom resource named like a list is not one.
func listItems(m map[string]any) ([]any, bool) {
	if !strings.HasSuffix(str(m["kind"]), "List") {
		return nil, false
	}
	items, has := m["items"]
	if !has || m["spec"] != nil || m["status"] != nil {
		return nil, false
	}
	if metadata, ok := m["metadata"].(map[string]any); ok && metadata["name"] != nil {
		return nil, false
	}
	if items == nil {
		return nil, true
	}
	list, ok := items.([]any)
	return list, ok
}

// check says what keeps m from being an object, or nothing.
func check(m map[string]any) string {
	kind, ok := m["kind"].(string)
	if !ok || kind == "" {
		return missing(m, "kind")
	}
	version, ok := m["apiVersion"].(string)
	if !ok || version == "" {
		return kind + ": " + missing(m, "apiVersion")
	}
	if strings.Count(version, "/") > 1 || strings.HasPrefix(version, "/") || strings.HasSuffix(version, "/") {
		return fmt.Sprintf("%s: apiVersion %q is neither VERSION nor GROUP/VERSION", kind, version)
	}
	metadata, ok := m["metadata"].(map[string]any)
	if !ok {
		return kind + ": " + missing(m, "metadata")
	}
	if problem := checkMetadata(m, metadata); problem != "" {
		return strings.TrimSpace(kind+" "+str(metadata["name"])) + ": " + problem
	}
	return ""
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
	if str(metadata["name"]) != "" {
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
