package application

import (
	"cmp"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// maxTree bounds the nodes of one tree.
const maxTree = 20000

// Tree is the tree of an Application's objects: the managed ones and what they
// own, whoever made it. It reads the index and sends nothing.
func (c *Controller) Tree(namespace, name string) []view.Node {
	instance := resource.AppInstance(c.o.Namespace, namespace, name)
	var out []view.Node
	seen := map[resource.Key]bool{}
	for _, x := range c.claims.all(instance) {
		key := x.object.Key
		seen[key] = true
		rec := c.cluster.Get(key)
		out = append(out, c.claimed(x, rec))
		out = c.owned(out, rec, seen, 0)
	}
	for _, rec := range c.cluster.Tracked(instance) {
		if seen[rec.Key] {
			continue
		}
		seen[rec.Key] = true
		n := node(rec, "")
		n.Managed, n.Prune, n.Sync = true, true, string(v1alpha1.SyncStatusOutOfSync)
		out = append(out, n)
		out = c.owned(out, rec, seen, 0)
	}
	return out
}

// owned adds what a record owns.
func (c *Controller) owned(out []view.Node, owner *cluster.Record, seen map[resource.Key]bool, depth int) []view.Node {
	const maxDepth = 16
	if owner == nil || depth > maxDepth {
		return out
	}
	children := c.cluster.Children(owner.UID)
	slices.SortFunc(children, func(a, b *cluster.Record) int { return a.Key.Compare(b.Key) })
	for _, r := range children {
		if seen[r.Key] || len(out) >= maxTree {
			continue
		}
		seen[r.Key] = true
		out = append(out, node(r, owner.Key.String()))
		out = c.owned(out, r, seen, depth+1)
	}
	return out
}

// claimed is the node of a desired object, which may not be there.
func (c *Controller) claimed(x *claim, rec *cluster.Record) view.Node {
	key := x.object.Key
	if rec == nil {
		return view.Node{
			ID: key.String(), Group: key.Group, Version: x.object.GVK.Version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
			Managed: true, Missing: true, Sync: string(v1alpha1.SyncStatusOutOfSync), Health: string(v1alpha1.HealthStatusMissing),
			Wave: int64(x.object.Wave),
		}
	}
	n := node(rec, "")
	n.Managed, n.Wave, n.Version = true, int64(x.object.Wave), x.object.GVK.Version
	n.Sync = string(v1alpha1.SyncStatusUnknown)
	if rec.Verdict.Desired == x.hash {
		n.Sync = string(rec.Verdict.Sync)
	}
	if err := c.cluster.Kind(key.GroupKind()).Err; err != nil {
		n.Sync, n.Health, n.Message = string(v1alpha1.SyncStatusUnknown), string(v1alpha1.HealthStatusUnknown), err.Error()
	}
	if n.Sync != string(v1alpha1.SyncStatusOutOfSync) {
		return n
	}
	n.OutOfSyncSince = stamp(managed{record: rec, drift: rec.Verdict.Drift}.since())
	n.Drift = drifts(rec.Verdict.Drift)
	return n
}

func node(r *cluster.Record, parent string) view.Node {
	n := view.Node{
		ID: r.Key.String(), UID: string(r.UID), Parent: parent,
		Group: r.Key.Group, Version: r.Version, Kind: r.Key.Kind, Namespace: r.Key.Namespace, Name: r.Key.Name,
		Health: string(r.Verdict.Health), Message: r.Verdict.Message,
		CreatedAt: stamp(time.Unix(r.Created, 0)), Wave: int64(r.Hints.Wave), Images: r.Verdict.Images,
	}
	for _, i := range r.Verdict.Info {
		n.Info = append(n.Info, view.Info(i))
	}
	return n
}

func drifts(list []cluster.Drift) []view.Drift {
	out := make([]view.Drift, 0, len(list))
	for _, d := range list {
		out = append(out, view.Drift{Path: d.Path, Desired: d.Desired, Live: d.Live, Manager: d.Manager, At: stamp(d.At)})
	}
	return out
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// all are an Application's claims, sorted by key.
func (c *claims) all(app string) []*claim {
	c.mu.RLock()
	out := make([]*claim, 0, len(c.byApp[app]))
	for _, x := range c.byApp[app] {
		out = append(out, x)
	}
	c.mu.RUnlock()
	slices.SortFunc(out, func(a, b *claim) int {
		return cmp.Or(cmp.Compare(a.object.Wave, b.object.Wave), a.object.Key.Compare(b.object.Key))
	})
	return out
}

func appKey(namespace, name string) types.NamespacedName {
	return types.NamespacedName{Namespace: namespace, Name: name}
}
