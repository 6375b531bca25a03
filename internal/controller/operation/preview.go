package operation

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Preview is what the operation would do, and changes nothing. It asks the API
// server about objects that look different, as the operation itself would.
func (r *Run) Preview(ctx context.Context) (view.Plan, error) {
	r.confirm(ctx)
	p := r.plan()
	hash, err := r.hash(ctx, p)
	if err != nil {
		return view.Plan{}, err
	}
	decisions, err := r.decide(ctx)
	if err != nil {
		return view.Plan{}, err
	}
	out := view.Plan{
		Hash: hash, Revision: resource.OriginOfSync(r.State.SyncResult).Revision(0), Revisions: r.State.SyncResult.Revisions,
		Steps: []view.PlanStep{}, Skipped: []view.PlanItem{},
	}
	scalers := inspect.LiveScalers(ctx, r.Comparer.Cluster.Conn(), r.Comparer.Cluster.Kinds())
	for _, list := range [...][]plan.Step{p.Steps, p.OnFailure} {
		for _, s := range list {
			step := view.PlanStep{Phase: string(s.Phase), Wave: s.Wave}
			for _, items := range [...][]plan.Item{s.Prune, s.Apply} {
				for _, i := range items {
					step.Items = append(step.Items, r.shown(i, decisions, scalers))
				}
			}
			out.Steps = append(out.Steps, step)
		}
	}
	for _, i := range p.Skipped {
		out.Skipped = append(out.Skipped, r.shown(i, decisions, scalers))
	}
	return out, nil
}

func (r *Run) shown(i plan.Item, decisions Decided, scalers *inspect.Scalers) view.PlanItem {
	out := view.PlanItem{
		ID: i.Key.String(), Group: i.Key.Group, Kind: i.Key.Kind, Namespace: i.Key.Namespace, Name: i.Key.Name,
		Action: string(i.Action), Reason: i.Reason,
	}
	if o := r.find(i.Key); o != nil && i.Action != plan.Run {
		drift := r.drift(*o)
		named := scalers.Named(i.Key, drift)
		out.Version, out.Changes = o.Version(), inspect.Drifts(named)
		for n, d := range drift {
			if d.Advice != named[n].Advice { // the plan itself was made without a request for the name
				out.Reason = strings.Replace(out.Reason, d.Advice, named[n].Advice, 1)
			}
		}
	}
	if h := r.hook(i.Phase, i.Key); h != nil && i.Action == plan.Run {
		out.Version = h.object.GVK.Version
	}
	if d, ok := decisions[place{i.Phase, i.Key}]; ok && i.Action == plan.Run {
		out.Reason = d.Reason
		if d.Action != once.ActRun {
			out.Action = string(plan.Skip)
		}
	}
	return out
}

// confirm has all that looks different confirmed, whoever applied it last: two
// processes that see the same are to make the same plan.
func (r *Run) confirm(ctx context.Context) {
	if !r.Target.Current {
		return // compared with bodies just now
	}
	r.Comparer.Confirm(ctx, r.Target.Claims, true)
	r.objects = nil
	r.Target.Objects = r.Comparer.Gather(r.Instance, r.Target.Claims)
}

// hash is the plan's hash. The live objects that would be written over are read for
// it, one request each: their status may change, what people or controllers set may
// not.
func (r *Run) hash(ctx context.Context, p plan.Plan) (string, error) {
	var keys []resource.Key
	for _, list := range [...][]plan.Step{p.Steps, p.OnFailure} {
		for _, s := range list {
			for _, items := range [...][]plan.Item{s.Prune, s.Apply} {
				for _, i := range items {
					if i.Action == plan.Update || i.Action == plan.Replace || i.Action == plan.Prune {
						keys = append(keys, i.Key)
					}
				}
			}
		}
	}
	const parallel = 8
	live := make([]plan.Fact, len(keys))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for n, key := range keys {
		o := r.find(key) // here, as a Run is for one goroutine
		if o == nil || o.Record == nil || !o.Known {
			continue
		}
		g.Go(func() (err error) {
			live[n], err = r.liveFact(ctx, o)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return "", err
	}
	facts := make(map[resource.Key]plan.Fact, len(keys))
	for n, key := range keys {
		facts[key] = live[n]
	}
	return p.Hash(func(phase plan.Phase, key resource.Key) plan.Fact {
		f := facts[key]
		if h := r.hook(phase, key); h != nil {
			f.Desired = h.object.Hash
		} else if o := r.find(key); o != nil && o.Claim != nil {
			f.Desired = o.Claim.Hash
		}
		return f
	}), nil
}

func (r *Run) liveFact(ctx context.Context, o *comparison.Object) (plan.Fact, error) {
	live, err := r.Applier.Conn.Get(ctx, o.Kind, o.Key.Namespace, o.Key.Name)
	if apierrors.IsNotFound(err) {
		return plan.Fact{}, nil
	}
	if err != nil {
		return plan.Fact{}, fault.Wrap(fault.Unavailable, err, "reading %s for the plan", o.Key.Human())
	}
	return plan.Fact{UID: string(live.GetUID()), Live: diff.Hash(settable(live))}, nil
}

// settable is a live object without what the API server and controllers write into
// it all the time.
func settable(live *unstructured.Unstructured) *unstructured.Unstructured {
	return diff.Without(live, []string{"/status", "/metadata/resourceVersion", "/metadata/generation", "/metadata/managedFields"})
}

// asPlanned is why the operation must not begin: it was asked for a plan that is no
// longer what would be done.
func (r *Run) asPlanned(ctx context.Context) (string, error) {
	want := ""
	for _, i := range r.State.Operation.Info {
		if i != nil && i.Name == v1alpha1.InfoPlan {
			want = i.Value
		}
	}
	if want == "" {
		return "", nil
	}
	r.confirm(ctx)
	got, err := r.hash(ctx, r.plan())
	if err != nil || got == want {
		return "", err
	}
	return "the plan " + want + " is out of date: desired or live have moved since, and what would be done now is plan " + got +
		". Nothing was changed; look at the new plan first", nil
}

// Drafted is the state of an operation that was not begun, for a preview.
func Drafted(op v1alpha1.SyncOperation, of resource.Origin) *v1alpha1.OperationState {
	state := &v1alpha1.OperationState{Operation: v1alpha1.Operation{Sync: &op}, SyncResult: &v1alpha1.SyncOperationResult{}}
	of.Note(state.SyncResult)
	return state
}
