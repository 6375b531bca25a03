package operation

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/plan/retry"
	"evenkeel.dev/internal/resource"
)

// Engine is what all operations share.
type Engine struct {
	Comparer *comparison.Comparer
	Applier  *apply.Applier
	// Alive says whether an Application of an instance name exists.
	Alive func(instance string) bool
	// Child says how an Application that is an object of another fares, by its key; nil
	// means that all are well.
	Child func(resource.Key) (plan.State, string)
	// HasRule says of which kinds the health is judged; nil means those that Evenkeel has
	// rules for.
	HasRule func(schema.GroupKind) bool
	// Ledger keeps what ran once per input. Nil, where nothing is carried out, means
	// that nothing is known of it.
	Ledger *ledger.Store
	// Now is the clock.
	Now func() time.Time
}

// Target is what an operation brings about.
type Target struct {
	// Current says that these are the claims in force, whose verdicts are the index's.
	Current bool
	Claims  []*claim.Claim
	Hooks   []desired.Object
	// Objects are the claims and what is tracked besides, compared.
	Objects []comparison.Object
	// Files gives the repository of the source at a position, at the revision; nil if no
	// hook asks for it.
	Files func(context.Context, int) (Files, error)
}

// Memory is what is remembered of an operation between passes to spare requests
// and to space waves. Losing it costs no more than that.
type Memory struct {
	// rehearsed is the try that was rehearsed.
	rehearsed string
	// settled is when the wave after the one run last may begin.
	settled time.Time
	// tasks are the hooks that run once per input, with the inputs of the try tasksOf.
	tasks   map[string]once.Task
	tasksOf string
}

// Run is one pass's part of an operation.
type Run struct {
	Engine
	App *v1alpha1.Application
	// Instance is the Application's name in tracking ids.
	Instance string
	// State is the operation's state, which the Run changes.
	State  *v1alpha1.OperationState
	Target Target
	// Options are the Application's and the operation's together.
	Options resource.SyncOptions
	// Permits is the project's say on an object.
	Permits func(resource.Key) error
	// Flush writes State. When it says false the pass has to end.
	Flush  func(context.Context) bool
	Memory *Memory
	// WaveDelay is the least time between two waves.
	WaveDelay time.Duration
	// Timeout is how long the operation may take; 0 means for ever.
	Timeout time.Duration
	// Yield lets hooks that run finish and starts nothing more: a newer commit is to
	// take over.
	Yield bool
	// Held is why no step may begin now: a sync window, another Application.
	Held string

	// entries are the records by place, the first indexed of State's; objects those of
	// Target by key.
	entries map[place]*v1alpha1.ResourceResult
	indexed int
	objects map[resource.Key]*comparison.Object
	made    []hook
}

// Outcome is how a pass left an operation.
type Outcome struct {
	// Wake is when to make another pass; 0 means when something happens.
	Wake time.Duration
	// Again says that the API server could not be asked: make another pass soon.
	Again bool
	// Ended says that the operation ended in this pass.
	Ended bool
	// Yielded says that nothing of the operation is running any more, as asked.
	Yielded bool
}

// maxSteps bounds the steps of one pass. An operation has as many steps as waves,
// and one that needs more than this applies what never gets equal.
const maxSteps = 200

// Advance runs steps until something has to be waited for or nothing is left.
func (r *Run) Advance(ctx context.Context) Outcome {
	if r.State.Operation.Sync.DryRun {
		return r.dryRun(ctx)
	}
	if out, ok := r.begin(ctx); !ok {
		return out
	}
	for range maxSteps {
		if out, done := r.persist(ctx); done {
			return out
		}
		p := r.plan()
		v := r.next(p)
		switch {
		case v.Failed != "":
			r.recordDegraded(v)
			continue
		case v.Done:
			return r.conclude(ctx, p)
		case v.Wait.For != "":
			return r.await(ctx, v.Wait)
		case r.Yield:
			return Outcome{Yielded: true}
		case r.Held != "":
			r.State.Message = r.Held
			return Outcome{}
		}
		if left := r.Memory.settled.Sub(r.Now()); left > 0 {
			r.State.Message = fmt.Sprintf("waiting %s between two waves", r.WaveDelay)
			return Outcome{Wake: left}
		}
		out, ok := r.step(ctx, p, v.Step)
		if !ok {
			return out
		}
	}
	return r.fail("the sync makes no progress")
}

// next asks the plan: for a step of the sync, or of what follows a failure.
func (r *Run) next(p plan.Plan) plan.Verdict {
	if r.failing() {
		return p.NextOnFailure()
	}
	return p.Next()
}

// begin does what comes before the first write of a try: the destination namespace,
// which nothing in it can be tried without, and the rehearsal.
func (r *Run) begin(ctx context.Context) (Outcome, bool) {
	if len(r.State.SyncResult.Resources) > 0 {
		return Outcome{}, true
	}
	if r.Yield {
		return Outcome{Yielded: true}, false
	}
	if r.Held != "" {
		r.State.Message = r.Held
		return Outcome{}, false
	}
	if shared := r.shared(); shared != "" {
		return r.fail(shared), false
	}
	if _, err := r.choices(); err != nil {
		r.finish(v1alpha1.OperationFailed, err.Error())
		return Outcome{Ended: true}, false
	}
	moved, err := r.asPlanned(ctx)
	switch {
	case err != nil:
		r.State.Message = err.Error()
		return Outcome{Again: true}, false
	case moved != "":
		r.finish(v1alpha1.OperationFailed, moved)
		return Outcome{Ended: true}, false
	}
	if res := r.ensureNamespace(ctx); res.Failed() {
		if res.Transient && r.patient() {
			return Outcome{Again: true}, false
		}
		return r.fail("the namespace failed to apply: " + res.Key.Human() + ": " + res.Message), false
	}
	if r.Memory.rehearsed == r.try() {
		return Outcome{}, true
	}
	switch r.rehearse(ctx) {
	case stepPassing:
		return Outcome{Again: true}, false
	case stepFailed:
		return r.fail("one or more objects failed to apply (dry run), so nothing was touched: " + r.failed()), false
	case stepDone, stepWaits:
	}
	r.Memory.rehearsed = r.try()
	return Outcome{}, true
}

