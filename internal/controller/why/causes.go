package why

import (
	"cmp"
	"context"
	"slices"

	"golang.org/x/sync/errgroup"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
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

// Question asks why objects are not healthy.
type Question struct {
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
func (q Question) Causes(ctx context.Context) []view.Explained {
	var all []explained
	for _, r := range q.Records {
		groups := Explain(q.Index, r)
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
			if out[n].Event, err = q.Warning(ctx, group.Objects[0], group.UIDs[0]); err != nil {
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
