package resource

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// maskSeed makes marks that cannot be compared across processes, so that a mark
// tells nothing about its value.
var maskSeed = maphash.MakeSeed()

// Mask stands for a secret value: equal values have equal masks within this
// process, and nothing else can be told from it.
func Mask(value string) string {
	return fmt.Sprintf("•••••• (%04x)", uint16(maphash.String(maskSeed, value)))
}

// IsSecret says whether objects of this key hold values that must never be shown.
// A kind that is written in another case is none that a cluster knows, but what
// was meant is clear.
func (k Key) IsSecret() bool { return k.Group == "" && strings.EqualFold(k.Kind, "Secret") }

// Masked is obj as it may be shown: of a Secret every value of data and
// stringData is masked and the last-applied annotation, which repeats them, is
// dropped. Other objects are returned as they are; obj is never changed.
//
// The kind is read off the object that the cluster or the renderer gave, never
// off a request (CVE-2026-42880).
func Masked(obj *unstructured.Unstructured) *unstructured.Unstructured {
	if obj == nil || !KeyOf(obj).IsSecret() {
		return obj
	}
	out := obj.DeepCopy()
	for _, field := range [...]string{"data", "stringData"} {
		m, ok := out.Object[field].(map[string]any)
		if !ok {
			if _, present := out.Object[field]; present {
				out.Object[field] = Mask("")
			}
			continue
		}
		for k, v := range m {
			m[k] = Mask(text(v))
		}
	}
	if a := out.GetAnnotations(); a[lastApplied] != "" {
		delete(a, lastApplied)
		out.SetAnnotations(a)
	}
	return out
}

func text(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
