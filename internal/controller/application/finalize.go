package application

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/retry"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// cascading are the finalizers that ask for the objects to be deleted with their
// Application (argo-cd.md §1.7), with the propagation that each means.
var cascading = map[string]string{
	v1alpha1.FinalizerForeground:       "Foreground",
	v1alpha1.FinalizerForegroundSuffix: "Foreground",
	v1alpha1.FinalizerBackground:       "Background",
}

// stage is one part of an Application's deletion: the finalizers that ask for it, and
// what it does. It is over when do says that nothing is waited for.
type stage struct {
	finalizers []string
	do         func(context.Context, *pass) (progress, error)
}

// progress is how far a stage is; waiting is empty when it is over.
type progress struct {
	waiting string
	// left is how many objects are still to be deleted.
	left int
	// asks is how many deletions a person has to confirm.
	asks int
}

// stages are the parts of a deletion in their order (argo-cd.md §1.7).
var stages = []stage{ //nolint:gochecknoglobals // a table
	{[]string{v1alpha1.FinalizerPreDelete}, runHooks(resource.HookPreDelete)},
	{[]string{v1alpha1.FinalizerPreDelete + v1alpha1.FinalizerCleanup}, cleanHooks(resource.HookPreDelete)},
	{slices.Sorted(maps.Keys(cascading)), deleteObjects},
	{[]string{v1alpha1.FinalizerPostDelete}, runHooks(resource.HookPostDelete)},
	{[]string{v1alpha1.FinalizerPostDelete + v1alpha1.FinalizerCleanup}, cleanHooks(resource.HookPostDelete)},
}

// finalize deletes what belongs to an Application that is being deleted; then it
// lets the Application go. Without one of our finalizers its objects stay.
func (p *pass) finalize(ctx context.Context) {
	for _, s := range stages {
		if !slices.ContainsFunc(p.app.Finalizers, func(f string) bool { return slices.Contains(s.finalizers, f) }) {
			continue
		}
		now, err := s.do(ctx, p)
		switch {
		case err != nil:
			p.condition(v1alpha1.ConditionDeletionError, err.Error())
			p.retryDeletion(err)
			p.conclude(ctx, nil)
			return
		case now.waiting != "":
			p.remaining, p.toConfirm = now.left, now.asks
			p.publish()
			if now.asks > 0 {
				p.condition(v1alpha1.ConditionDeletionError, now.waiting)
			}
			p.conclude(ctx, nil)
			return
		}
		p.s.deletions = 0
		p.conclude(ctx, slices.DeleteFunc(slices.Clone(p.app.Finalizers), func(f string) bool { return slices.Contains(s.finalizers, f) }))
		return // the Application without the finalizer makes the next pass
	}
	p.publish()
}

// retryDeletion spaces the tries of a hook that fails, as syncs are spaced.
func (p *pass) retryDeletion(err error) {
	if _, ok := errors.AsType[*operation.HookError](err); !ok {
		p.passing()
		return
	}
	delay, _ := retry.Delay(v1alpha1.RetryStrategy{}, p.s.deletions) // the defaults are durations
	p.s.deletions++
	p.s.hold = p.now.Add(delay)
	p.wakeIn(delay)
}

func runHooks(t resource.HookType) func(context.Context, *pass) (progress, error) {
	return func(ctx context.Context, p *pass) (progress, error) {
		if left := p.s.hold.Sub(p.now); left > 0 {
			p.wakeIn(left)
			return progress{waiting: "waiting for another try"}, nil
		}
		d, err := p.deletion(ctx, t)
		if d == nil || err != nil {
			return progress{waiting: "waiting for the source"}, err
		}
		if why := p.refusal(); why != "" {
			return progress{}, fault.New(fault.Denied, "the %s hooks must not run: mend it, or remove finalizer %s: %s", t, finalizerOf(t), why)
		}
		waiting, err := d.Advance(ctx)
		return progress{waiting: waiting}, err
	}
}

func cleanHooks(t resource.HookType) func(context.Context, *pass) (progress, error) {
	return func(ctx context.Context, p *pass) (progress, error) {
		d, err := p.deletion(ctx, t)
		if d == nil || err != nil {
			return progress{waiting: "waiting for the source"}, err
		}
		waiting, err := d.Cleanup(ctx)
		return progress{waiting: waiting}, err
	}
}

// deletion are the hooks of a deletion, as the source has them. Nil means that an
// event has to be waited for.
func (p *pass) deletion(ctx context.Context, t resource.HookType) (*operation.Deletion, error) {
	for _, step := range []func(context.Context) outcome{p.admit, p.resolve, p.render, p.verify} {
		switch step(ctx) {
		case proceed:
		case wait:
			return nil, nil
		case halt:
			return nil, fault.New(fault.Broken,
				"the %s hooks cannot be read from the source: mend it, or remove finalizer %s: %s", t, finalizerOf(t), p.lastCondition())
		}
	}
	if !p.kindsKnown(p.s.rendering) {
		return nil, nil
	}
	return &operation.Deletion{
		Engine: p.c.engine, App: p.app, Instance: p.s.instance, Hooks: p.s.rendering.Hooks, Type: t, Permits: p.permits,
	}, nil
}

