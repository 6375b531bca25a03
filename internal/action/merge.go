package action

import (
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/jsonobject"
	"evenkeel.dev/internal/resource"
)

// Change is what makes an object another one: merge patches (RFC 7386), of the status
// and of all the rest. Either is nil when nothing is to be changed there. They are two
// since a kind with a status subresource takes them in two requests.
type Change struct {
	Rest, Status map[string]any
}

// Empty says that there is nothing to do.
func (c Change) Empty() bool { return len(c.Rest) == 0 && len(c.Status) == 0 }

// Fields are JSON pointers to what is changed, sorted; lists are changed as wholes.
func (c Change) Fields() []string {
	out := append(leaves("", c.Rest), leaves("", c.Status)...)
	slices.Sort(out)
	return out
}

func leaves(at string, patch map[string]any) []string {
	escape := strings.NewReplacer("~", "~0", "/", "~1")
	var out []string
	for name, v := range patch {
		pointer := at + "/" + escape.Replace(name)
		if inner, ok := v.(map[string]any); ok && len(inner) > 0 {
			out = append(out, leaves(pointer, inner)...)
			continue
		}
		out = append(out, pointer)
	}
	return out
}

// served are the fields of metadata that the API server keeps. What a script makes of
// them counts for nothing.
func served() []string {
	return []string{"creationTimestamp", "deletionTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
}

// ChangeOf is the change that a Patch operation stands for. An operation that is about
// another object than the live one is fault.Denied: an action is permitted for one
// object, and its outcome was worked out from that one's fields.
func ChangeOf(live *unstructured.Unstructured, op Operation) (Change, error) {
	next := op.Object
	if next.GetAPIVersion() != live.GetAPIVersion() || resource.KeyOf(next) != resource.KeyOf(live) {
		return Change{}, fault.New(fault.Denied, "an action on %s may change that object only, and this one would change %s of %s",
			resource.KeyOf(live).Human(), resource.KeyOf(next).Human(), resource.Shown(next.GetAPIVersion()))
	}
	patch := mergePatch(live.Object, withServed(live, next.Object))
	c := Change{Rest: patch}
	if status, ok := patch["status"]; ok {
		c.Status = map[string]any{"status": status}
		delete(patch, "status")
	}
	return c, nil
}

// withServed is next with the API server's own fields as live has them.
func withServed(live *unstructured.Unstructured, next map[string]any) map[string]any {
	out := shallow(next)
	meta := shallow(object(next).object("metadata"))
	have := object(live.Object).object("metadata")
	for _, name := range served() {
		delete(meta, name)
		if v, ok := have[name]; ok {
			meta[name] = v
		}
	}
	out["metadata"] = meta
	return out
}

func shallow(m map[string]any) map[string]any {
	out := make(map[string]any, len(m))
	maps.Copy(out, m)
	return out
}

// mergePatch makes a into b. Lists are replaced as wholes: whoever sends the patch
// names the resource version that it was made from.
func mergePatch(a, b map[string]any) map[string]any {
	patch := map[string]any{}
	for name, was := range a {
		if _, stays := b[name]; !stays && was != nil {
			patch[name] = nil
		}
	}
	for name, is := range b {
		was := a[name]
		if jsonobject.Equal(was, is) {
			continue
		}
		ma, both := was.(map[string]any)
		mb, isMap := is.(map[string]any)
		switch {
		case isMap && both:
			if inner := mergePatch(ma, mb); len(inner) > 0 {
				patch[name] = inner
			}
		case isMap:
			patch[name] = withoutNulls(mb)
		default:
			patch[name] = is
		}
	}
	return patch
}

// withoutNulls is m as a merge patch can say it: null means that a field goes.
func withoutNulls(m map[string]any) map[string]any {
	out := map[string]any{}
	for name, v := range m {
		if inner, ok := v.(map[string]any); ok {
			out[name] = withoutNulls(inner)
		} else if v != nil {
			out[name] = v
		}
	}
	return out
}

// preserved is made, by a script, with what Lua loses given back as it is in was: an
// empty object, which it cannot tell from an empty list, nulls, and the last bits of
// large numbers.
func preserved(was, made any) any {
	switch m := made.(type) {
	case map[string]any:
		old, _ := was.(map[string]any)
		for name, v := range m {
			before := old[name]
			if before == nil && (name == "annotations" || name == "labels") {
				before = map[string]any{} // which they are wherever Kubernetes has them
			}
			m[name] = preserved(before, v)
		}
		for name, v := range old {
			if _, there := m[name]; v == nil && !there {
				m[name] = nil
			}
		}
		return m
	case []any:
		if old, wasMap := was.(map[string]any); wasMap && len(m) == 0 {
			return preserved(old, map[string]any{})
		}
		old, _ := was.([]any)
		for i, v := range m {
			var before any
			if i < len(old) {
				before = old[i]
			}
			m[i] = preserved(before, v)
		}
		return m
	case int64:
		// Lua's numbers have 53 bits.
		if n, ok := was.(int64); ok && float64(n) == float64(m) {
			return n
		}
	}
	return made
}
