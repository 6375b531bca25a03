package kustomize

import (
	"path"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/yaml"

	"evenkeel.dev/internal/fault"
)

// The annotations that buildMetadata asks for.
const (
	originAnnotation      = "config.kubernetes.io/origin"
	transformerAnnotation = "alpha.config.kubernetes.io/transformations"
)

// finish writes into an object's labels and annotations what Kustomize's program
// would have: it knows its version, and has origins of elsewhere as repositories.
func (m *mounts) finish(o *unstructured.Unstructured) error {
	if l := o.GetLabels(); strings.HasPrefix(l[konfig.ManagedbyLabelKey], "kustomize-") {
		if err := unstructured.SetNestedField(o.Object, "kustomize-"+Version, "metadata", "labels", konfig.ManagedbyLabelKey); err != nil {
			return fault.Wrap(fault.Internal, err, "label")
		}
	}
	if len(m.byID) == 0 {
		return nil
	}
	annotations := o.GetAnnotations()
	if written, ok := annotations[originAnnotation]; ok {
		if err := rewritten[*resource.Origin](o, originAnnotation, written, func(origin **resource.Origin) { m.origin(*origin) }); err != nil {
			return err
		}
	}
	written, ok := annotations[transformerAnnotation]
	if !ok {
		return nil
	}
	return rewritten(o, transformerAnnotation, written, func(all *resource.Transformations) {
		for _, origin := range *all {
			m.origin(origin)
		}
	})
}

// rewritten replaces an annotation that is YAML, unless it is something else that
// somebody wrote.
func rewritten[T any](o *unstructured.Unstructured, name, written string, change func(*T)) error {
	var value T
	if !strings.Contains(written, `\0`) || yaml.Unmarshal([]byte(written), &value) != nil {
		return nil //nolint:nilerr // somebody's own text stays as it is
	}
	change(&value)
	out, err := yaml.Marshal(value)
	if err == nil {
		err = unstructured.SetNestedField(o.Object, string(out), "metadata", "annotations", name)
	}
	return fault.Wrap(fault.Internal, err, "annotation %s", name)
}

// origin has the repository of a mount in the place of its path.
func (m *mounts) origin(o *resource.Origin) {
	if o == nil {
		return
	}
	for _, p := range [...]*string{&o.Path, &o.ConfiguredIn} {
		i := strings.LastIndex(*p, mark)
		if i < 0 {
			continue
		}
		before := (*p)[:i]
		id, name, _ := strings.Cut((*p)[i+len(mark):], "/")
		switch one := m.byID[id]; {
		case one == nil:
		case one.made != nil: // by a generator of the kustomization before it
			*p, o.ConfiguredIn = "", before+one.by
			o.ConfiguredBy = yaml.ResourceIdentifier{TypeMeta: yaml.TypeMeta{APIVersion: "builtin", Kind: chartGenerator}}
		default:
			o.Repo, o.Ref, *p = one.url, one.ref, path.Clean(name)
		}
	}
}
