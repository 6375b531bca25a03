package inspect

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

const (
	// maxExplained bounds the causes that are told, maxAsked those of which events are
	// read, one request each, parallel how many are on their way at once.
	maxExplained = 20
	maxAsked     = 5
	parallel     = 5
)

// Explain gives the reasons why a live object is not healthy, found among what it owns.
// It reads the index and sends nothing.
func Explain(index *cluster.Cluster, r *cluster.Record) []cause.Group {
	if r == nil {
		return nil
	}
	return cause.Explain(nodeOf(r), func(uid string) []cause.Node {
		children := index.Children(types.UID(uid))
		out := make([]cause.Node, len(children))
		for i, c := range children {
			out[i] = nodeOf(c)
		}
		return out
	})
}

func nodeOf(r *cluster.Record) cause.Node {
	v := &r.Verdict
	return cause.Node{
		Key: r.Key, UID: string(r.UID), Health: v.Health, Message: v.Message, Trouble: (*cause.Trouble)(v.Trouble),
		Images: v.Images, Created: r.Created, Revision: claim.Revision(v.Info),
	}
}

// Cause is why each object of an Application that is not healthy is not, the worst first,
// with the last warnings about what is in trouble.
func (i *Inspector) Cause(ctx context.Context, namespace, name string) ([]view.Explained, error) {
	if _, err := i.Get(ctx, namespace, name); err != nil {
		return nil, err
	}
	instance := resource.AppInstance(i.Namespace, namespace, name)
	records := map[resource.Key]*cluster.Record{}
	for _, x := range i.Claims.All(instance) {
		records[x.Object.Key] = i.Cluster.Get(x.Object.Key)
	}
	for _, r := range i.Cluster.Tracked(instance) {
		if !r.Hints.Hook {
			records[r.Key] = r
		}
	}
	w := Why{Index: i.Cluster, Warning: i.warning}
	for _, r := range records {
		w.Records = append(w.Records, r)
	}
	return w.Causes(ctx), nil
}

// Why explains objects.
type Why struct {
	Index   *cluster.Cluster
	Records []*cluster.Record
	// Warning reads the last warning about an object; nil if there is none.
	Warning func(ctx context.Context, key resource.Key, uid string) (*view.Event, error)
}

// explained is one group of what explains an object.
type explained struct {
	of     *cluster.Record
	groups []cause.Group // one
}

// Causes are those of all objects. That a warning cannot be read is said beside its cause.
func (w Why) Causes(ctx context.Context) []view.Explained {
	var all []explained
	for _, r := range w.Records {
		groups := Explain(w.Index, r)
		for n := range groups {
			all = append(all, explained{r, groups[n : n+1]})
		}
	}
	slices.SortFunc(all, func(a, b explained) int {
		x, y := a.of.Verdict.Health, b.of.Verdict.Health
		switch {
		case health.Worse(rated(x), rated(y)):
			return -1
		case health.Worse(rated(y), rated(x)):
			return 1
		case a.groups[0].Before(&b.groups[0]):
			return -1
		case b.groups[0].Before(&a.groups[0]):
			return 1
		}
		return cmp.Or(a.of.Key.Compare(b.of.Key), a.groups[0].Objects[0].Compare(b.groups[0].Objects[0]))
	})
	all = all[:min(len(all), maxExplained)]
	out := make([]view.Explained, len(all))
	for n, x := range all {
		out[n] = view.ExplainedOf(x.of.Key, x.groups)[0]
		out[n].More = 0
	}
	var g errgroup.Group
	g.SetLimit(parallel)
	for n := range min(len(all), maxAsked) {
		group := &all[n].groups[0]
		g.Go(func() error {
			var err error
			if out[n].Event, err = w.Warning(ctx, group.Objects[0], group.UIDs[0]); err != nil {
				out[n].Problem = err.Error()
			}
			return nil
		})
	}
	_ = g.Wait() // they return none
	return out
}

// rated is a health as it counts: a kind without a rule is healthy.
func rated(h v1alpha1.HealthStatusCode) v1alpha1.HealthStatusCode {
	return cmp.Or(h, v1alpha1.HealthStatusHealthy)
}
