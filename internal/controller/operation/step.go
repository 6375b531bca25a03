package operation

import (
	"context"
	"encoding/json"
	"fmt"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// stepOutcome is how a step ended.
type stepOutcome int

const (
	stepDone stepOutcome = iota
	// stepWaits: deletions were asked for, and are waited for.
	stepWaits
	// stepPassing: what failed may succeed if tried again at once.
	stepPassing
	stepFailed
)

// step runs one step. It says false when the pass has to end.
func (r *Run) step(ctx context.Context, p plan.Plan, s *plan.Step) (Outcome, bool) {
	switch r.run(ctx, s) {
	case stepPassing:
		return Outcome{Again: true}, false
	case stepFailed, stepWaits: // the plan says what follows
	case stepDone:
		if r.unsettled(s) && s != &p.Steps[len(p.Steps)-1] {
			r.Memory.settled = r.Engine.Now().Add(r.WaveDelay)
		}
	}
	if err := r.refresh(ctx); err != nil {
		return Outcome{Again: true}, false
	}
	return Outcome{}, true
}

// unsettled says whether a step changed something whose health may still be that of
// before: custom resources, whose controllers Argo CD gives two seconds to notice.
// What Kubernetes itself runs tells by its generation.
func (r *Run) unsettled(s *plan.Step) bool {
	for _, g := range s.Groups() {
		for _, i := range g {
			if isCustom(i.Key) {
				return true
			}
		}
	}
	return false
}

// run carries a step out: prunes all at once, hooks of before, then the kinds in
// order. A prune that fails stops the step before anything is created; a kind that
// fails does not stop the next, as in Argo CD.
func (r *Run) run(ctx context.Context, s *plan.Step) stepOutcome {
	if removals := r.removals(s); len(removals) > 0 {
		results := r.Remove(ctx, removals)
		if failed, passing := r.record(s.Phase, results); failed || passing {
			return outcomeOf(failed, passing)
		}
	}
	if out := r.removeStale(ctx, s); out != stepDone {
		return out
	}
	worst := stepDone
	for _, group := range s.Groups() {
		failed, passing := r.apply(ctx, s.Phase, group)
		worst = max(worst, outcomeOf(failed, passing))
	}
	if worst != stepPassing {
		r.Memory.tries = 0
	}
	return worst
}

func outcomeOf(failed, passing bool) stepOutcome {
	switch {
	case failed:
		return stepFailed
	case passing:
		return stepPassing
	}
	return stepDone
}

// Remove deletes, and has the index know of it at once.
func (e *Engine) Remove(ctx context.Context, removals []apply.Removal) []apply.Result {
	results := e.Applier.Remove(ctx, removals, apply.Options{})
	for n, res := range results {
		if !res.Failed() {
			e.Comparer.Cluster.Going(removals[n].Key, removals[n].UID)
		}
	}
	return results
}

func (r *Run) removals(s *plan.Step) []apply.Removal {
	var out []apply.Removal
	for _, i := range s.Prunes() {
		o := r.find(i.Key)
		if o == nil || o.Record == nil {
			continue
		}
		out = append(out, apply.Removal{
			Key: i.Key, Kind: o.Kind, UID: o.Record.UID, Propagation: Propagation(r.Comparer.Cluster, o.Record, r.Options.Propagation),
		})
	}
	return out
}

// removeStale deletes hooks of earlier operations that are in the way. Their
// finalizer goes first, or they would never be gone.
func (r *Run) removeStale(ctx context.Context, s *plan.Step) stepOutcome {
	stale := s.Stale()
	if len(stale) == 0 {
		return stepDone
	}
	var removals []apply.Removal
	for _, i := range stale {
		live := r.Comparer.Cluster.Get(i.Key)
		if live == nil {
			continue
		}
		if live.Hints.HookFinalizer {
			if err := r.unfinalize(ctx, live); err != nil {
				r.State.Message = "taking the finalizer off hook " + i.Key.Human() + ": " + err.Error()
				return stepPassing
			}
		}
		removals = append(removals, r.removal(live))
	}
	for _, res := range r.Remove(ctx, removals) {
		if !res.Failed() {
			continue
		}
		if res.Transient && r.patient() {
			r.State.Message = "deleting hook " + res.Key.Human() + ": " + res.Message
			return stepPassing
		}
		r.note(note{key: res.Key, phase: s.Phase, status: v1alpha1.ResultSyncFailed, message: "deleting the hook of before: " + res.Message, isHook: true}, true)
		return stepFailed
	}
	return stepWaits
}

// apply applies one kind of a step, objects and hooks together.
func (r *Run) apply(ctx context.Context, phase plan.Phase, group []plan.Item) (failed, passing bool) {
	w := r.work(ctx, phase, group)
	results := r.Applier.Apply(ctx, w.tasks, apply.Options{})
	for n, res := range results {
		r.absorb(w.items[n], res)
	}
	objects := w.refused
	for n, res := range results {
		if h := w.items[n].hook; h == nil {
			objects = append(objects, res)
		} else if !res.Failed() {
			r.noteHook(*h, r.begun(h.key), res.Message)
		} else if res.Transient && r.patient() {
			r.State.Message, passing = h.key.Human()+": "+res.Message, true
		} else {
			failed = true
			r.note(note{
				key: h.key, phase: phase, version: res.Version, status: v1alpha1.ResultSyncFailed, message: res.Message,
				hook: v1alpha1.OperationFailed, isHook: true,
			}, true)
		}
	}
	f, p := r.record(phase, objects)
	return failed || f, passing || p
}

// begun is the phase of a hook that was just made: of a kind that is not watched
// nothing more will be heard.
func (r *Run) begun(key resource.Key) v1alpha1.OperationPhase {
	if s := r.Comparer.Cluster.Kind(key.GroupKind()); s.Served && !s.Kind.Watchable {
		return v1alpha1.OperationSucceeded
	}
	return v1alpha1.OperationRunning
}

// workItem is what a task is for: an object or a hook.
type workItem struct {
	object *comparison.Object
	hook   *hook
}

// work are the tasks of a group, what each is for, and the results of those that
// cannot be made.
type work struct {
	tasks   []apply.Task
	items   []workItem
	refused []apply.Result
}

func (r *Run) work(ctx context.Context, phase plan.Phase, group []plan.Item) work {
	var w work
	for _, i := range group {
		task, item, err := r.task(ctx, phase, i)
		if err != nil {
			w.refused = append(w.refused, apply.Result{
				Key: i.Key, Status: v1alpha1.ResultSyncFailed, Message: err.Error(), Transient: cluster.Transient(err),
			})
			continue
		}
		w.tasks, w.items = append(w.tasks, task), append(w.items, item)
	}
	return w
}

func (r *Run) task(ctx context.Context, phase plan.Phase, i plan.Item) (apply.Task, workItem, error) {
	if i.Action == plan.Run {
		h := r.hook(phase, i.Key)
		if h == nil {
			return apply.Task{}, workItem{}, fmt.Errorf("no hook %s in phase %s", i.Key.Human(), phase)
		}
		task, err := r.hookTask(*h)
		return task, workItem{hook: h}, err
	}
	o := r.find(i.Key)
	task, err := r.objectTask(ctx, o)
	return task, workItem{object: o}, err
}

func (r *Run) objectTask(ctx context.Context, o *comparison.Object) (apply.Task, error) {
	x := o.Claim
	kind, ok := r.Comparer.Cluster.Kinds().Exact(x.Object.GVK)
	if !ok {
		return apply.Task{}, unknownKind(o.Unread)
	}
	options := r.optionsOf(*o)
	task := apply.Task{Key: o.Key, Kind: kind, Body: x.Object.JSON, SkipValidation: options.NoValidate}
	if o.Record == nil {
		return task, nil
	}
	task.Legacy = o.Record.Verdict.Legacy && !r.Options.NoClientSideApplyMigration
	if !x.Respect || len(x.Ignored) == 0 {
		return task, nil
	}
	live, err := r.Applier.Conn.Get(ctx, kind, o.Key.Namespace, o.Key.Name)
	if err != nil {
		return apply.Task{}, err
	}
	task.Body, err = x.ToApply(live)
	return task, err
}

func unknownKind(why string) error {
	return fmt.Errorf("%s; if a CustomResourceDefinition defines it, it has to be applied first", why)
}

func (r *Run) hookTask(h hook) (apply.Task, error) {
	kind, ok := r.Comparer.Cluster.Kinds().Exact(h.object.GVK)
	if !ok {
		return apply.Task{}, unknownKind("the cluster does not know " + h.object.GVK.GroupVersion().String() + " " + h.key.Kind)
	}
	body, err := r.body(h)
	options := r.Options.Override(h.object.SyncOptions)
	return apply.Task{Key: h.key, Kind: kind, Body: body, SkipValidation: options.NoValidate}, err
}

func (r *Run) hook(phase plan.Phase, key resource.Key) *hook {
	for n, h := range r.hooks() {
		if h.phase == phase && h.key == key {
			return &r.made[n]
		}
	}
	return nil
}

// absorb shows an applied object to the index.
func (r *Run) absorb(item workItem, res apply.Result) {
	switch {
	case res.Object == nil:
	case item.object != nil:
		r.Comparer.Applied(item.object.Claim, res.Object)
	default:
		r.Comparer.Cluster.Observe(res.Object)
	}
}

// refresh brings the verdicts up to date after a step.
func (r *Run) refresh(ctx context.Context) error {
	r.objects = nil
	if r.Target.Current {
		r.Comparer.Confirm(ctx, r.Target.Claims, true)
		r.Target.Objects = r.Comparer.Gather(r.Instance, r.Target.Claims)
		return nil
	}
	objects, err := r.Comparer.Against(ctx, r.Instance, r.Target.Claims, r.Target.Objects)
	if err != nil {
		return err
	}
	r.Target.Objects = objects
	return nil
}

// find is an object of the target, or nil.
func (r *Run) find(key resource.Key) *comparison.Object {
	if r.objects == nil {
		r.objects = make(map[resource.Key]*comparison.Object, len(r.Target.Objects))
		for i := range r.Target.Objects {
			r.objects[r.Target.Objects[i].Key] = &r.Target.Objects[i]
		}
	}
	return r.objects[key]
}

// ensureNamespace creates the destination namespace when the Application asks for
// it. It is not tracked and never deleted, as in Argo CD.
func (r *Run) ensureNamespace(ctx context.Context) error {
	name := r.App.Spec.Destination.Namespace
	if !r.Options.CreateNamespace || name == "" {
		return nil
	}
	key := resource.Key{Kind: "Namespace", Name: name}
	if o := r.find(key); r.Comparer.Cluster.Get(key) != nil || o != nil && o.Claim != nil {
		return nil
	}
	if err := r.Permits(key); err != nil {
		return err
	}
	kind, ok := r.Comparer.Cluster.Kinds().Preferred(key.GroupKind())
	if !ok {
		return fmt.Errorf("creating namespace %s: the cluster serves no namespaces", name)
	}
	body, err := json.Marshal(map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": name}})
	if err != nil {
		return err
	}
	if err := r.Applier.Conn.Create(ctx, kind, key, body); err != nil {
		return fmt.Errorf("creating namespace %s: %w", name, err)
	}
	return nil
}

// Propagation is how a deleted object's dependants go: as asked, Foreground by
// default, but Background for an object that owns nothing. That comes to the same
// and does not need the garbage collector, which knows a new kind only after half a
// minute.
func Propagation(c *cluster.Cluster, r *cluster.Record, asked string) string {
	if asked == "" {
		asked = "Foreground"
	}
	switch r.Key.Group {
	case "apps", "batch":
		return asked // what it owns may not have been seen yet
	}
	if asked == "Foreground" && len(c.Children(r.UID)) == 0 {
		return "Background"
	}
	return asked
}