// shared is why the operation fails for objects of other Applications (sync option
// FailOnSharedResource), if so.
func (r *Run) shared() string {
	if !r.Options.FailOnSharedResource {
		return ""
	}
	for _, o := range r.Target.Objects {
		if o.Claim != nil && o.Owner != "" {
			return fmt.Sprintf("shared resource found: %s belongs to Application %s (sync option FailOnSharedResource)", o.Key.Human(), o.Owner)
		}
	}
	return ""
}

// persist writes what was seen of hooks before anything is done that could lose it,
// and lets those go whose completion is written. A step begins only then.
func (r *Run) persist(ctx context.Context) (Outcome, bool) {
	completed, passing := r.observeHooks(ctx)
	if passing || completed && !r.Flush(ctx) {
		return Outcome{Again: true}, true
	}
	return r.release(ctx)
}

// await notes what is waited for, and until when at most.
func (r *Run) await(ctx context.Context, w plan.Wait) Outcome {
	switch {
	case r.Yield && !w.Hooks:
		return Outcome{Yielded: true}
	case w.Confirmation:
		w.For += ": set annotation " + v1alpha1.AnnotationDeletionApproved + " of the Application to the present time"
	}
	r.State.Message = w.For
	if r.Timeout <= 0 {
		return Outcome{}
	}
	left := r.State.StartedAt.Add(r.Timeout).Sub(r.Now())
	if left > 0 {
		return Outcome{Wake: left}
	}
	return r.Terminate(ctx, fmt.Sprintf("timed out after %s, %s", r.Timeout, w.For))
}

// conclude ends an operation of which nothing is left to do.
func (r *Run) conclude(ctx context.Context, p plan.Plan) Outcome {
	failed := r.failing()
	if out, ok := r.cleanup(ctx, failed); !ok {
		return out
	}
	r.closePrunes()
	if failed {
		return r.fail(r.failures())
	}
	for _, s := range p.Steps {
		for _, i := range s.Apply {
			if i.Action == plan.Keep {
				r.note(note{key: i.Key, phase: i.Phase, status: v1alpha1.ResultSynced, message: "unchanged"}, false)
			}
		}
	}
	for _, i := range p.Skipped {
		r.note(note{key: i.Key, phase: i.Phase, status: v1alpha1.ResultPruneSkipped, message: i.Reason}, false)
	}
	r.finish(v1alpha1.OperationSucceeded, "successfully synced (all tasks run)")
	return Outcome{Ended: true}
}

// fail ends a try: with another one later if retries are left.
func (r *Run) fail(message string) Outcome {
	op := r.State
	limit := op.Operation.Retry.Limit
	if limit >= 0 && op.RetryCount >= limit {
		if op.RetryCount > 0 {
			message = fmt.Sprintf("%s (retried %d times)", message, op.RetryCount)
		}
		r.finish(v1alpha1.OperationFailed, message)
		return Outcome{Ended: true}
	}
	delay, err := retry.Delay(op.Operation.Retry, op.RetryCount)
	if err != nil {
		r.finish(v1alpha1.OperationError, err.Error())
		return Outcome{Ended: true}
	}
	now := stamp(r.Now())
	op.Phase, op.FinishedAt = v1alpha1.OperationRunning, &now
	op.RetryCount++
	op.Message = fmt.Sprintf("%s. Retrying attempt #%d at %s.", message, op.RetryCount, now.Add(delay).Format(time.TimeOnly))
	return Outcome{Wake: delay}
}

func (r *Run) finish(phase v1alpha1.OperationPhase, message string) {
	now := stamp(r.Now())
	r.State.Phase, r.State.Message, r.State.FinishedAt = phase, message, &now
}

func stamp(t time.Time) metav1.Time { return metav1.NewTime(t.UTC().Truncate(time.Second)) }

// try identifies one try of the operation. Operations of an Application never begin
// in the same second.
func (r *Run) try() string {
	return fmt.Sprintf("%d-%d", r.State.StartedAt.Unix(), r.State.RetryCount)
}

// hooksRun says whether the operation runs hooks: not if it is partial or asked to
// apply only (argo-cd.md §5.4). A dry run tries them, too.
func (r *Run) hooksRun() bool {
	op := r.State.Operation.Sync
	return len(op.Resources) == 0 && (op.SyncStrategy == nil || op.SyncStrategy.Apply == nil)
}

// force says whether the operation asks for objects to be made anew.
func (r *Run) force() bool {
	switch s := r.State.Operation.Sync.SyncStrategy; {
	case s == nil:
		return false
	case s.Apply != nil:
		return s.Apply.Force
	case s.Hook != nil:
		return s.Hook.Force
	}
	return false
}

// selected is the filter of a partial sync, or nil.
func selected(resources []v1alpha1.SyncOperationResource) func(resource.Key) bool {
	if len(resources) == 0 {
		return nil
	}
	return func(k resource.Key) bool {
		return slices.ContainsFunc(resources, func(s v1alpha1.SyncOperationResource) bool {
			return s.Group == k.Group && s.Kind == k.Kind && s.Name == k.Name && (s.Namespace == "" || s.Namespace == k.Namespace)
		})
	}
}
