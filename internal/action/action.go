package action

import (
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Action is something that can be done to an object.
type Action struct {
	Name        string
	DisplayName string
	// IconClass is a class of Font Awesome's.
	IconClass string
	// Disabled says that it makes no sense now. It can be run all the same, as in Argo
	// CD: whoever scripts it need not know the state.
	Disabled bool
	Params   []Param
}

// Param is a value that an action wants. Default is what a form begins with: it is not
// taken for a value that was left out.
type Param struct {
	Name    string
	Default string
}

// Input is what an action is run with.
type Input struct {
	Params map[string]string
	Now    time.Time
}

// Verb is what an operation does.
type Verb string

// The operations that there are.
const (
	Patch  Verb = "patch"
	Create Verb = "create"
)

// Operation is one thing that an action does: it makes the object like Object, or
// creates Object.
type Operation struct {
	Verb   Verb
	Object *unstructured.Unstructured
}

// object is a JSON object. Reading through absent fields yields zero values.
type object map[string]any

// definition is a shipped action.
type definition struct {
	name, display, icon string
	// label is display where it depends on the object.
	label func(object) string
	// params are what it wants, nil for nothing.
	params func(object) []Param
	// state is whether it is offered; nil always offers it.
	state func(object) state
	// patch changes a copy of the object. create makes another object. One of them is set.
	patch  func(object, Input) error
	create func(object, Input) object
	// sample is an input to learn with what the action would do; nil means none is needed.
	sample func(object) map[string]string
}

// state is how an action is offered.
type state int

const (
	enabled state = iota
	disabled
	hidden
)

func enabledIf(yes bool) state {
	if yes {
		return enabled
	}
	return disabled
}

func shownIf(yes bool) state {
	if yes {
		return enabled
	}
	return hidden
}

// Shipped are the actions that a live object has without anybody's doing.
func Shipped(live *unstructured.Unstructured) []Action {
	var out []Action
	o := object(live.Object)
	for _, d := range shipped(live.GroupVersionKind().GroupKind()) {
		a := Action{Name: d.name, DisplayName: d.display, IconClass: d.icon}
		if d.label != nil {
			a.DisplayName = d.label(o)
		}
		if d.state != nil {
			s := d.state(o)
			if s == hidden {
				continue
			}
			a.Disabled = s == disabled
		}
		if d.params != nil {
			a.Params = d.params(o)
		}
		out = append(out, a)
	}
	return out
}

// RunShipped is what a shipped action does; ok is false when the kind has none of that
// name. An action that is not offered does what it does: mostly nothing.
func RunShipped(live *unstructured.Unstructured, name string, in Input) (ops []Operation, ok bool, err error) {
	d, ok := find(live.GroupVersionKind().GroupKind(), name)
	if !ok {
		return nil, false, nil
	}
	in.Now = in.Now.UTC()
	made := object(live.DeepCopy().Object)
	verb := Patch
	if d.create != nil {
		verb, made = Create, d.create(made, in)
	} else if err := d.patch(made, in); err != nil {
		return nil, true, fault.Keep(fault.Invalid, err, "action %s of %s", name, resource.KeyOf(live).Human())
	}
	return []Operation{{Verb: verb, Object: &unstructured.Unstructured{Object: made}}}, true, nil
}

func find(gk schema.GroupKind, name string) (definition, bool) {
	for _, d := range shipped(gk) {
		if d.name == name {
			return d, true
		}
	}
	return definition{}, false
}
