package diff

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gobwas/glob"
	corev1 "k8s.io/api/core/v1"
	apiresource "k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/jq"
)

// KnownType says that a field of objects of a kind, a path with dots, has a type of
// Kubernetes' own, such as core/v1/PodSpec, core/Quantity or meta/v1/Duration.
type KnownType struct{ Group, Kind, Field, Type string }

// knownField is one field that is compared as the type that it has.
type knownField struct {
	path []string
	of   reflect.Type
}

// CompileKnown makes rules of types that fields are said to have. Values there are
// compared in the form that the type writes: 1000m is 1, and 60m is 1h0m0s.
func CompileKnown(list []KnownType) (*RuleSet, []error) {
	set := &RuleSet{}
	if len(list) == 0 {
		return set, nil
	}
	types := knownTypes()
	var problems []error
	for _, k := range list {
		of, ok := types[k.Type]
		if !ok {
			problems = append(problems, fault.New(fault.Invalid, "%.64q is no type that is known, such as core/v1/PodSpec", k.Type))
			continue
		}
		rule := compiledRule{known: []knownField{{strings.Split(k.Field, "."), of}}, text: textOf(k)}
		var err error
		if rule.group, err = pattern(k.Group); err == nil {
			rule.kind, err = pattern(k.Kind)
		}
		if err != nil {
			problems = append(problems, err)
			continue
		}
		set.rules = append(set.rules, rule)
	}
	return set, problems
}

// knownTypes are all types of core/v1 that an object of it is made of, and two more,
// by the names that Argo CD gives them.
func knownTypes() map[string]reflect.Type {
	out := map[string]reflect.Type{
		"core/Quantity":    reflect.TypeFor[apiresource.Quantity](),
		"meta/v1/Duration": reflect.TypeFor[metav1.Duration](),
	}
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		return out
	}
	for _, t := range scheme.KnownTypes(corev1.SchemeGroupVersion) {
		gatherTypes(out, t)
	}
	return out
}

func gatherTypes(out map[string]reflect.Type, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice:
		gatherTypes(out, t.Elem())
		if t.Name() == "" {
			return
		}
	case reflect.Map, reflect.Struct:
	default:
		return
	}
	if t.PkgPath() != reflect.TypeFor[corev1.Pod]().PkgPath() {
		return
	}
	name := "core/v1/" + t.Name()
	if _, again := out[name]; again {
		return
	}
	out[name] = t
	if t.Kind() == reflect.Map {
		gatherTypes(out, t.Elem())
		return
	}
	if t.Kind() == reflect.Struct {
		for i := range t.NumField() {
			gatherTypes(out, t.Field(i).Type)
		}
	}
}

// canonical is obj with the field in the form that its type writes, or obj itself.
func (f knownField) canonical(obj *unstructured.Unstructured) *unstructured.Unstructured {
	out, ok := f.below(obj.Object, f.path).(map[string]any)
	if !ok {
		return obj
	}
	return &unstructured.Unstructured{Object: out}
}

// below is v with the field at a path in its canonical form; a list on the way stands
// for all of its elements.
func (f knownField) below(v any, path []string) any {
	if list, ok := v.([]any); ok && (len(path) > 0 || f.of.Kind() != reflect.Slice) {
		out := slices.Clone(list)
		for i := range out {
			out[i] = f.below(out[i], path)
		}
		return out
	}
	if len(path) == 0 {
		return f.written(v)
	}
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	e, ok := m[path[0]]
	if !ok {
		return v
	}
	out := make(map[string]any, len(m))
	maps.Copy(out, m)
	out[path[0]] = f.below(e, path[1:])
	return out
}

func (f knownField) written(v any) any {
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	typed := reflect.New(f.of).Interface()
	if err := json.Unmarshal(b, typed); err != nil {
		return v
	}
	if b, err = json.Marshal(typed); err != nil {
		return v
	}
	var out any
	if err := utiljson.Unmarshal(b, &out); err != nil {
		return v
	}
	return within(v, out)
}

// within is canonical with the fields of v only: a type leaves out what is empty or
// what it does not know, and adds what has no omitempty, none of which anybody wrote.
func within(v, canonical any) any {
	switch t := v.(type) {
	case map[string]any:
		c, ok := canonical.(map[string]any)
		if !ok {
			return v
		}
		out := make(map[string]any, len(t))
		for k, e := range t {
			if x, ok := c[k]; ok {
				e = within(e, x)
			}
			out[k] = e
		}
		return out
	case []any:
		c, ok := canonical.([]any)
		if !ok || len(c) != len(t) {
			return v
		}
		out := make([]any, len(t))
		for i := range t {
			out[i] = within(t[i], c[i])
		}
		return out
	case nil:
		return nil
	}
	if _, isMap := canonical.(map[string]any); isMap || canonical == nil {
		return v
	}
	return canonical
}

// AggregatedRoles is the rule of resource.compareoptions' ignoreAggregatedRoles: what a
// ClusterRole permits that is put together of others is written by the cluster.
func AggregatedRoles() *RuleSet {
	group, kind := glob.MustCompile("rbac.authorization.k8s.io"), glob.MustCompile("ClusterRole")
	return &RuleSet{rules: []compiledRule{{group: group, kind: kind, steps: []step{aggregated{}}, text: "ignoreAggregatedRoles"}}}
}

type aggregated struct{}

func (aggregated) places(d *document) ([]jq.Path, error) {
	if d.obj.Object["aggregationRule"] == nil {
		return nil, nil
	}
	return []jq.Path{{{Key: "rules"}}}, nil
}
