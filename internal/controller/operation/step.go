package operation

import (
	"context"
	"errors"
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
	if len(s.Prunes()) > 0 && !r.announce(ctx, p) {
		return Outcome{Again: true}, false
	}
	switch r.run(ctx, s) {
	case stepPassing:
		return Outcome{Again: true}, false
	case stepWaits:
		return r.await(ctx, plan.Wait{For: r.State.Message}), false
	case stepFailed: // the plan says what follows
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
			if r.isCustom(i.Key) {
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
	if s.Unconfirmed() {
		return stepDone // nothing more of it, and the plan says what is waited for
	}
	if out := r.removeStale(ctx, s); out != stepDone {
		return out
	}
	worst := stepDone
	for _, group := range s.Groups() {
		worst = max(worst, r.apply(ctx, s.Phase, group))
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
			if err := r.Unfinalize(ctx, live); err != nil {
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
	r.State.Message = "waiting for deletion of hook " + stale[0].Key.Human()
	return stepWaits
}

// apply writes one kind of a step, objects and hooks together.
func (r *Run) apply(ctx context.Context, phase plan.Phase, group []plan.Item) stepOutcome {
	worst, group := r.carryAll(ctx, phase, group)
	w := r.work(ctx, phase, group)
	objects := w.refused
	for n, res := range r.send(ctx, w, apply.Options{}) {
		item := w.items[n]
		r.absorb(item, res)
		switch {
		case res.Pending:
			r.State.Message = res.Message
			worst = max(worst, stepWaits)
		case item.hook == nil:
			objects = append(objects, res)
		default:
			worst = max(worst, r.recordHook(*item.hook, res))
		}
	}
	failed, passing := r.record(phase, objects)
	return max(worst, outcomeOf(failed, passing))
}

// carryAll begins the hooks of a group that run once per input, and gives the rest.
func (r *Run) carryAll(ctx context.Context, phase plan.Phase, group []plan.Item) (worst stepOutcome, rest []plan.Item) {
	for _, i := range group {
		h := r.hook(phase, i.Key)
		switch {
		case i.Action != plan.Run || h == nil || h.once == nil && h.flaw == nil:
			rest = append(rest, i)
		case h.flaw != nil:
			r.failHook(*h, h.flaw.Error())
			worst = stepFailed
		default:
			worst = max(worst, r.carry(ctx, *h))
		}
	}
	return worst, rest
}

// recordHook records that a hook was made, or could not be.
func (r *Run) recordHook(h hook, res apply.Result) stepOutcome {
	switch {
	case !res.Failed():
		r.noteHook(h, r.begun(h.key), res.Message)
		return stepDone
	case res.Existing != nil && r.mine(h, r.Comparer.Cluster.Observe(res.Existing)): // the answer to its creation was lost
		r.noteHook(h, r.begun(h.key), "created")
		return stepDone
	case res.Existing != nil: // somebody else's, or of before and not seen yet: the plan deals with it
		r.State.Message = res.Message
		return stepPassing
	case res.Transient && r.patient():
		r.State.Message = h.key.Human() + ": " + res.Message
		return stepPassing
	}
	r.note(note{
		key: h.key, phase: h.phase, version: res.Version, status: v1alpha1.ResultSyncFailed, message: res.Message,
		hook: v1alpha1.OperationFailed, isHook: true,
	}, true)
	return stepFailed
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
	// create says that it must not be there yet.
	create bool
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
		task, item, err := r.taskOf(ctx, phase, i)
		if err != nil {
			w.refused = append(w.refused, apply.Result{
				Key: i.Key, Status: v1alpha1.ResultSyncFailed, Message: err.Error(), Transient: r.soon(i.Key, err),
			})
			continue
		}
		w.tasks, w.items = append(w.tasks, task), append(w.items, item)
	}
	return w
}

// send carries tasks out, those of hooks that have to be new as creations, and
// returns the results in the tasks' order.
func (r *Run) send(ctx context.Context, w work, o apply.Options) []apply.Result {
	var creates, applies []apply.Task
	for n, t := range w.tasks {
		if w.items[n].create {
			creates = append(creates, t)
		} else {
			applies = append(applies, t)
		}
	}
	made, applied := r.Applier.Create(ctx, creates, o), r.Applier.Apply(ctx, applies, o)
	out := make([]apply.Result, 0, len(w.tasks))
	for n := range w.tasks {
		from := &applied
		if w.items[n].create {
			from = &made
		}
		out = append(out, (*from)[0])
		*from = (*from)[1:]
	}
	return out
}

func (r *Run) taskOf(ctx context.Context, phase plan.Phase, i plan.Item) (apply.Task, workItem, error) {
	if i.Action == plan.Run {
		h := r.hook(phase, i.Key)
		if h == nil {
			return apply.Task{}, workItem{}, fmt.Errorf("no hook %s in phase %s", i.Key.Human(), phase)
		}
		if err := r.taken(*h); err != nil {
			return apply.Task{}, workItem{}, err
		}
		task, err := r.hookTask(*h)
		return task, workItem{hook: h, create: r.plannedHook(*h).Stale || r.Comparer.Cluster.Get(h.key) == nil}, err
	}
	o := r.find(i.Key)
	task, err := r.objectTask(ctx, o)
	return task, workItem{object: o}, err
}

func (r *Run) objectTask(ctx context.Context, o *comparison.Object) (apply.Task, error) {
	x := o.Claim
	kind, ok := r.Comparer.Cluster.Kinds().Exact(x.Object.GVK)
	if !ok {
		return apply.Task{}, unknownKindError{o.Unread}
	}
	options := r.optionsOf(*o)
	task := apply.Task{
		Key: o.Key, Kind: kind, Body: x.Object.JSON, SkipValidation: options.NoValidate,
		Replace: options.Replace, Force: options.Force || r.force(),
	}
	if o.Record == nil {
		return task, nil
	}
	// What was made since the operation began is its own work already.
	if o.Record.Created < r.State.StartedAt.Unix() {
		task.UID = o.Record.UID
	}
	if !r.Options.NoClientSideApplyMigration {
		task.MigrationManager = r.App.Annotations[v1alpha1.AnnotationMigrationManager]
		task.Legacy = o.Record.Verdict.Legacy || task.MigrationManager != ""
	}
	if !x.Respects() {
		return task, nil
	}
	live, err := r.Applier.Conn.Get(ctx, kind, o.Key.Namespace, o.Key.Name)
	if err != nil {
		return apply.Task{}, err
	}
	task.Body, err = x.ToApply(live, task.Replace)
	return task, err
}

// unknownKindError says that nobody serves an object's kind.
type unknownKindError struct{ why string }

func (e unknownKindError) Error() string {
	return e.why + "; if a CustomResourceDefinition defines it, it has to be applied first"
}

// soon says whether a task that could not be made may be made in a moment. A kind
// that is unknown will only be known if the sync defines it or is told to wait.
func (r *Run) soon(key resource.Key, err error) bool {
	if unknown := (unknownKindError{}); errors.As(err, &unknown) {
		return r.defines(key) || r.skipsMissing(key)
	}
	if taken := (takenError{}); errors.As(err, &taken) {
		return false
	}
	return cluster.Transient(err)
}

func (r *Run) hookTask(h hook) (apply.Task, error) {
	kind, ok := r.Comparer.Cluster.Kinds().Exact(h.object.GVK)
	if !ok {
		return apply.Task{}, unknownKindError{"the cluster does not know " + h.object.GVK.GroupVersion().String() + " " + h.key.Kind}
	}
	body, err := hookBody(h.object, identity{
		key: h.key, mark: r.mark(h.phase), instance: r.Instance, namespace: r.App.Spec.Destination.Namespace,
	})
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
// it, and gives it the metadata that it asks for. It is not tracked and never
// deleted, as in Argo CD; a Namespace in the source takes over.
func (r *Run) ensureNamespace(ctx context.Context) apply.Result {
	name := r.App.Spec.Destination.Namespace
	key := resource.Key{Kind: "Namespace", Name: name}
	if o := r.find(key); !r.Options.CreateNamespace || name == "" || o != nil && o.Claim != nil {
		return apply.Result{}
	}
	var metadata *v1alpha1.ManagedNamespaceMetadata
	if policy := r.App.Spec.SyncPolicy; policy != nil {
		metadata = policy.ManagedNamespaceMetadata
	}
	r.State.SyncResult.ManagedNamespaceMetadata = metadata
	if metadata == nil && r.Comparer.Cluster.Get(key) != nil {
		return apply.Result{}
	}
	refused := apply.Result{Key: key, Status: v1alpha1.ResultSyncFailed}
	if err := r.Permits(key); err != nil {
		refused.Message = err.Error()
		return refused
	}
	kind, ok := r.Comparer.Cluster.Kinds().Preferred(key.GroupKind())
	if !ok {
		refused.Message = "the cluster serves no namespaces"
		return refused
	}
	n := apply.Namespace{Kind: kind, Name: name, App: r.Instance, Metadata: metadata}
	if metadata != nil {
		if live, err := r.Applier.Conn.Get(ctx, kind, "", name); err == nil && n.Settled(live) {
			return apply.Result{}
		}
	}
	return r.Applier.EnsureNamespace(ctx, n, apply.Options{DryRun: r.State.Operation.Sync.DryRun})
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
