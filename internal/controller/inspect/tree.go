package inspect

import (
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// maxTree bounds the nodes of one tree.
const maxTree = 20000

// Tree is the tree of an Application's objects: the managed ones and what they
// own, whoever made it. It reads the index and sends nothing.
func (i *Inspector) Tree(namespace, name string) []view.Node {
	instance := resource.AppInstance(i.Namespace, namespace, name)
	var out []view.Node
	seen := map[resource.Key]bool{}
	for _, x := range i.Claims.All(instance) {
		key := x.Object.Key
		seen[key] = true
		rec := i.Cluster.Get(key)
		out = append(out, i.claimed(x, rec))
		out = i.owned(out, rec, seen, 0)
	}
	for _, rec := range i.Cluster.Tracked(instance) {
		if seen[rec.Key] {
			continue
		}
		seen[rec.Key] = true
		n := node(rec, "")
		if rec.Hints.Hook {
			n.Hook = true
		} else {
			n.Managed, n.Prune, n.Sync = true, true, string(v1alpha1.SyncStatusOutOfSync)
		}
		out = append(out, n)
		out = i.owned(out, rec, seen, 0)
	}
	return out
}

// owned adds what a record owns.
func (i *Inspector) owned(out []view.Node, owner *cluster.Record, seen map[resource.Key]bool, depth int) []view.Node {
	const maxDepth = 16
	if owner == nil || depth > maxDepth {
		return out
	}
	children := i.Cluster.Children(owner.UID)
	slices.SortFunc(children, func(a, b *cluster.Record) int { return a.Key.Compare(b.Key) })
	for _, r := range children {
		if seen[r.Key] || len(out) >= maxTree {
			continue
		}
		seen[r.Key] = true
		out = append(out, node(r, owner.Key.String()))
		out = i.owned(out, r, seen, depth+1)
	}
	return out
}

// claimed is the node of a desired object, which may not be there.
func (i *Inspector) claimed(x *claim.Claim, rec *cluster.Record) view.Node {
	key := x.Object.Key
	if rec == nil {
		return view.Node{
			ID: key.String(), Group: key.Group, Version: x.Object.GVK.Version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
			Managed: true, Missing: true, Sync: string(v1alpha1.SyncStatusOutOfSync), Health: string(v1alpha1.HealthStatusMissing),
			Wave: int64(x.Object.Wave),
		}
	}
	n := node(rec, "")
	n.Managed, n.Wave, n.Version = true, int64(x.Object.Wave), x.Object.GVK.Version
	n.Sync = string(v1alpha1.SyncStatusUnknown)
	if rec.Verdict.Desired == x.Hash {
		n.Sync = string(rec.Verdict.Sync)
	}
	if err := i.Cluster.Kind(key.GroupKind()).Err; err != nil {
		n.Sync, n.Health, n.Message = string(v1alpha1.SyncStatusUnknown), string(v1alpha1.HealthStatusUnknown), err.Error()
	}
	if n.Sync != string(v1alpha1.SyncStatusOutOfSync) {
		return n
	}
	n.OutOfSyncSince = stamp(comparison.Object{Record: rec, Drift: rec.Verdict.Drift}.Since())
	n.Drift = Drifts(rec.Verdict.Drift)
	return n
}

func node(r *cluster.Record, parent string) view.Node {
	n := view.Node{
		ID: r.Key.String(), UID: string(r.UID), Parent: parent,
		Group: r.Key.Group, Version: r.Version, Kind: r.Key.Kind, Namespace: r.Key.Namespace, Name: r.Key.Name,
		Health: string(r.Verdict.Health), Message: r.Verdict.Message,
		CreatedAt: stamp(time.Unix(r.Created, 0)), Wave: int64(r.Hints.Wave), Images: r.Verdict.Images,
	}
	for _, info := range r.Verdict.Info {
		n.Info = append(n.Info, view.Info(info))
	}
	return n
}

// Drifts are differences as views tell them.
func Drifts(list []cluster.Drift) []view.Drift {
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
