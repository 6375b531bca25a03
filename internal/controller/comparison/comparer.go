package comparison

import (
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
)

// parallel bounds the requests that one comparison has in flight.
const parallel = 8

// Comparer compares in one cluster. It is safe for concurrent use.
type Comparer struct {
	Cluster *cluster.Cluster
	Claims  *claim.Set
}

// Read shows the judge the bodies of live objects that it has not compared with
// what is desired now, one request each. Its error may pass.
func (c *Comparer) Read(ctx context.Context, claims []*claim.Claim) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, x := range claims {
		key := x.Object.Key
		rec := c.Cluster.Get(key)
		if rec == nil || rec.Verdict.Desired == x.Hash || c.Claims.Of(key, rec.App) != x {
			continue
		}
		kind, ok := c.Cluster.Kinds().Exact(x.Object.GVK)
		if !ok || c.Cluster.Kind(key.GroupKind()).Err != nil || c.Cluster.Rejudge(key) {
			continue
		}
		g.Go(func() error { return c.observe(ctx, kind, key) })
	}
	return g.Wait()
}

func (c *Comparer) observe(ctx context.Context, kind cluster.Kind, key resource.Key) error {
	live, err := c.Cluster.Conn().Get(ctx, kind, key.Namespace, key.Name)
	switch {
	case err == nil:
		c.Cluster.Observe(live)
		return nil
	case !apierrors.IsNotFound(err) && cluster.Transient(err):
		return err
	}
	return nil // its deletion is on its way to the index, or Gather finds no verdict and says so
}

// Confirm asks the API server about objects that look different although exactly
// what is desired was applied to them, or may have been: it knows about defaults
// and webhooks. What was never applied and differs needs no confirmation, unless that
// may be for defaults alone.
// perhaps says that the last operation brought these very claims, for objects of
// which it is not remembered what was applied last.
func (c *Comparer) Confirm(ctx context.Context, claims []*claim.Claim, perhaps bool) {
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, x := range claims {
		if !doubtful(c.Cluster.Get(x.Object.Key), x, perhaps) {
			continue
		}
		kind, ok := c.Cluster.Kinds().Exact(x.Object.GVK)
		if !ok {
			continue
		}
		g.Go(func() error {
			c.ask(ctx, x, kind)
			return nil
		})
	}
	_ = g.Wait() // ask returns no error: without an answer the prediction stands
}

func doubtful(rec *cluster.Record, x *claim.Claim, perhaps bool) bool {
	if rec == nil || rec.Verdict.Desired != x.Hash || rec.Verdict.Sync != v1alpha1.SyncStatusOutOfSync || rec.Verdict.Confirmed {
		return false
	}
	return rec.Verdict.Unsure || rec.Verdict.Applied == x.Hash || rec.Verdict.Applied == 0 && perhaps
}

// maxAsked is how often an object is asked about that is written all the time. Without an
// answer the prediction stands until its next event.
const maxAsked = 3

// ask has the API server say, by a dry run, what applying x would do now.
func (c *Comparer) ask(ctx context.Context, x *claim.Claim, kind cluster.Kind) {
	key, conn := x.Object.Key, c.Cluster.Conn()
	for range maxAsked {
		live, err := conn.Get(ctx, kind, key.Namespace, key.Name)
		if err != nil {
			return
		}
		changes, moved, err := c.dryRun(ctx, x, kind, live)
		if err != nil {
			return
		}
		if moved {
			continue
		}
		c.Cluster.Observe(live)
		c.Cluster.Amend(key, live.GetResourceVersion(), func(v *cluster.Verdict) { settle(v, x, live, changes) })
		return
	}
}

// dryRun is what applying x to a live object would change, as the API server says; moved
// says that somebody has written in between, and what differs may be his. The answer to a
// dry run has the resource version of what it was made of.
func (c *Comparer) dryRun(ctx context.Context, x *claim.Claim, kind cluster.Kind, live *unstructured.Unstructured) (changes []diff.Change, moved bool, err error) {
	body, err := x.ToApply(live, false)
	if err != nil {
		return nil, false, err
	}
	outcome, _, err := apply.Send(ctx, c.Cluster.Conn(), apply.Request{
		Kind: kind, Key: x.Object.Key, Body: body,
		Options: cluster.WriteOptions{DryRun: true, Manager: v1alpha1.FieldManager, SkipValidation: x.NoValidate},
	})
	if err != nil {
		return nil, false, err
	}
	changes, err = withMigrated(x, live, x.Outcome(outcome, live))
	version := outcome.GetResourceVersion()
	return changes, version != "" && version != live.GetResourceVersion(), err
}

