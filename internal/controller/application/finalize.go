package application

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
	"evenkeel.dev/internal/view"
)

// cascading are the finalizers that ask for the objects to be deleted with their
// Application (argo-cd.md §1.7), with the propagation that each means.
var cascading = map[string]string{
	v1alpha1.FinalizerForeground:       "Foreground",
	v1alpha1.FinalizerForegroundSuffix: "Foreground",
	v1alpha1.FinalizerBackground:       "Background",
}

// finalize deletes what belongs to an Application that is being deleted, the
// highest wave first and each gone before the next; then it lets the Application
// go. Without one of our finalizers its objects stay.
func (p *pass) finalize(ctx context.Context) {
	propagation := ""
	for _, f := range p.app.Finalizers {
		if policy, ok := cascading[f]; ok {
			propagation = policy
		}
	}
	if propagation == "" {
		p.publish()
		return
	}
	left, err := p.deleteNext(ctx, propagation)
	switch {
	case err != nil:
		p.condition(v1alpha1.ConditionDeletionError, err.Error())
		p.passing()
		p.conclude(ctx, nil)
	case left > 0:
		p.c.o.View.PutApp(view.RowOf(p.app, view.Extra{Remaining: left}))
	default:
		p.conclude(ctx, slices.DeleteFunc(slices.Clone(p.app.Finalizers), func(f string) bool { return cascading[f] != "" }))
	}
}

// conclude writes conditions and finalizers; nil finalizers stay as they are.
func (p *pass) conclude(ctx context.Context, finalizers []string) {
	s := status.Compose(p.app, status.Report{
		Conditions: p.conditions, Operation: p.app.Status.OperationState, Revision: p.app.Status.Sync.Revision,
		ControllerNamespace: p.c.o.Namespace, Now: p.time(),
	})
	s.Sync, s.Health = p.app.Status.Sync, p.app.Status.Health
	body, err := status.Patch(p.app, status.Change{Status: s, Finalizers: finalizers})
	if err != nil || body == nil {
		return
	}
	p.write(ctx, body)
}

// deleteNext deletes the highest wave of what is left and says how much that is.
func (p *pass) deleteNext(ctx context.Context, propagation string) (int, error) {
	if err := p.deletable(); err != nil {
		return 0, err
	}
	var left []*cluster.Record
	for _, r := range p.c.cluster.Tracked(p.s.instance) {
		if p.deletedWithApp(r) {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return 0, nil
	}
	slices.SortFunc(left, func(a, b *cluster.Record) int {
		return cmp.Or(cmp.Compare(b.Hints.Wave, a.Hints.Wave), a.Key.Compare(b.Key))
	})
	var removals []apply.Removal
	for _, r := range left {
		if r.Hints.Wave != left[0].Hints.Wave || r.Deleting {
			continue
		}
		removals = append(removals, apply.Removal{
			Key: r.Key, Kind: p.c.cluster.Kind(r.Key.GroupKind()).Kind, UID: r.UID, Propagation: operation.Propagation(p.c.cluster, r, propagation),
		})
	}
	for _, r := range p.c.engine.Remove(ctx, removals) {
		if r.Failed() {
			return len(left), fault.New(fault.Conflict, "deleting %s: %s", r.Key.Human(), r.Message)
		}
	}
	return len(left), nil
}

// deletable says whether all objects of the Application can be seen: what cannot be
// read now would be left behind for ever.
func (p *pass) deletable() error {
	if err := admission.Destination(p.app.Spec.Destination); err != nil {
		return err
	}
	name := rendering.ProjectOf(p.app)
	if p.project = p.c.project(name); p.project == nil {
		return fault.New(fault.Invalid, "project %q does not exist, so it cannot be said what may be deleted: create it again or remove the finalizer", name)
	}
	p.rules = project.New(p.project)
	var unread []string
	for _, s := range p.app.Status.Resources {
		gk := schema.GroupKind{Group: s.Group, Kind: s.Kind}
		state := p.c.cluster.Kind(gk)
		if state.Served && state.Kind.Watchable && (!state.Synced || state.Err != nil) && !slices.Contains(unread, gk.String()) {
			unread = append(unread, gk.String())
		}
	}
	if len(p.c.kinds().All()) == 0 || len(unread) > 0 {
		return fault.New(fault.Unavailable, "waiting until these kinds can be read: %s", strings.Join(unread, ", "))
	}
	return nil
}

// deletedWithApp says whether a tracked object goes with its Application.
func (p *pass) deletedWithApp(r *cluster.Record) bool {
	if r.Hints.HelmKeep || r.Key == rendering.Self(p.app) || r.Key.Kind == "CustomResourceDefinition" {
		return false
	}
	if p.options().Override(r.Hints.SyncOptions).Delete != resource.Allowed {
		return false
	}
	return p.permits(r.Key) == nil
}

// ensureDefaultProject creates the project that Applications without one use.
func (c *Controller) ensureDefaultProject(ctx context.Context) error {
	if c.store.Project(v1alpha1.DefaultProject) != nil {
		return nil
	}
	def := &v1alpha1.AppProject{Spec: project.Default()}
	def.APIVersion, def.Kind = v1alpha1.GroupVersion.String(), "AppProject"
	def.Name, def.Namespace = v1alpha1.DefaultProject, c.o.Namespace
	if err := c.store.CreateProject(ctx, def); err != nil {
		return fmt.Errorf("creating project default: %w", err)
	}
	return nil
}
