package application

import (
	"slices"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/plan/depends"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/plan/window"
	"evenkeel.dev/internal/resource"
)

// held is why no sync may begin now, or no further step of the running one; empty
// if it may. Sync windows hold a sync at any of its steps (argo-cd.md §1.4),
// Applications that this one depends on only its beginning. running is nil when
// none has begun.
func (p *pass) held(running *v1alpha1.OperationState) string {
	in := window.Of(p.app, p.c.windows(p.project), p.now)
	if running != nil {
		if running.Operation.Sync != nil && running.Operation.Sync.DryRun {
			return ""
		}
		in.Manual, in.Started = !running.Operation.InitiatedBy.Automated, running.StartedAt.Time
	}
	d := window.Decide(in)
	if !d.Changes.IsZero() {
		p.wakeIn(d.Changes.Sub(p.now))
	}
	if !d.Allowed {
		return d.Reason
	}
	if running != nil && running.SyncResult != nil && len(running.SyncResult.Resources) > 0 {
		return ""
	}
	return p.dependencies()
}

// dependencies is what the Application waits for of those that it depends on.
func (p *pass) dependencies() string {
	_, err := depends.Parse(p.app.Annotations[v1alpha1.AnnotationDependsOn])
	if err != nil {
		return "annotation " + v1alpha1.AnnotationDependsOn + " cannot be read: " + err.Error()
	}
	v := depends.Check(depends.Ref{Namespace: p.app.Namespace, Name: p.app.Name}, p.c.facts)
	if v.Ready {
		return ""
	}
	return v.String()
}

// facts are what is known of an Application that others depend on.
func (c *Controller) facts(ref depends.Ref) (depends.Facts, bool) {
	key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	app := c.store.App(key)
	if app == nil {
		return depends.Facts{}, false
	}
	f, err := depends.Of(app, c.desired(app))
	if err != nil {
		f.Observed = false // what it waits for itself is not known
	}
	return f, true
}

// desired are the revisions that an Application's status has once it has been compared
// with what its sources are at now; nil while that is not known. A commit that changes
// nothing that it reads leaves the revision as it is.
func (c *Controller) desired(app *v1alpha1.Application) []string {
	if p, err := pin.Read(app); p != nil && err == nil {
		return p.Revisions
	}
	instance := resource.AppInstance(c.o.Namespace, app.Namespace, app.Name)
	var newest []string
	for _, st := range c.poller.State(instance) {
		if st.Revision == "" || st.Err != nil {
			return nil
		}
		newest = append(newest, st.Revision)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[types.NamespacedName{Namespace: app.Namespace, Name: app.Name}]
	if s != nil && newest != nil && slices.Equal(s.checked, newest) {
		return s.shown
	}
	return newest
}

// child is how a child Application fares in the wave that it is in. It is looked at
// only once it has compared its newest spec and the newest commit of its source, and
// has synced to that if it does so by itself: a wave would else begin by what the
// child was before (argo-cd #4669, #5585, #8778). A child of another namespace than
// the control namespace is nobody that we know.
func (c *Controller) child(key resource.Key) (plan.State, string) {
	ref := depends.Ref{Namespace: key.Namespace, Name: key.Name}
	f, ok := c.facts(ref)
	if !ok {
		return plan.Succeeded, ""
	}
	app := c.store.App(types.NamespacedName(ref))
	if app == nil || f.Unobserved() || f.Syncing || f.Sync != v1alpha1.SyncStatusSynced && automated(app) {
		return plan.Running, f.Unready()
	}
	switch f.Health {
	case v1alpha1.HealthStatusHealthy:
		return plan.Succeeded, ""
	case v1alpha1.HealthStatusDegraded:
		return plan.Failed, app.Status.Health.Message
	case v1alpha1.HealthStatusProgressing, v1alpha1.HealthStatusMissing, v1alpha1.HealthStatusSuspended, v1alpha1.HealthStatusUnknown:
	}
	return plan.Running, f.Unready()
}

func automated(app *v1alpha1.Application) bool {
	policy := app.Spec.SyncPolicy
	return policy != nil && policy.Automated != nil && (policy.Automated.Enabled == nil || *policy.Automated.Enabled)
}

// windows are a project's sync windows, read once for each version of it.
func (c *Controller) windows(p *v1alpha1.AppProject) *window.Set {
	c.mu.Lock()
	defer c.mu.Unlock()
	have := c.windowSets[p.Name]
	if have.set == nil || have.version != p.ResourceVersion {
		have = windowSet{version: p.ResourceVersion, set: window.Read(p.Spec.SyncWindows)}
		c.windowSets[p.Name] = have
	}
	return have.set
}

type windowSet struct {
	version string
	set     *window.Set
}

// appChanged makes a pass of an Application that changed, and of those that may wait
// for it: its dependants, and its parent whose waves look at it.
func (c *Controller) appChanged(key types.NamespacedName) {
	c.queue.Add(key)
	for _, other := range c.store.Dependants(key) {
		c.queue.Add(other)
	}
	app := c.store.App(key)
	if app == nil {
		return
	}
	id, ok := resource.ParseTrackingID(app.Annotations[v1alpha1.AnnotationTrackingID])
	if !ok || !id.Matches(rendering.Self(app)) {
		return
	}
	c.mu.Lock()
	parent, known := c.byName[id.App]
	c.mu.Unlock()
	if !known {
		return
	}
	if p := c.store.App(parent); p != nil && p.Status.OperationState != nil && !p.Status.OperationState.Phase.Completed() {
		c.queue.Add(parent)
	}
}
