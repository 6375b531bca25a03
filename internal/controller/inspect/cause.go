package inspect

import (
	"context"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

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
	q := why.Question{Index: i.Cluster, Warning: i.warning}
	for _, r := range records {
		q.Records = append(q.Records, r)
	}
	return q.Causes(ctx), nil
}