// withMigrated adds what is predicted to be removed of fields that others applied
// client-side: a dry run does not show it, as they become ours only when x is applied.
func withMigrated(x *claim.Claim, live *unstructured.Unstructured, changes []diff.Change) ([]diff.Change, error) {
	if len(x.Legacy(live)) == 0 {
		return changes, nil
	}
	predicted, _, err := x.Compare(live)
	if err != nil {
		return nil, err
	}
	for _, c := range predicted {
		if c.Removed && !slices.ContainsFunc(changes, func(o diff.Change) bool { return o.Path == c.Path }) {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// Applied shows the index what the API server made of an apply, which is by
// definition equal to what was applied.
func (c *Comparer) Applied(x *claim.Claim, live *unstructured.Unstructured) {
	key := x.Object.Key
	c.Cluster.Observe(live)
	c.Cluster.Applied(key, live.GetUID(), x.Hash)
	c.Cluster.Amend(key, live.GetResourceVersion(), func(v *cluster.Verdict) {
		if v.Desired == x.Hash && v.Sync != v1alpha1.SyncStatusSynced {
			settle(v, x, live, nil)
		}
		v.Confirmed = false
	})
}

// settle writes the API server's answer into a verdict.
func settle(v *cluster.Verdict, x *claim.Claim, live *unstructured.Unstructured, changes []diff.Change) {
	v.Confirmed, v.Unsure = true, false
	if len(changes) == 0 {
		v.Sync, v.Drift = v1alpha1.SyncStatusSynced, nil
		if predicted, _, err := x.Compare(live); err == nil {
			v.Agreed = claim.Agreement(x, predicted)
		}
		return
	}
	v.Sync, v.Drift = v1alpha1.SyncStatusOutOfSync, x.Drift(changes, live)
}

// Gather lists all objects of an Application with their verdicts, sorted by key.
// It sends nothing.
func (c *Comparer) Gather(instance string, claims []*claim.Claim) []Object {
	out := make([]Object, 0, len(claims))
	desired := make(map[resource.Key]bool, len(claims))
	for _, x := range claims {
		desired[x.Object.Key] = true
		out = append(out, c.object(instance, x))
	}
	for _, rec := range c.Cluster.Tracked(instance) {
		if desired[rec.Key] || rec.Hints.Hook {
			continue
		}
		o := Object{Key: rec.Key, Record: rec, Sync: v1alpha1.SyncStatusOutOfSync}
		s := c.Cluster.Kind(rec.Key.GroupKind())
		o.Kind, o.Known = s.Kind, s.Served
		if s.Err != nil {
			o.Sync, o.Unread = v1alpha1.SyncStatusUnknown, s.Err.Error()
		}
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b Object) int { return a.Key.Compare(b.Key) })
	return out
}

func (c *Comparer) object(instance string, x *claim.Claim) Object {
	o := Object{Key: x.Object.Key, Claim: x, Sync: v1alpha1.SyncStatusUnknown}
	o.Kind, o.Known = c.Cluster.Kinds().Exact(x.Object.GVK)
	state := c.Cluster.Kind(o.Key.GroupKind())
	o.Record = c.Cluster.Get(o.Key)
	switch {
	case !o.Known:
		o.Sync = v1alpha1.SyncStatusOutOfSync
		o.Unread = "the cluster does not know " + x.Object.GVK.GroupVersion().String() + " " + o.Key.Kind
	case state.Err != nil:
		o.Unread = "the kind cannot be read: " + state.Err.Error()
	case o.Record == nil:
		o.Sync = v1alpha1.SyncStatusOutOfSync
	case o.Record.Verdict.Desired == x.Hash:
		o.Sync, o.Drift = o.Record.Verdict.Sync, o.Record.Verdict.Drift
	case o.Record.Verdict.Desired != 0: // compared with a rival's
		o.Sync = v1alpha1.SyncStatusOutOfSync
	default:
		o.Unread = "not compared yet"
	}
	if o.Record != nil && o.Record.App != "" && o.Record.App != instance {
		o.Owner = o.Record.App
	}
	return o
}

// Against compares the live objects with claims that are not in force, such as
// another revision's. Verdicts in the index, which are about the claims in force,
// stay as they are. Objects are the Application's as Gather gave them: those of
// them that are tracked by it and not claimed follow at the end.
func (c *Comparer) Against(ctx context.Context, instance string, claims []*claim.Claim, objects []Object) ([]Object, error) {
	out := make([]Object, len(claims), len(claims)+len(objects))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	desired := map[resource.Key]bool{}
	for i, x := range claims {
		desired[x.Object.Key] = true
		out[i] = c.object(instance, x)
		o := &out[i]
		if o.Record == nil || !o.Known {
			continue
		}
		g.Go(func() error { return c.compareNow(ctx, o) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, o := range objects {
		if o.Record != nil && !desired[o.Key] && o.Record.App == instance {
			o.Claim = nil
			out = append(out, o)
		}
	}
	return out, nil
}

func (c *Comparer) compareNow(ctx context.Context, o *Object) error {
	live, err := c.Cluster.Conn().Get(ctx, o.Kind, o.Key.Namespace, o.Key.Name)
	switch {
	case apierrors.IsNotFound(err):
		o.Record, o.Sync, o.Unread = nil, v1alpha1.SyncStatusOutOfSync, ""
		return nil
	case err != nil:
		return err
	}
	changes, _, err := o.Claim.Compare(live)
	if err != nil {
		return err
	}
	if claim.Unsure(changes) || len(changes) > 0 && o.Record.Verdict.Applied == o.Claim.Hash {
		// It was applied last, so this may be what the API server made of it; or somebody
		// has changed it since. Or it may be a default.
		if confirmed, moved, err := c.dryRun(ctx, o.Claim, o.Kind, live); err == nil && !moved {
			changes = confirmed
		}
	}
	o.Sync, o.Unread, o.Drift = v1alpha1.SyncStatusSynced, "", nil
	if len(changes) > 0 {
		o.Sync, o.Drift = v1alpha1.SyncStatusOutOfSync, o.Claim.Drift(changes, live)
	}
	return nil
}
