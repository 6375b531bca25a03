package application

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
)

// parallelReads bounds the requests that one comparison has in flight.
const parallelReads = 8

// managed is one object of an Application: desired, live and tracked, or both.
type managed struct {
	key resource.Key
	// claim is nil for a tracked object that is no longer desired.
	claim *claim
	// record is nil for an object that is not in the cluster.
	record *cluster.Record
	kind   cluster.Kind
	known  bool
	sync   v1alpha1.SyncStatusCode
	drift  []cluster.Drift
	// unread is why it could not be compared.
	unread string
	// owner is another Application that the live object belongs to.
	owner string
}

// compare brings desired and live together. Objects whose verdict is of another
// desired state are read, one request each; what only looks different is put to
// the API server in a dry run. When nothing has changed it sends nothing.
func (p *pass) compare(ctx context.Context) outcome {
	r := p.s.rendering
	if !p.kindsKnown(r) {
		return wait
	}
	if err := p.read(ctx, r); err != nil {
		p.passing()
		return wait
	}
	p.confirm(ctx, r)
	p.gather(r)
	return proceed
}

// kindsKnown says whether every kind in use was listed, or cannot be. Until then
// an object's absence means nothing.
func (p *pass) kindsKnown(r *rendering) bool {
	if len(p.c.kinds().All()) == 0 {
		return false
	}
	gks := map[schema.GroupKind]bool{}
	for _, x := range r.claims {
		gks[x.object.Key.GroupKind()] = true
	}
	for _, s := range p.app.Status.Resources {
		gks[schema.GroupKind{Group: s.Group, Kind: s.Kind}] = true
	}
	for gk := range gks {
		s := p.c.cluster.Kind(gk)
		if s.Served && s.Kind.Watchable && !s.Synced && s.Err == nil && !excluded(p.settings, gk) {
			p.c.watchKind(p.s, gk)
			return false
		}
	}
	return true
}

// read shows the judge the bodies of live objects that it has not compared with
// what is desired now.
func (p *pass) read(ctx context.Context, r *rendering) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelReads)
	for _, x := range r.claims {
		key := x.object.Key
		rec := p.c.cluster.Get(key)
		if rec == nil || rec.Verdict.Desired == x.hash || p.c.claims.of(key, rec.App) != x {
			continue
		}
		kind, ok := p.c.kindOf(x.object.GVK)
		if !ok || p.c.cluster.Kind(key.GroupKind()).Err != nil {
			continue
		}
		g.Go(func() error {
			live, err := p.c.o.Conn.Get(ctx, kind, key.Namespace, key.Name)
			if apierrors.IsNotFound(err) {
				return nil // its deletion is on its way to the index
			}
			if err != nil {
				if cluster.Transient(err) {
					return err
				}
				return nil // gather finds no verdict and says so
			}
			p.c.cluster.Observe(live)
			return nil
		})
	}
	return g.Wait()
}

// confirm asks the API server about objects that look different although exactly
// what is desired was applied to them, or may have been: it knows about defaults
// and webhooks. What was never applied and differs needs no confirmation.
func (p *pass) confirm(ctx context.Context, r *rendering) {
	var g errgroup.Group
	g.SetLimit(parallelReads)
	for _, x := range r.claims {
		rec := p.c.cluster.Get(x.object.Key)
		if !p.doubtful(rec, x) {
			continue
		}
		kind, ok := p.c.kindOf(x.object.GVK)
		if !ok {
			continue
		}
		g.Go(func() error {
			p.ask(ctx, x, kind)
			return nil
		})
	}
	_ = g.Wait() // ask returns no error: without an answer the prediction stands
}

// doubtful: it looks different, nobody was asked, and the last operation brought
// this very revision.
func (p *pass) doubtful(rec *cluster.Record, x *claim) bool {
	if rec == nil || rec.Verdict.Desired != x.hash || rec.Verdict.Sync != v1alpha1.SyncStatusOutOfSync || rec.Verdict.Confirmed {
		return false
	}
	if rec.Verdict.Applied == x.hash {
		return true
	}
	op := p.operation
	return rec.Verdict.Applied == 0 && op != nil && op.SyncResult != nil && op.SyncResult.Revision == p.s.rendering.revision
}

// ask has the API server say, by a dry run, what applying x would do now.
func (p *pass) ask(ctx context.Context, x *claim, kind cluster.Kind) {
	key := x.object.Key
	live, err := p.c.o.Conn.Get(ctx, kind, key.Namespace, key.Name)
	if err != nil {
		return
	}
	body, err := x.toApply(live)
	if err != nil {
		return
	}
	outcome, err := p.c.o.Conn.Apply(ctx, kind, key, body, cluster.ApplyOptions{DryRun: true, Manager: v1alpha1.FieldManager})
	if err != nil {
		return
	}
	changes := diff.Compare(diff.Without(outcome, x.pointers), diff.Without(live, x.pointers))
	p.c.cluster.Observe(live)
	p.c.cluster.Amend(key, live.GetResourceVersion(), func(v *cluster.Verdict) { settle(v, x, live, changes) })
}

