package resource

import (
	"encoding/json"
	"fmt"
	"hash/maphash"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// LastApplied is the annotation in which kubectl keeps what it has applied.
const LastApplied = "kubectl.kubernetes.io/last-applied-configuration"

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
// dropped. Of every object the annotations that are called sensitive are masked
// (argocd-cm resource.sensitive.mask.annotations; Argo CD does so for Secrets only).
// obj is never changed, and given back as it is where there is nothing to mask.
//
// The kind is read off the object that the cluster or the renderer gave, never
// off a request (CVE-2026-42880).
func Masked(obj *unstructured.Unstructured, sensitive ...string) *unstructured.Unstructured {
	if obj == nil {
		return obj
	}
	secret := KeyOf(obj).IsSecret()
	annotations := MaskedAnnotations(rawAnnotations(obj), sensitive)
	if !secret && annotations == nil {
		return obj
	}
	out := obj.DeepCopy()
	if annotations != nil {
		out.Object["metadata"].(map[string]any)["annotations"] = annotations
	}
	if !secret {
		return out
	}
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
	if a := out.GetAnnotations(); a[LastApplied] != "" {
		delete(a, LastApplied)
		out.SetAnnotations(a)
	}
	return out
}

func rawAnnotations(obj *unstructured.Unstructured) map[string]any {
	meta, _ := obj.Object["metadata"].(map[string]any)
	annotations, _ := meta["annotations"].(map[string]any)
	return annotations
}

// MaskedAnnotations is a copy of annotations in which the sensitive ones are masked,
// and with them the last-applied one, which repeats them; or nil, if there are none.
func MaskedAnnotations(annotations map[string]any, sensitive []string) map[string]any {
	found := false
	for _, name := range sensitive {
		_, has := annotations[name]
		found = found || has
	}
	if !found {
		return nil
	}
	out := make(map[string]any, len(annotations))
	for name, v := range annotations {
		if name == LastApplied || slices.Contains(sensitive, name) {
			v = Mask(text(v))
		}
		out[name] = v
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
