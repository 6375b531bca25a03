package acting

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/action"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/view"
)

// Manager is the field manager under which actions write.
const Manager = "evenkeel-action"

// Members knows which objects belong to Applications.
type Members interface {
	// Member is why an object is not in an Application's tree, or nil.
	Member(ctx context.Context, app *v1alpha1.Application, live *unstructured.Unstructured) error
	// Undone is what Git says otherwise once live has become after, and did not before.
	Undone(app *v1alpha1.Application, live, after *unstructured.Unstructured) Undone
}

// Undone are the fields that a sync would change back, and the Application whose sync
// that is.
type Undone struct {
	Fields []string
	By     *v1alpha1.Application
}

// Options are what a Runner needs.
type Options struct {
	Conn     *cluster.Conn
	Kinds    func() *cluster.Kinds
	Settings func() settings.Snapshot
	// Project is an AppProject, or nil.
	Project func(ctx context.Context, name string) *v1alpha1.AppProject
	Members Members
	// Namespace is the control namespace.
	Namespace string
	Log       *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Runner runs actions.
type Runner struct{ o Options }

// New makes a Runner.
func New(o Options) *Runner {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Runner{o: o}
}

// target is the object that an action is for, as the cluster has it.
type target struct {
	kind cluster.Kind
	key  resource.Key
	live *unstructured.Unstructured
	// self says that it is the Application's own object.
	self bool
}

func (r *Runner) read(ctx context.Context, app *v1alpha1.Application, asked view.ActionTarget) (target, error) {
	t := target{key: asked.Key}
	if problem := resource.CheckName(asked.Name); problem != "" {
		return t, fault.New(fault.Invalid, "the name of the object %s", problem)
	}
	var ok bool
	if asked.Version == "" {
		t.kind, ok = r.o.Kinds().Preferred(asked.GroupKind())
	} else {
		t.kind, ok = r.o.Kinds().Exact(asked.GroupKind().WithVersion(asked.Version))
	}
	switch {
	case !ok:
		return t, fault.New(fault.NotFound, "the cluster does not serve %s in version %s", resource.Shown(asked.GroupKind().String()), resource.Shown(asked.Version))
	case t.kind.Namespaced == (asked.Namespace == ""):
		return t, fault.New(fault.Invalid, "%s: objects of this kind have a namespace, or have none", asked.Human())
	}
	var err error
	if t.live, err = r.o.Conn.Get(ctx, t.kind, asked.Namespace, asked.Name); err != nil {
		return t, explain(t.key, err, "reading")
	}
	if t.key == rendering.Self(app) {
		t.self = true
		return t, nil
	}
	return t, r.o.Members.Member(ctx, app, t.live)
}

func (r *Runner) rules() action.Rules {
	var out action.Rules
	for _, c := range r.o.Settings().Customizations {
		if c.Actions != "" {
			out = append(out, action.Custom{Group: c.Group, Kind: c.Kind, Text: c.Actions})
		}
	}
	return out
}

// Actions are those that an object of an Application's tree has.
func (r *Runner) Actions(ctx context.Context, app *v1alpha1.Application, asked view.ActionTarget) ([]view.Action, error) {
	t, err := r.read(ctx, app, asked)
	if err != nil {
		return nil, err
	}
	rules := r.rules()
	list, err := rules.List(ctx, t.live, r.o.Now())
	if err != nil {
		return nil, err
	}
	// What actions would change is a help that nobody waits long for.
	const patience = time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	out := make([]view.Action, 0, len(list))
	for _, a := range list {
		shown := view.Action{Name: a.Name, DisplayName: a.DisplayName, Disabled: a.Disabled, IconClass: a.IconClass}
		for _, p := range a.Params {
			shown.Params = append(shown.Params, view.ActionParam(p))
		}
		if !a.Disabled && ctx.Err() == nil {
			shown.Note = r.note(app, t.live, rules.Sample(ctx, t.live, a, r.o.Now()))
		}
		out = append(out, shown)
	}
	return out, nil
}
