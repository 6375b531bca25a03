package depends

import (
	"cmp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// most is how many Applications one may depend on.
const most = 100

// Ref names an Application. An empty namespace is that of whoever refers to it.
type Ref struct{ Namespace, Name string }

// String is NAME or NAMESPACE/NAME.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

// from is r as an Application of the namespace means it.
func (r Ref) from(namespace string) Ref {
	if r.Namespace == "" {
		r.Namespace = namespace
	}
	return r
}

// seen is r as it is called in the namespace.
func (r Ref) seen(namespace string) string {
	if r.Namespace == namespace {
		return r.Name
	}
	return r.String()
}

func compare(a, b Ref) int {
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
}

// Parse reads the value of the annotation: names, or NAMESPACE/NAME, with commas
// between them. Each is given once, in order.
func Parse(value string) ([]Ref, error) {
	if strings.TrimSpace(value) == "" {
		return nil, nil
	}
	var out []Ref
	for entry := range strings.SplitSeq(value, ",") {
		r, reason := parse(strings.TrimSpace(entry))
		if reason != "" {
			return nil, fault.New(fault.Invalid, "annotation %s: %s", v1alpha1.AnnotationDependsOn, reason)
		}
		if slices.Contains(out, r) {
			continue
		}
		if len(out) == most {
			return nil, fault.New(fault.Invalid, "annotation %s: more than %d applications", v1alpha1.AnnotationDependsOn, most)
		}
		out = append(out, r)
	}
	return out, nil
}

func parse(entry string) (r Ref, reason string) {
	if entry == "" {
		return r, "a name is missing before or after a comma"
	}
	namespace, name, ok := strings.Cut(entry, "/")
	if !ok {
		namespace, name = "", entry
	}
	if len(validation.IsDNS1123Subdomain(name)) > 0 || ok && len(validation.IsDNS1123Label(namespace)) > 0 {
		return r, quote(entry) + " is no NAME or NAMESPACE/NAME of an application"
	}
	return Ref{Namespace: namespace, Name: name}, ""
}
