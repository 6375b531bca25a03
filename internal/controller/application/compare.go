package application

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/resource"
)

// managed is one object of an Application.
type managed = comparison.Object

// compare brings desired and live together. When nothing has changed it sends
// nothing.
func (p *pass) compare(ctx context.Context) outcome {
	r := p.s.rendering
	if !p.kindsKnown(r) {
		return wait
	}
	if err := p.c.comparer.Read(ctx, r.Claims); err != nil {
		p.passing()
		return wait
	}
	p.c.comparer.Confirm(ctx, r.Claims, p.brought())
	p.managed = p.c.comparer.Gather(p.s.instance, r.Claims)
	p.c.mu.Lock()
	p.s.checked, p.s.shown = r.Checked, r.Origin.Revisions
	p.c.mu.Unlock()
	return proceed
}

// brought says whether the last operation brought the revisions in force.
func (p *pass) brought() bool {
	op := p.operation
	return op != nil && op.SyncResult != nil && slices.Equal(resource.OriginOfSync(op.SyncResult).Revisions, p.s.rendering.Origin.Revisions)
}

// kindsKnown says whether every kind in use was listed, or cannot be. Until then
// an object's absence means nothing.
func (p *pass) kindsKnown(r *rendering.Rendering) bool {
	if len(p.c.kinds().All()) == 0 {
		return false
	}
	gks := map[schema.GroupKind]bool{}
	for _, x := range r.Claims {
		gks[x.Object.Key.GroupKind()] = true
	}
	for _, h := range r.Hooks {
		gks[h.Key.GroupKind()] = true
	}
	for _, s := range p.app.Status.Resources {
		gks[schema.GroupKind{Group: s.Group, Kind: s.Kind}] = true
	}
	for gk := range gks {
		s := p.c.cluster.Kind(gk)
		if s.Served && s.Kind.Watchable && !s.Synced && s.Err == nil && !rendering.Excluded(p.settings, gk) {
			p.c.watchKind(p.s, gk)
			return false
		}
	}
	return true
}

// permits says whether the project permits an object.
func (p *pass) permits(key resource.Key) error {
	return p.rules.CheckObject(project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}, p.app.Spec.Destination)
}

// alive says whether an Application of this instance name exists and claims anything.
func (c *Controller) alive(instance string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.byName[instance]
	return ok
}

// watchKind has KindChanged wake an Application for a kind.
func (c *Controller) watchKind(s *appState, gk schema.GroupKind) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.kinds == nil {
		s.kinds = map[schema.GroupKind]bool{}
	}
	s.kinds[gk] = true
}
