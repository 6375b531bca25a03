package inspect

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// maxTree bounds the nodes of one tree.
const maxTree = 20000

// Tree is the tree of an Application's objects: the managed ones and what they
// own, whoever made it, and the orphans of its namespace if the project asks for them.
// It reads the index and sends nothing.
func (i *Inspector) Tree(namespace, name string) []view.Node {
	t := tree{i: i, app: i.Store.App(types.NamespacedName{Namespace: namespace, Name: name})}
	if t.app != nil {
		if p := i.Store.Project(cmp.Or(t.app.Spec.Project, v1alpha1.DefaultProject)); p != nil {
			t.rules = project.New(p)
		}
	}
	instance := resource.AppInstance(i.Namespace, namespace, name)
	claims := i.Claims.All(instance)
	roots := make([]resource.Key, 0, len(claims))
	claimed := make(map[resource.Key]*claim.Claim, len(claims))
	for _, x := range claims {
		roots = append(roots, x.Object.Key)
		claimed[x.Object.Key] = x
	}
	tracked := i.Cluster.Tracked(instance)
	slices.SortFunc(tracked, func(a, b *cluster.Record) int { return a.Key.Compare(b.Key) })
	for _, rec := range tracked {
		if claimed[rec.Key] == nil {
			roots = append(roots, rec.Key)
		}
	}
	scalers := KnownScalers(i.Cluster)
	t.add(roots, func(n *view.Node, rec *cluster.Record) {
		switch x := claimed[rec.Key]; {
		case x != nil:
			delete(claimed, rec.Key)
			i.claimed(n, x, rec, scalers)
		case rec.Hints.Hook:
			n.Hook = true
		default:
			n.Managed, n.Prune, n.Sync = true, true, string(v1alpha1.SyncStatusOutOfSync)
		}
	})
	for _, x := range claims {
		if claimed[x.Object.Key] != nil {
			t.nodes = append(t.nodes, missing(x))
		}
	}
	t.addOrphans()
	return t.nodes
}

// tree is one in the making.
type tree struct {
	i *Inspector
	// app and rules are nil when there is no such Application or project.
	app   *v1alpha1.Application
	rules *project.Rules
	nodes []view.Node
}

// add adds the objects with these keys and what they own. What the project forbids is left
// out with all that is below it, as in Argo CD; the roots are shown in any case.
func (t *tree) add(roots []resource.Key, root func(*view.Node, *cluster.Record)) {
	branches := t.i.Cluster.Descend(roots, maxTree)
	hidden := make([]bool, len(branches))
	for at, b := range branches {
		if b.Above < 0 {
			n := node(b, "")
			root(&n, b.Record)
			t.nodes = append(t.nodes, n)
			continue
		}
		if hidden[at] = hidden[b.Above] || !t.permits(b.Key); !hidden[at] {
			t.nodes = append(t.nodes, node(b, branches[b.Above].Key.String()))
		}
	}
}

func (t *tree) permits(key resource.Key) bool {
	if t.rules == nil {
		return true
	}
	o := project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}
	return t.rules.CheckObject(o, t.app.Spec.Destination) == nil
}

// addOrphans adds the orphans and what they own.
func (t *tree) addOrphans() {
	if t.rules == nil || t.i.Orphans == nil {
		return
	}
	var roots []resource.Key
	for _, r := range t.i.Orphans.Of(t.rules, t.app.Spec.Destination) {
		roots = append(roots, r.Key)
	}
	from := len(t.nodes)
	t.add(roots, func(*view.Node, *cluster.Record) {})
	for at := from; at < len(t.nodes); at++ {
		t.nodes[at].Orphaned = true
	}
}

// missing is the node of a desired object that is not there.
func missing(x *claim.Claim) view.Node {
	key := x.Object.Key
	return view.Node{
		ID: key.String(), Group: key.Group, Version: x.Object.GVK.Version, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
		Managed: true, Missing: true, Sync: string(v1alpha1.SyncStatusOutOfSync), Health: string(v1alpha1.HealthStatusMissing),
		Wave: int64(x.Object.Wave),
	}
}

// claimed says of a node that it is desired, and how that compares.
func (i *Inspector) claimed(n *view.Node, x *claim.Claim, rec *cluster.Record, scalers *Scalers) {
	n.Cause = view.CauseOf(x.Object.Key, why.Explain(i.Cluster, rec))
	n.Managed, n.Wave, n.Version = true, int64(x.Object.Wave), x.Object.GVK.Version
	n.Sync = string(v1alpha1.SyncStatusUnknown)
	if rec.Verdict.Desired == x.Hash {
		n.Sync = string(rec.Verdict.Sync)
	}
	if err := i.Cluster.Kind(rec.Key.GroupKind()).Err; err != nil {
		n.Sync, n.Health, n.Message = string(v1alpha1.SyncStatusUnknown), string(v1alpha1.HealthStatusUnknown), err.Error()
	}
	if n.Sync != string(v1alpha1.SyncStatusOutOfSync) {
		return
	}
	n.OutOfSyncSince = stamp(comparison.Object{Record: rec, Drift: rec.Verdict.Drift}.Since())
	n.Drift = Drifts(scalers.Named(rec.Key, rec.Verdict.Drift))
}

func node(b cluster.Branch, parent string) view.Node {
	r := b.Record
	n := view.Node{
		ID: r.Key.String(), UID: string(r.UID), Parent: parent,
		Group: r.Key.Group, Version: r.Version, Kind: r.Key.Kind, Namespace: r.Key.Namespace, Name: r.Key.Name,
		Health: string(r.Verdict.Health), Message: r.Verdict.Message, ResourceVersion: r.ResourceVersion,
		CreatedAt: created(r), Wave: int64(r.Hints.Wave), Images: r.Verdict.Images,
	}
	for _, key := range b.OwnedBy {
		if len(b.OwnedBy) > 1 || key.String() != parent {
			n.Parents = append(n.Parents, key.String())
		}
	}
	for _, info := range r.Verdict.Info {
		n.Info = append(n.Info, view.Info(info))
	}
	n.Network = networkOf(r)
	if r.Verdict.Trouble != nil {
		n.Cause = view.CauseOf(r.Key, why.Own(r))
	}
	return n
}

// networkOf is an object's networkingInfo; what an autoscaler scales is no part of it.
func networkOf(r *cluster.Record) *view.Network {
	n := r.Verdict.Network
	if n == nil {
		return nil
	}
	out := &view.Network{Labels: labelsOf(n.Labels), TargetLabels: labelsOf(n.Selector), ExternalURLs: n.URLs}
	if r.Key.Group == "autoscaling" {
		if n.URLs == nil {
			return nil
		}
		return out
	}
	for _, key := range n.Targets {
		out.TargetRefs = append(out.TargetRefs, view.Target(key))
	}
	for _, a := range n.Addresses {
		out.Ingress = append(out.Ingress, view.Address(a))
	}
	return out
}

func labelsOf(text string) map[string]string {
	if text == "" {
		return nil
	}
	out := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		k, v, _ := strings.Cut(pair, "=")
		out[k] = v
	}
	return out
}

// Drifts are differences as views tell them.
func Drifts(list []cluster.Drift) []view.Drift {
	out := make([]view.Drift, 0, len(list))
	for _, d := range list {
		out = append(out, view.Drift{Path: d.Path, Desired: d.Desired, Live: d.Live, Manager: d.Manager, At: stamp(d.At), Immutable: d.Immutable, Advice: d.Advice})
	}
	return out
}

func created(r *cluster.Record) string {
	if r.Created == 0 {
		return ""
	}
	return stamp(time.Unix(r.Created, 0))
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