func finalizerOf(t resource.HookType) string {
	if t == resource.HookPreDelete {
		return v1alpha1.FinalizerPreDelete
	}
	return v1alpha1.FinalizerPostDelete
}

func (p *pass) lastCondition() string {
	if len(p.conditions) == 0 {
		return "it cannot be read"
	}
	return p.conditions[len(p.conditions)-1].Message
}

// hookFinalizers are the Application's finalizers with those that hooks of its
// deletion need and without those that they need no more; nil when they are right.
// Argo CD keeps them the same way, so that deleting never races with reading.
func (p *pass) hookFinalizers() []string {
	if p.broken || p.s.rendering == nil || p.refusal() != "" || p.app.DeletionTimestamp != nil {
		return nil
	}
	out := slices.Clone(p.app.Finalizers)
	for _, t := range [...]resource.HookType{resource.HookPreDelete, resource.HookPostDelete} {
		has := slices.ContainsFunc(p.s.rendering.Hooks, func(o desired.Object) bool { return slices.Contains(o.HookTypes, t) })
		for _, f := range [...]string{finalizerOf(t), finalizerOf(t) + v1alpha1.FinalizerCleanup} {
			switch at := slices.Index(out, f); {
			case has && at < 0:
				out = append(out, f)
			case !has && at >= 0:
				out = slices.Delete(out, at, at+1)
			}
		}
	}
	if slices.Equal(out, p.app.Finalizers) {
		return nil
	}
	return out
}

// conclude writes conditions and finalizers; nil finalizers stay as they are.
func (p *pass) conclude(ctx context.Context, finalizers []string) {
	s := status.Compose(p.app, status.Report{
		Conditions: p.conditions, Operation: p.app.Status.OperationState,
		ControllerNamespace: p.c.o.Namespace, Now: p.time(),
	})
	s.Sync, s.Health = p.app.Status.Sync, p.app.Status.Health
	body, err := status.Patch(p.app, status.Change{Status: s, Finalizers: finalizers})
	if err != nil || body == nil {
		return
	}
	p.write(ctx, body)
}

// deleteObjects is the cascade: the highest wave first, each gone before the next.
func deleteObjects(ctx context.Context, p *pass) (progress, error) {
	propagation := ""
	for _, f := range p.app.Finalizers {
		if policy, ok := cascading[f]; ok {
			propagation = policy
		}
	}
	now, err := p.deleteNext(ctx, propagation)
	if err == nil && now.waiting == "" {
		err = p.c.engine.Ledger.Forget(ctx, p.key) // what it says was done is gone as well
	}
	return now, err
}

// deleteNext deletes the highest wave of what is left.
func (p *pass) deleteNext(ctx context.Context, propagation string) (progress, error) {
	if err := p.deletable(); err != nil {
		return progress{}, err
	}
	var left []*cluster.Record
	for _, r := range p.c.cluster.Tracked(p.s.instance) {
		if p.deletedWithApp(r) {
			left = append(left, r)
		}
	}
	if len(left) == 0 {
		return progress{}, nil
	}
	slices.SortFunc(left, func(a, b *cluster.Record) int {
		return cmp.Or(cmp.Compare(b.Hints.Wave, a.Hints.Wave), a.Key.Compare(b.Key))
	})
	var removals []apply.Removal
	unconfirmed, asks := "", 0
	for _, r := range left {
		if r.Hints.Wave != left[0].Hints.Wave || r.Deleting {
			continue
		}
		if p.unconfirmed(r) {
			asks++
			unconfirmed = cmp.Or(unconfirmed, "waiting for confirmation of the deletion of "+r.Key.Human()+
				": set annotation "+v1alpha1.AnnotationDeletionApproved+" of the Application to the present time")
			continue
		}
		if r.Hints.HookFinalizer {
			if err := p.c.engine.Unfinalize(ctx, r); err != nil {
				return progress{}, fault.Wrap(fault.Conflict, err, "taking the finalizer off hook %s", r.Key.Human())
			}
		}
		removals = append(removals, apply.Removal{
			Key: r.Key, Kind: p.c.cluster.Kind(r.Key.GroupKind()).Kind, UID: r.UID, Propagation: operation.Propagation(p.c.cluster, r, propagation),
		})
	}
	for _, r := range p.c.engine.Remove(ctx, removals) {
		if r.Failed() {
			return progress{}, fault.New(fault.Conflict, "deleting %s: %s", r.Key.Human(), r.Message)
		}
	}
	if unconfirmed != "" {
		return progress{waiting: unconfirmed, left: len(left), asks: asks}, nil
	}
	return progress{waiting: "waiting for deletion of " + left[0].Key.Human(), left: len(left)}, nil
}

// unconfirmed says whether a person has to confirm an object's deletion and has not.
func (p *pass) unconfirmed(r *cluster.Record) bool {
	return p.options().Override(r.Hints.SyncOptions).Delete == resource.Confirm && !operation.Approved(p.app, p.app.DeletionTimestamp.Time)
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
	if r.Hints.HelmKeep || r.Hints.DeletionHook || r.Key == rendering.Self(p.app) || r.Key.Kind == "CustomResourceDefinition" {
		return false
	}
	if p.options().Override(r.Hints.SyncOptions).Delete == resource.Denied {
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
