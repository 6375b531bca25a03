package offline

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/health/cause"
	"evenkeel.dev/internal/health/field"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// below are the kinds of objects that are looked for below an unhealthy one, by the
// selector that it has for its Pods.
var below = [...]schema.GroupKind{{Group: "apps", Kind: "ReplicaSet"}, {Kind: "Pod"}}

// maxUnhealthy bounds the objects that are looked at.
const maxUnhealthy = 20

// Cause is why the objects of an Application that are not healthy, by its status, are not.
// It reads those, what their selectors select, and the last warnings about what is in
// trouble. Nothing is rendered.
func (f *Offline) Cause(ctx context.Context, app *v1alpha1.Application) ([]view.Explained, error) {
	unhealthy := map[resource.Key]v1alpha1.HealthStatus{}
	for _, s := range app.Status.Resources {
		if s.Hook || s.Health == nil || s.Health.Status == v1alpha1.HealthStatusHealthy || s.Health.Status == v1alpha1.HealthStatusMissing {
			continue
		}
		if len(unhealthy) < maxUnhealthy {
			unhealthy[resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}] = *s.Health
		}
	}
	judge := &claim.Judge{Claims: claim.NewSet(), Now: time.Now}
	index := cluster.Static(cluster.Options{Conn: f.o.Conn, Judge: func(obj *unstructured.Unstructured, before *cluster.Record) cluster.Verdict {
		v := judge.Verdict(obj, before)
		if known, ok := unhealthy[resource.KeyOf(obj)]; ok && v.Health == "" { // a rule of the controller's
			v.Health, v.Message = known.Status, known.Message
			v.Trouble = (*cluster.Trouble)(cause.Of(obj, v.Health, v.Message))
		}
		return v
	}}, f.kinds)
	q := why.Question{Index: index, Warning: func(ctx context.Context, key resource.Key, uid string) (*view.Event, error) {
		return inspect.LastWarning(ctx, f.o.Conn, key, uid)
	}}
	for key := range unhealthy {
		live, err := f.live(ctx, key)
		if err != nil {
			return nil, err
		}
		if live == nil {
			continue
		}
		q.Records = append(q.Records, index.Observe(live))
		if err := f.observeBelow(ctx, index, live); err != nil {
			return nil, err
		}
	}
	return q.Causes(ctx), nil
}

// observeBelow shows the index what an object selects.
func (f *Offline) observeBelow(ctx context.Context, index *cluster.Cluster, live *unstructured.Unstructured) error {
	match := field.Spec(live).Object("selector").Object("matchLabels")
	if len(match) == 0 {
		return nil
	}
	set := labels.Set{}
	for name := range match {
		set[name] = match.Text(name)
	}
	for _, gk := range below {
		kind, ok := f.kinds.Preferred(gk)
		if !ok {
			continue
		}
		list, err := f.o.Conn.List(ctx, kind, live.GetNamespace(), set.AsSelector().String())
		if err != nil {
			return fault.Wrap(fault.Unavailable, err, "reading what %s selects", resource.KeyOf(live).Human())
		}
		for _, obj := range list {
			index.Observe(obj)
		}
	}
	return nil
}
