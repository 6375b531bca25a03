package diff

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Without is obj without the fields at JSON pointers, or obj itself when it has none
// of them. obj is never changed.
func Without(obj *unstructured.Unstructured, pointers []string) *unstructured.Unstructured {
	d := &document{obj: obj}
	for _, p := range pointers {
		paths, _ := pointerStep(segments(p)).places(d) // it has no errors
		d.without(paths)
	}
	return d.obj
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
