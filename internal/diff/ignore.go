package diff

import (
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Pointers are the JSON pointers (RFC 6901) that a list of rules has for an object.
func Pointers(rules []v1alpha1.ResourceIgnoreDifferences, key resource.Key) []string {
	var out []string
	for _, r := range rules {
		if matches(r.Group, key.Group) && matches(r.Kind, key.Kind) &&
			(r.Name == "" || r.Name == key.Name) && (r.Namespace == "" || r.Namespace == key.Namespace) {
			out = append(out, r.JSONPointers...)
		}
	}
	return out
}

// matches follows Argo CD: "*" or equality.
func matches(rule, value string) bool { return rule == "*" || rule == value }

// Without is obj without the fields at pointers, or obj itself when it has none of
// them. obj is never changed.
func Without(obj *unstructured.Unstructured, pointers []string) *unstructured.Unstructured {
	out, copied := obj, false
	for _, p := range pointers {
		if _, ok := Lookup(out.Object, p); !ok {
			continue
		}
		if !copied {
			out, copied = obj.DeepCopy(), true
		}
		out.Object, _ = edit(out.Object, segments(p), nil, true).(map[string]any)
	}
	return out
}

// With is desired with the values that live has at pointers: what the sync option
// RespectIgnoreDifferences=true applies. desired is never changed.
func With(desired, live *unstructured.Unstructured, pointers []string) *unstructured.Unstructured {
	out, copied := desired, false
	for _, p := range pointers {
		v, ok := Lookup(live.Object, p)
		if !ok {
			continue
		}
		if !copied {
			out, copied = desired.DeepCopy(), true
		}
		out.Object, _ = edit(out.Object, segments(p), v, false).(map[string]any)
	}
	return out
}

// Lookup is the value at a pointer.
func Lookup(v any, p string) (any, bool) {
	for _, s := range segments(p) {
		switch t := v.(type) {
		case map[string]any:
			next, ok := t[s]
			if !ok {
				return nil, false
			}
			v = next
		case []any:
			i, err := strconv.Atoi(s)
			if err != nil || i < 0 || i >= len(t) {
				return nil, false
			}
			v = t[i]
		default:
			return nil, false
		}
	}
	return v, true
}

var pointerUnescaper = strings.NewReplacer("~1", "/", "~0", "~")

func segments(p string) []string {
	p = strings.TrimPrefix(p, "/")
	if p == "" {
		return nil
	}
	parts := strings.Split(p, "/")
	for i := range parts {
		parts[i] = pointerUnescaper.Replace(parts[i])
	}
	return parts
}

// edit sets or removes the value at a path and returns the changed container.
func edit(v any, path []string, value any, remove bool) any {
	if len(path) == 0 {
		return v
	}
	last := len(path) == 1
	switch t := v.(type) {
	case map[string]any:
		switch {
		case last && remove:
			delete(t, path[0])
		case last:
			t[path[0]] = value
		case t[path[0]] != nil:
			t[path[0]] = edit(t[path[0]], path[1:], value, remove)
		case !remove:
			t[path[0]] = edit(map[string]any{}, path[1:], value, false)
		}
		return t
	case []any:
		i, err := strconv.Atoi(path[0])
		if err != nil || i < 0 || i >= len(t) {
			return t
		}
		switch {
		case last && remove:
			return append(t[:i], t[i+1:]...)
		case last:
			t[i] = value
		default:
			t[i] = edit(t[i], path[1:], value, remove)
		}
		return t
	}
	return v
}
