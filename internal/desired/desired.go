package desired

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/jsonobject"
	"evenkeel.dev/internal/resource"
)

// maxProblems is how many broken objects one error names.
const maxProblems = 10

// Input is everything that the desired state depends on.
type Input struct {
	// Objects are the rendered objects in the order of the sources. Nil entries
	// are skipped.
	Objects []*unstructured.Unstructured
	// Sources are the positions of the sources that Objects are from; nil means that
	// there is one.
	Sources []int
	// App is the Application's name in tracking ids: see resource.AppInstance.
	App string
	// Installation is the installation's id, empty if there is only one on the cluster.
	Installation string
	// Namespace is the destination's, for namespaced objects that name none. It
	// may be empty when every object names its own.
	Namespace string
	// Self is the key of the Application itself if it lives in the destination
	// cluster, else zero.
	Self resource.Key
	// Scope says whether a kind is namespaced and whether the cluster knows it
	// at all. Nil knows nothing. Kinds that a CustomResourceDefinition among
	// Objects defines need not be known.
	Scope func(schema.GroupKind) (namespaced, known bool)
	// Excluded says which kinds the settings exclude. Nil excludes none.
	Excluded func(schema.GroupKind) bool
}

// State is the desired state of an Application. Objects and Hooks are sorted by
// key and hold each key once.
type State struct {
	Objects []Object
	// Hooks are not compared and not part of the sync status. A hook with
	// metadata.generateName has no name yet and no tracking id.
	Hooks []Object
	// Conditions are warnings, sorted, without times.
	Conditions []v1alpha1.ApplicationCondition
}

// Object is one object as it will be applied.
type Object struct {
	Key resource.Key
	GVK schema.GroupVersionKind
	// Wave is the sync wave.
	Wave int
	// ScopeKnown is false for a kind that neither the cluster nor the source
	// defines. Such an object counts as namespaced until the cluster knows
	// better, so project rules must be asked again then.
	ScopeKnown bool
	// Self: the object is the very Application that it belongs to. It is
	// compared and applied as any other, but has no say in the Application's
	// health and must never be deleted as a part of it.
	Self bool
	// Source is the position of the source that the object is from.
	Source int
	// HookTypes are the points at which a hook runs. A hook without any is applied
	// nowhere.
	HookTypes []resource.HookType
	// DeletePolicy says when a hook is deleted.
	DeletePolicy resource.DeletePolicy
	// SyncOptions is the list in its annotation.
	SyncOptions string
	// JSON is the body, compact and with sorted keys.
	JSON []byte
	// Hash identifies JSON within the objects of one key.
	Hash uint64
}

// Body is the object, decoded anew, so that callers may change it.
func (o Object) Body() (*unstructured.Unstructured, error) {
	m, err := jsonobject.Decode(o.JSON)
	if err != nil {
		return nil, err
	}
	return &unstructured.Unstructured{Object: m}, nil
}

// Build makes the desired state. An error is a fault.Broken that names what is
// wrong with each broken object, up to a limit; then there is no state, as a
// desired state with holes would prune what is missing from it.
func Build(in Input) (State, error) {
	b := &builder{in: in, defined: definedKinds(in.Objects)}
	var problems []string
	last := map[resource.Key]entry{}
	var unnamed []Object
	for i, raw := range in.Objects {
		if raw == nil {
			continue
		}
		gk := raw.GroupVersionKind().GroupKind()
		if in.Excluded != nil && in.Excluded(gk) {
			b.warn(v1alpha1.ConditionExcludedResourceWarning, "Resource %s/%s %s is excluded in the settings", gk.Group, gk.Kind, raw.GetName())
			continue
		}
		e, err := b.build(raw)
		if err != nil {
			problems = append(problems, err.Error())
			continue
		}
		if i < len(in.Sources) {
			e.Source = in.Sources[i]
		}
		if e.Key.Name == "" {
			unnamed = append(unnamed, e.Object)
			continue
		}
		e.times = last[e.Key].times + 1
		last[e.Key] = e
	}
	if problems != nil {
		return State{}, broken(problems)
	}
	return b.state(last, unnamed), nil
}

// entry is the last object with its key so far, and how many there were.
type entry struct {
	Object
	hook  bool
	times int
}

func (b *builder) state(last map[resource.Key]entry, unnamed []Object) State {
	s := State{Hooks: unnamed}
	for key, e := range last {
		if e.times > 1 {
			b.warn(v1alpha1.ConditionRepeatedResourceWarning, "Resource %s appeared %d times among application resources.", key, e.times)
		}
		if e.hook {
			s.Hooks = append(s.Hooks, e.Object)
			continue
		}
		s.Objects = append(s.Objects, e.Object)
	}
	slices.SortFunc(s.Objects, compareKeys)
	slices.SortStableFunc(s.Hooks, compareKeys)
	s.Conditions = b.conditions()
	return s
}

func compareKeys(a, b Object) int { return a.Key.Compare(b.Key) }

func broken(problems []string) error {
	more := len(problems) - maxProblems
	if more > 0 {
		problems = problems[:maxProblems]
	}
	text := strings.Join(problems, "; ")
	if more > 0 {
		return fault.New(fault.Broken, "%s; and %d more", text, more)
	}
	return fault.New(fault.Broken, "%s", text)
}

// definedKinds are the kinds that the objects themselves define, and whether
// they are namespaced.
func definedKinds(objects []*unstructured.Unstructured) map[schema.GroupKind]bool {
	defined := map[schema.GroupKind]bool{}
	for _, obj := range objects {
		if obj == nil || !isCRD(obj) {
			continue
		}
		group, _, _ := unstructured.NestedString(obj.Object, "spec", "group")
		kind, _, _ := unstructured.NestedString(obj.Object, "spec", "names", "kind")
		scope, _, _ := unstructured.NestedString(obj.Object, "spec", "scope")
		if kind != "" && (scope == "Namespaced" || scope == "Cluster") {
			defined[schema.GroupKind{Group: group, Kind: kind}] = scope == "Namespaced"
		}
	}
	return defined
}

func isCRD(obj *unstructured.Unstructured) bool {
	gvk := obj.GroupVersionKind()
	return gvk.Group == "apiextensions.k8s.io" && gvk.Kind == "CustomResourceDefinition"
}