// settle writes the API server's answer into a verdict.
func settle(v *cluster.Verdict, x *claim, live *unstructured.Unstructured, changes []diff.Change) {
	v.Confirmed = true
	if len(changes) == 0 {
		v.Sync, v.Drift = v1alpha1.SyncStatusSynced, nil
		v.Agreed = agreement(x, live)
		return
	}
	v.Sync, v.Drift = v1alpha1.SyncStatusOutOfSync, driftOf(changes, live)
}

// gather lists all managed objects with their verdicts, sorted by key.
func (p *pass) gather(r *rendering) {
	out := make([]managed, 0, len(r.claims))
	desired := make(map[resource.Key]bool, len(r.claims))
	for _, x := range r.claims {
		desired[x.object.Key] = true
		out = append(out, p.managedOf(x))
	}
	for _, rec := range p.c.cluster.Tracked(p.s.instance) {
		if desired[rec.Key] {
			continue
		}
		m := managed{key: rec.Key, record: rec, sync: v1alpha1.SyncStatusOutOfSync}
		s := p.c.cluster.Kind(rec.Key.GroupKind())
		m.kind, m.known = s.Kind, s.Served
		if s.Err != nil {
			m.sync, m.unread = v1alpha1.SyncStatusUnknown, s.Err.Error()
		}
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b managed) int { return a.key.Compare(b.key) })
	p.managed = out
}

func (p *pass) managedOf(x *claim) managed {
	m := managed{key: x.object.Key, claim: x, sync: v1alpha1.SyncStatusUnknown}
	m.kind, m.known = p.c.kindOf(x.object.GVK)
	state := p.c.cluster.Kind(m.key.GroupKind())
	m.record = p.c.cluster.Get(m.key)
	switch {
	case !m.known:
		m.sync = v1alpha1.SyncStatusOutOfSync
		m.unread = "the cluster does not know " + x.object.GVK.GroupVersion().String() + " " + m.key.Kind
	case state.Err != nil:
		m.unread = "the kind cannot be read: " + state.Err.Error()
	case m.record == nil:
		m.sync = v1alpha1.SyncStatusOutOfSync
	case m.record.Verdict.Desired == x.hash:
		m.sync, m.drift = m.record.Verdict.Sync, m.record.Verdict.Drift
	case m.record.Verdict.Desired != 0: // compared with a rival's
		m.sync = v1alpha1.SyncStatusOutOfSync
	default:
		m.unread = "not compared yet"
	}
	if m.record != nil && m.record.App != "" && m.record.App != p.s.instance {
		m.owner = m.record.App
	}
	return m
}

// kindOf is the kind of a version, if the cluster serves it.
func (c *Controller) kindOf(gvk schema.GroupVersionKind) (cluster.Kind, bool) {
	return c.kinds().Exact(gvk)
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

func (m managed) missing() bool {
	return m.claim != nil && m.record == nil && (m.unread == "" || !m.known)
}

func (m managed) health() *health.Verdict {
	if m.record == nil {
		return nil
	}
	if m.unread != "" && m.known {
		return &health.Verdict{Status: v1alpha1.HealthStatusUnknown, Message: m.unread}
	}
	if m.record.Verdict.Health == "" {
		return nil
	}
	return &health.Verdict{Status: m.record.Verdict.Health, Message: m.record.Verdict.Message}
}

// resource is the object as the status tells it.
func (m managed) resource() status.Resource {
	r := status.Resource{
		Key: m.key, Sync: m.sync, Health: m.health(), Missing: m.missing(), Prune: m.claim == nil,
	}
	if m.claim != nil {
		r.Version, r.Wave = m.claim.object.GVK.Version, m.claim.object.Wave
	}
	if m.record != nil {
		r.Images = m.record.Verdict.Images
		r.IgnoreHealth = m.record.Hints.IgnoreHealth
		if m.claim == nil {
			r.Version, r.Wave = m.record.Version, m.record.Hints.Wave
			_, r.Extraneous = resource.ParseOptions(m.record.Hints.CompareOptions)["IgnoreExtraneous"]
		}
	}
	return r
}

// planned is a desired object as the plan sees it.
func (m managed) planned(p *pass) plan.Object {
	o := plan.Object{
		Key: m.key, Wave: m.claim.object.Wave, Sync: m.sync, Missing: m.missing(), Defines: m.claim.defines,
	}
	for _, d := range m.drift {
		o.Differs = append(o.Differs, d.Path)
	}
	if h := m.health(); h != nil {
		o.Health, o.Message = h.Status, h.Message
	}
	if m.owner != "" && p.operation != nil && p.operation.Operation.InitiatedBy.Automated && p.c.alive(m.owner) {
		o.KeptFrom = "belongs to Application " + m.owner + ", which also has it in its source"
	}
	return o
}

// alive says whether an Application of this instance name exists and claims anything.
func (c *Controller) alive(instance string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.byName[instance]
	return ok
}
