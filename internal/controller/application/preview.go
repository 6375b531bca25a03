package application

import (
	"context"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Plan is what a sync of an Application would do now. Of sync it takes what limits a
// sync; another revision or source than that in force cannot be asked for here.
func (c *Controller) Plan(ctx context.Context, namespace, name string, sync v1alpha1.SyncOperation) (view.Plan, error) {
	key := types.NamespacedName{Namespace: namespace, Name: name}
	app := c.store.App(key)
	if app == nil {
		return view.Plan{}, fault.New(fault.NotFound, "application %q not found in namespace %s", name, namespace)
	}
	c.mu.Lock()
	var r *rendering.Rendering
	var checked, against []string
	if s := c.states[key]; s != nil && s.rendering != nil {
		r, checked, against = s.rendering, s.rendering.Checked, s.against
	}
	c.mu.Unlock()
	switch {
	case r == nil:
		return view.Plan{}, fault.New(fault.Unavailable, "application %q was not rendered yet, or cannot be: see its conditions", name)
	case len(sync.Manifests) > 0 || !asInForce(sync, r.Origin, checked):
		return view.Plan{}, fault.New(fault.Unsupported, "only the revision in force, %s, can be planned here; use evenkeel app plan --revision", r.Origin.Short())
	}
	p := c.project(rendering.ProjectOf(app))
	if p == nil {
		return view.Plan{}, fault.New(fault.Invalid, "project %q does not exist", rendering.ProjectOf(app))
	}
	rules := project.New(p)
	var lists []string
	if policy := app.Spec.SyncPolicy; policy != nil {
		lists = append(lists, policy.SyncOptions...)
	}
	instance := resource.AppInstance(c.o.Namespace, namespace, name)
	run := operation.Run{
		Engine: c.engine, App: app, Instance: instance,
		State:   operation.Drafted(sync, r.Origin),
		Target:  operation.Target{Current: true, Claims: r.Claims, Hooks: r.Hooks},
		Options: resource.ReadSyncOptions(append(lists, sync.SyncOptions...)...),
		Permits: func(key resource.Key) error {
			return rules.CheckObject(project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}, app.Spec.Destination)
		},
		Memory: &operation.Memory{},
	}
	run.State.StartedAt.Time = c.o.Now() // what is there now was there before
	made, err := run.Preview(ctx)
	made.Refused = against
	return made, err
}

// asInForce says whether a sync is for the sources and revisions in force, which it
// may name or not.
func asInForce(sync v1alpha1.SyncOperation, o resource.Origin, checked []string) bool {
	if sync.Source != nil || len(sync.Sources) > 0 && !o.SameSources(resource.Origin{Sources: sync.Sources, Listed: true}) {
		return false
	}
	named := sync.Revisions
	if sync.Revision != "" {
		named = []string{sync.Revision}
	}
	if unclear(&sync, o) != nil {
		return false
	}
	for i, revision := range named {
		if revision != "" && revision != o.Revision(i) && revision != checked[i] {
			return false
		}
	}
	return true
}
