package application

import (
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/view"
)

// appState is what is remembered of an Application between passes. All of it can
// be computed again. Only the Application's own pass writes to it; kinds, which
// the observer reads, is guarded by the Controller's lock.
type appState struct {
	instance string
	// rendering is the last good one.
	rendering *rendering.Rendering
	// goodAt is when it was last found to be that of the sources.
	goodAt time.Time
	// failure is why a newer one could not be made, for failed.
	failure error
	failed  rendering.Inputs
	// failedUntil is when to try again in any case.
	failedUntil time.Time
	// failedNear is the pass's near of then.
	failedNear string

	// longer are the problems of the last report that say more than its conditions. The
	// Controller's lock guards them.
	longer []view.Problem

	// hard says that a hard refresh asks for a rendering from scratch.
	hard bool
	// refreshing says that an answer to the refresh annotation is under way.
	refreshing bool

	// kinds are the kinds that the rendering has objects of.
	kinds map[schema.GroupKind]bool
	// seeks is the namespace in which orphans are sought. The Controller's lock guards it.
	seeks string
	// pending is what was found of hooks that run once per input.
	pending pending
	// memory is what is remembered of the running operation.
	memory operation.Memory
	// deletions counts the tries of a hook of the deletion that failed, the next of which
	// is not before hold.
	deletions int64
	hold      time.Time
	// checked and shown are the rendering's Checked and revisions of the last pass that
	// compared, for those that depend on the Application. The Controller's lock guards
	// them.
	checked, shown []string
	// against is the last pass's, for Plan. The Controller's lock guards it.
	against []string
	// tries counts passes in a row that met a passing failure.
	tries int
	// explained says that the Application is not healthy, so that what happens below its
	// objects matters for why. The Controller's lock guards it.
	explained bool
	// written is when the status was last written.
	written time.Time
}

// pending is why a sync is due for a hook, for its inputs.
type pending struct {
	inputs uint64
	why    string
}

// longer are an Application's problems that say more than its conditions.
func (c *Controller) longer(key types.NamespacedName) []view.Problem {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.states[key]; s != nil {
		return s.longer
	}
	return nil
}

// uses says whether a kind matters. Until an Application was rendered it waits for the
// cluster to tell what it serves.
func (s *appState) uses(gk schema.GroupKind) bool { return s.kinds == nil || s.kinds[gk] }

// state is an Application's state, made when there is none.
func (c *Controller) state(key types.NamespacedName, instance string) *appState {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.states[key]
	if s == nil {
		s = &appState{instance: instance}
		c.states[key] = s
		c.byName[instance] = key
	}
	return s
}

// forget drops everything known of an Application that is gone.
func (c *Controller) forget(key types.NamespacedName) {
	c.mu.Lock()
	s := c.states[key]
	delete(c.states, key)
	if s != nil {
		delete(c.byName, s.instance)
	}
	c.mu.Unlock()
	if s == nil {
		return
	}
	c.seek(key, s, "")
	c.poller.Forget(s.instance)
	for _, other := range c.claims.Put(s.instance, nil) {
		c.wakeInstance(other)
	}
	c.o.Metrics.ForgetApp(key.Namespace, key.Name)
	c.o.View.RemoveApp(key.Namespace, key.Name)
}

// setKinds notes of which kinds a rendering has objects, and has them read in full.
func (c *Controller) setKinds(s *appState, r *rendering.Rendering) {
	kinds := map[schema.GroupKind]bool{}
	for _, x := range r.Claims {
		kinds[x.Object.Key.GroupKind()] = true
	}
	for _, h := range r.Hooks {
		kinds[h.Key.GroupKind()] = true
	}
	c.mu.Lock()
	s.kinds = kinds
	c.mu.Unlock()
	for gk := range kinds {
		c.cluster.ReadFull(gk)
	}
}
