package action

import (
	"context"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/luavm"
	"evenkeel.dev/internal/resource"
)

// Custom is what resource.customizations.actions says of a kind.
type Custom struct {
	// Group and Kind may be globs. A kind that is named wins over one that is matched,
	// of which the first counts; Argo CD knows no globs here.
	Group, Kind string
	// Text is YAML: discovery.lua, definitions and mergeBuiltinActions.
	Text string
}

// Rules are the customizations of all kinds. The zero value has none.
type Rules []Custom

const (
	// maxActions bounds the actions of an object, maxOperations what one of them does.
	maxActions    = 100
	maxOperations = 20
)

// List are the actions of a live object. Custom ones are sorted by name, as Lua's tables
// have no order, and stand before shipped ones, which they replace.
func (r Rules) List(ctx context.Context, live *unstructured.Unstructured, now time.Time) ([]Action, error) {
	c, err := r.of(live)
	if err != nil || c == nil {
		return Shipped(live), err
	}
	found, err := c.discover(ctx, live, now)
	if err != nil || !c.Merge {
		return found, err
	}
	for _, a := range Shipped(live) {
		if !contains(found, a.Name) {
			found = append(found, a)
		}
	}
	return found, nil
}

// Run is what an action does. That there is none of that name is fault.NotFound.
//
// A customization that does not merge the shipped actions replaces them: those that it
// does not tell of are not run. Argo CD hides them and runs them all the same.
func (r Rules) Run(ctx context.Context, live *unstructured.Unstructured, name string, in Input) ([]Operation, error) {
	c, err := r.of(live)
	if err != nil {
		return nil, err
	}
	if c != nil {
		if d := c.definition(name); d != nil {
			return c.run(ctx, live, *d, in)
		}
		if !c.Merge {
			offered, err := c.discover(ctx, live, in.Now)
			if err != nil {
				return nil, err
			}
			if !contains(offered, name) {
				return nil, missing(live, name)
			}
		}
	}
	ops, ok, err := RunShipped(live, name, in)
	if !ok {
		return nil, missing(live, name)
	}
	return ops, err
}

// Sample is what an action would make of an object, for the question which fields it
// changes: with some parameters where a shipped one wants any. It is nil when nothing
// is changed or that cannot be told.
func (r Rules) Sample(ctx context.Context, live *unstructured.Unstructured, a Action, now time.Time) *unstructured.Unstructured {
	in := Input{Now: now}
	if d, ok := find(live.GroupVersionKind().GroupKind(), a.Name); ok && d.sample != nil {
		in.Params = d.sample(live.Object)
	}
	ops, err := r.Run(ctx, live, a.Name, in)
	if err != nil {
		return nil
	}
	for _, op := range ops {
		if op.Verb == Patch {
			return op.Object
		}
	}
	return nil
}

func missing(live *unstructured.Unstructured, name string) error {
	return fault.New(fault.NotFound, "%s has no action %s", resource.KeyOf(live).Human(), resource.Shown(name))
}

func contains(list []Action, name string) bool {
	return slices.ContainsFunc(list, func(a Action) bool { return a.Name == name })
}

// custom is a customization as it is written.
type custom struct {
	Discovery   string       `json:"discovery.lua"`
	Definitions []scriptFile `json:"definitions"`
	Merge       bool         `json:"mergeBuiltinActions"`
	// setting names it in errors.
	setting string
}

type scriptFile struct {
	Name   string `json:"name"`
	Script string `json:"action.lua"`
}

// of is the customization of an object's kind, or nil.
func (r Rules) of(live *unstructured.Unstructured) (*custom, error) {
	at := r.index(live.GroupVersionKind().GroupKind())
	if at < 0 {
		return nil, nil
	}
	c := &custom{setting: "resource.customizations.actions." + strings.TrimPrefix(r[at].Group+"_"+r[at].Kind, "_")}
	err := yaml.Unmarshal([]byte(r[at].Text), c)
	return c, fault.Wrap(fault.Invalid, err, "%s", c.setting)
}

func (r Rules) index(gk schema.GroupKind) int {
	at := -1
	for i, c := range r {
		switch {
		case c.Text == "":
		case c.Group == gk.Group && c.Kind == gk.Kind:
			return i
		case at < 0 && globs(c.Group, gk.Group) && globs(c.Kind, gk.Kind):
			at = i
		}
	}
	return at
}

// globs: neither groups nor kinds have the slash that path.Match stops at.
func globs(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}

func (c *custom) definition(name string) *scriptFile {
	for i := range c.Definitions {
		if c.Definitions[i].Name == name {
			return &c.Definitions[i]
		}
	}
	return nil
}

