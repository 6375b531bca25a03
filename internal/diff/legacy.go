package diff

import (
	"strings"

	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// lastAppliedName is the annotation in which client-side apply keeps the manifest.
const lastAppliedName = "kubectl.kubernetes.io/last-applied-configuration"

// lastApplied is the manifest that was applied client-side, or nil.
func lastApplied(meta map[string]any) any {
	annotations, _ := meta["annotations"].(map[string]any)
	text, ok := annotations[lastAppliedName].(string)
	if !ok {
		return nil
	}
	var manifest map[string]any
	if utiljson.Unmarshal([]byte(text), &manifest) != nil || manifest == nil {
		return nil
	}
	return manifest
}

// restrict is what of owned is in a manifest.
func restrict(owned map[string]any, manifest any) map[string]any {
	out := map[string]any{}
	for key, o := range owned {
		node, _ := o.(map[string]any)
		v, ok := inManifest(key, manifest)
		switch {
		case key == ".":
			out[key] = node
		case !ok:
		case len(node) == 0:
			out[key] = node
		default:
			if within := restrict(node, v); branches(within) {
				out[key] = within
			} else if _, element := within["."]; element && !strings.HasPrefix(key, "f:") {
				out[key] = within
			}
		}
	}
	return out
}

// inManifest is the value that a key of managed fields means.
func inManifest(key string, manifest any) (any, bool) {
	switch m := manifest.(type) {
	case map[string]any:
		name, ok := strings.CutPrefix(key, "f:")
		v := m[name]
		return v, ok && v != nil
	case []any:
		if v, ok := setValue(key); ok {
			_, there := count(m, v)
			return v, there
		}
		e, ok := elementFor(key)
		for _, item := range m {
			if l, isMap := item.(map[string]any); ok && isMap && e.mayBe(l) {
				return l, true
			}
		}
	}
	return nil, false
}