// discover runs discovery.lua. Without one all definitions are there.
func (c *custom) discover(ctx context.Context, live *unstructured.Unstructured, now time.Time) ([]Action, error) {
	var out []Action
	if strings.TrimSpace(c.Discovery) == "" {
		for _, d := range c.Definitions {
			out = append(out, Action{Name: d.Name})
		}
		return out, nil
	}
	where := c.setting + ": discovery.lua"
	result, err := execute(ctx, script{where: where, text: c.Discovery}, live, Input{Now: now})
	if err != nil {
		return nil, err
	}
	if l, ok := result.([]any); ok && len(l) == 0 {
		return nil, nil
	}
	table, ok := result.(map[string]any)
	switch {
	case !ok:
		return nil, fault.New(fault.Invalid, "%s: it returns no table of actions", where)
	case len(table) > maxActions:
		return nil, fault.New(fault.Invalid, "%s: it returns %d actions, %d are allowed", where, len(table), maxActions)
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		out = append(out, discovered(name, table[name]))
	}
	return out, nil
}

// discovered reads an entry of the table; an action with nothing to say is an empty one.
func discovered(name string, value any) Action {
	m, _ := value.(map[string]any)
	o := object(m)
	a := Action{Name: name, DisplayName: o.text("displayName"), IconClass: o.text("iconClass"), Disabled: o.flag("disabled")}
	for _, p := range o.list("params") {
		m, _ := p.(map[string]any)
		if n := object(m).text("name"); n != "" {
			a.Params = append(a.Params, Param{Name: n, Default: object(m).text("default")})
		}
	}
	return a
}

func (c *custom) run(ctx context.Context, live *unstructured.Unstructured, d scriptFile, in Input) ([]Operation, error) {
	s := script{where: c.setting + ": action " + d.Name, text: d.Script}
	result, err := execute(ctx, s, live, in)
	if err != nil {
		return nil, err
	}
	switch result := result.(type) {
	case map[string]any: // the older form: the object as it is to be
		return []Operation{patchWith(live, result)}, nil
	case []any:
		return operations(s.where, live, result)
	}
	return nil, fault.New(fault.Invalid, "%s: it returns neither an object nor a list of operations", s.where)
}

func operations(where string, live *unstructured.Unstructured, list []any) ([]Operation, error) {
	if len(list) > maxOperations {
		return nil, fault.New(fault.Invalid, "%s: it returns %d operations, %d are allowed", where, len(list), maxOperations)
	}
	var out []Operation
	for i, x := range list {
		m, _ := x.(map[string]any)
		obj, ok := m["resource"].(map[string]any)
		if !ok {
			return nil, fault.New(fault.Invalid, "%s: operation %d has no resource", where, i+1)
		}
		switch verb, _ := m["operation"].(string); Verb(verb) {
		case Patch:
			out = append(out, patchWith(live, obj))
		case Create:
			obj, _ = preserved(nil, obj).(map[string]any)
			out = append(out, Operation{Verb: Create, Object: &unstructured.Unstructured{Object: obj}})
		default:
			return nil, fault.New(fault.Invalid, "%s: operation %d is %s: want patch or create", where, i+1, resource.Shown(verb))
		}
	}
	return out, nil
}

func patchWith(live *unstructured.Unstructured, next map[string]any) Operation {
	next, _ = preserved(live.Object, next).(map[string]any)
	return Operation{Verb: Patch, Object: &unstructured.Unstructured{Object: withServed(live, next)}}
}

type script struct{ where, text string }

// execute runs a script with the libraries that Argo CD opens for actions: no others
// can be asked for.
func execute(ctx context.Context, s script, live *unstructured.Unstructured, in Input) (any, error) {
	compiled, err := luavm.Compile(s.text)
	if err != nil {
		return nil, fault.Keep(fault.Invalid, err, "%s", s.where)
	}
	params := map[string]any{}
	for name, value := range in.Params {
		params[name] = value
	}
	result, err := compiled.Run(ctx, luavm.Options{
		Globals: map[string]any{"obj": withoutManagers(live), "actionParams": params},
		Now:     func() time.Time { return in.Now },
	})
	if err != nil && resource.KeyOf(live).IsSecret() {
		return nil, fault.New(fault.KindOf(err), "%s: the script failed; what it says is not shown, as it was about a Secret", s.where)
	}
	return result, fault.Keep(fault.Invalid, err, "%s", s.where)
}

// withoutManagers leaves out what is long, and kept by the API server alone.
func withoutManagers(live *unstructured.Unstructured) map[string]any {
	out := shallow(live.Object)
	meta := shallow(object(out).object("metadata"))
	delete(meta, "managedFields")
	out["metadata"] = meta
	return out
}
