package application

import (
	"context"
	"fmt"
	"reflect"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/autosync"
	"evenkeel.dev/internal/plan/retry"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/status"
	"evenkeel.dev/internal/telemetry"
)

// operate carries the running operation on, takes up a requested one, or decides
// to start one by itself.
func (p *pass) operate(ctx context.Context) outcome {
	switch op := p.operation; {
	case op != nil && !op.Phase.Completed():
		p.operation = op.DeepCopy()
		return p.carryOn(ctx)
	case p.app.Operation != nil:
		return p.begin(ctx, *p.app.Operation.DeepCopy())
	}
	return p.automate(ctx)
}

// automate starts an operation if the Application's policy says so.
func (p *pass) automate(ctx context.Context) outcome {
	in := p.autoInput()
	if in.Pending = p.pendingNamespace(); in.Pending == "" {
		in.Pending = p.pendingHook(ctx)
	}
	in.Refused = p.refusal()
	d := autosync.Decide(in)
	if d.Problem != "" {
		p.condition(v1alpha1.ConditionSyncError, d.Problem)
	}
	p.wakeIn(d.Again)
	if d.Start == nil {
		return proceed
	}
	if why := p.held(nil); why != "" {
		p.condition(v1alpha1.ConditionSyncWaiting, why)
		return proceed
	}
	return p.begin(ctx, *d.Start)
}

// pendingNamespace is why the destination namespace makes a sync due: it is to have
// other metadata than the last operation gave it. It is no object of the source.
func (p *pass) pendingNamespace() string {
	policy, last := p.app.Spec.SyncPolicy, p.operation
	if policy == nil || !p.options().CreateNamespace || last == nil || last.SyncResult == nil ||
		reflect.DeepEqual(policy.ManagedNamespaceMetadata, last.SyncResult.ManagedNamespaceMetadata) {
		return ""
	}
	return "spec.syncPolicy.managedNamespaceMetadata has changed"
}

// pendingHook is why a hook that runs once per input makes a sync due. It is found
// anew only when what it depends on has changed.
func (p *pass) pendingHook(ctx context.Context) string {
	r := p.s.rendering
	if p.broken || !automated(p.app) || len(r.Hooks) == 0 {
		return ""
	}
	run := operation.Run{
		Engine: p.c.engine, App: p.app, Instance: p.s.instance, Memory: &operation.Memory{},
		State:  operation.Drafted(v1alpha1.SyncOperation{}, r.Origin),
		Target: operation.Target{Current: true, Claims: r.Claims, Hooks: r.Hooks, Objects: p.managed, Files: p.files(r.Origin, p.repos)},
	}
	inputs := run.Inputs()
	if inputs == 0 {
		return ""
	}
	if last := p.operation; last != nil {
		inputs ^= uint64(last.StartedAt.Unix())
	}
	if p.s.pending.inputs != inputs {
		p.s.pending = pending{inputs: inputs, why: run.Pending(ctx)}
	}
	return p.s.pending.why
}

func (p *pass) autoInput() autosync.Input {
	in := autosync.Input{
		App: p.app, Last: p.attempt(), Origin: p.s.rendering.Origin, Broken: p.broken, Now: p.now,
		Backoff:   backoffOf(p.settings.SelfHeal),
		PruneOnly: true, PruneAll: len(p.managed) > 0,
	}
	report := status.Report{Compared: true}
	for _, m := range p.managed {
		report.Resources = append(report.Resources, m.Resource())
		if m.Claim != nil {
			in.PruneAll = false
		}
		if m.Sync == v1alpha1.SyncStatusSynced || m.Claim != nil && m.Owner != "" && p.c.alive(m.Owner) {
			continue
		}
		if m.Claim != nil {
			in.PruneOnly = false
		} else if p.keptFromPruning(m) != "" {
			continue
		}
		in.OutOfSync = append(in.OutOfSync, v1alpha1.SyncOperationResource{
			Group: m.Key.Group, Kind: m.Key.Kind, Namespace: m.Key.Namespace, Name: m.Key.Name,
		})
	}
	in.Status = status.Compose(p.app, report).Sync.Status
	return in
}

// backoffOf spaces self-heals as the settings say: by a fixed pause if one is set.
func backoffOf(s settings.SelfHeal) autosync.Backoff {
	if s.Timeout > 0 {
		return autosync.Backoff{Initial: s.Timeout, Factor: 1, Limit: s.Timeout}
	}
	return autosync.Backoff{Initial: s.Initial, Factor: s.Factor, Limit: s.Cap}
}

// begin writes the operation down before anything else is done, so that it is
// carried on whatever happens.
func (p *pass) begin(ctx context.Context, op v1alpha1.Operation) outcome {
	last := p.operation
	p.operation = &v1alpha1.OperationState{Operation: op, Phase: v1alpha1.OperationRunning, StartedAt: p.time()}
	// The second in which it began tells an operation's hooks from those of others.
	if last != nil && !last.StartedAt.Before(&p.operation.StartedAt) {
		p.operation.StartedAt = metav1.NewTime(last.StartedAt.Add(time.Second))
	}
	p.s.memory = operation.Memory{}
	if op.Sync == nil {
		p.finish(v1alpha1.OperationError, "the operation has no sync: nothing else is supported")
		return proceed
	}
	p.operation.SyncResult = &v1alpha1.SyncOperationResult{}
	p.requested(op.Sync).Note(p.operation.SyncResult)
	p.operation.Message = "waiting to start"
	p.urgent = true
	if !p.report(ctx) {
		return wait
	}
	return p.carryOn(ctx)
}

// carryOn does what can be done of the operation now.
func (p *pass) carryOn(ctx context.Context) outcome {
	op := p.operation
	if op.Operation.Sync == nil {
		p.finish(v1alpha1.OperationError, "the operation has no sync: nothing else is supported")
		return proceed
	}
	if op.SyncResult == nil { // another controller was interrupted before it noted the revisions
		op.SyncResult = &v1alpha1.SyncOperationResult{}
		p.requested(op.Operation.Sync).Note(op.SyncResult)
	}
	terminating := op.Phase == v1alpha1.OperationTerminating
	yield := !terminating && p.superseded()
	if op.FinishedAt != nil && !terminating {
		if yield {
			return p.supersede(ctx)
		}
		if !p.retryDue() {
			return proceed
		}
	}
	r, err := p.run(ctx)
	switch {
	case err != nil:
		return p.unrunnable(err, terminating)
	case r == nil:
		return wait
	case terminating:
		return p.settle(r.Terminate(ctx, "Operation terminated"))
	case len(p.againstOp) > 0:
		return p.settle(r.Terminate(ctx, refused(p.againstOp))) // whatever of it runs already
	}
	return p.advance(ctx, r, yield)
}

// unrunnable deals with an operation whose target cannot be had.
func (p *pass) unrunnable(err error, terminating bool) outcome {
	switch {
	case terminating:
		p.finish(v1alpha1.OperationFailed, "Operation terminated; its hooks could not be looked for: "+err.Error())
	case fault.KindOf(err).Transient():
		p.operation.Message = err.Error()
		p.passing()
	default:
		p.finish(v1alpha1.OperationFailed, err.Error())
	}
	return proceed
}

// advance does what the operation can do now, or lets a newer commit take over once
// nothing of it is running any more.
func (p *pass) advance(ctx context.Context, r *operation.Run, yield bool) outcome {
	if yield {
		busy, again := r.Busy()
		if !busy {
			return p.supersede(ctx)
		}
		p.wakeIn(again)
	}
	r.Yield = yield
	if r.Held = p.held(p.operation); r.Held != "" {
		p.condition(v1alpha1.ConditionSyncWaiting, r.Held)
	}
	out := r.Advance(ctx)
	p.managed = p.current(r)
	if out.Yielded {
		return p.supersede(ctx)
	}
	return p.settle(out)
}

// settle takes over what a pass made of the operation.
func (p *pass) settle(out operation.Outcome) outcome {
	p.wakeIn(out.Wake)
	if out.Again {
		p.passing()
	}
	if out.Ended {
		p.ended()
	}
	if p.operation.FinishedAt != nil || p.progressed() {
		p.urgent = true
	}
	return proceed
}

// progressed says whether the operation has results that are not written down: the
// next pass knows of nothing else, and what was pruned shows nowhere but there.
func (p *pass) progressed() bool {
	written := p.app.Status.OperationState
	return written == nil || written.SyncResult == nil || !reflect.DeepEqual(written.SyncResult.Resources, p.operation.SyncResult.Resources)
}

// current are the Application's objects after a run. One for another revision has
// compared them with that.
func (p *pass) current(r *operation.Run) []managed {
	if r.Target.Current {
		return r.Target.Objects
	}
	return p.c.comparer.Gather(p.s.instance, p.s.rendering.Claims)
}

// run is the operation's part of this pass, or nil when an event has to be waited
// for.
func (p *pass) run(ctx context.Context) (*operation.Run, error) {
	target, err := p.target(ctx)
	if err != nil || target == nil {
		return nil, err
	}
	state := p.operation
	return &operation.Run{
		Engine: p.c.engine, App: p.app, Instance: p.s.instance, State: state, Target: *target,
		Options: p.operationOptions(), Permits: p.permits, Memory: &p.s.memory,
		Flush: func(ctx context.Context) bool {
			p.urgent = true
			written := p.report(ctx)
			p.operation = state // the run goes on with this one, not with the copy that was written
			return written
		},
		WaveDelay: p.settings.SyncWaveDelay, Timeout: p.settings.SyncTimeout,
	}, nil
}

// superseded: the operation is for a revision that is no longer the newest, or for other
// sources than the Application's, and nobody asked for just those. Carrying it on would
// hold up what may be its fix (argo-cd #11494). One that must not be applied mends nothing.
func (p *pass) superseded() bool {
	op := p.operation
	if p.broken || p.refusal() != "" || p.noted().Equal(p.s.rendering.Origin) || p.app.Annotations[v1alpha1.AnnotationSupersede] == "false" {
		return false
	}
	return op.Operation.InitiatedBy.Automated
}

func (p *pass) supersede(ctx context.Context) outcome {
	old, now := p.noted(), p.s.rendering.Origin
	why := fmt.Sprintf("superseded: %s is out, %s is in", old.Short(), now.Short())
	if !old.SameSources(now) {
		why = "superseded: the Application has other sources now"
	}
	p.finish(v1alpha1.OperationFailed, why)
	return p.operate(ctx) // what somebody asked for meanwhile goes first, as a rollback's sync
}

// retryDue says whether a failed try's wait is over, and makes the operation ready
// for the next.
func (p *pass) retryDue() bool {
	op := p.operation
	delay, err := retry.Delay(op.Operation.Retry, op.RetryCount-1)
	if err != nil {
		p.finish(v1alpha1.OperationError, err.Error())
		return false
	}
	if left := op.FinishedAt.Add(delay).Sub(p.now); left > 0 {
		p.wakeIn(left)
		return false
	}
	op.FinishedAt = nil
	op.SyncResult.Resources = nil
	if now := p.s.rendering.Origin; op.Operation.Retry.Refresh && !p.broken && p.refusal() == "" && now.SameSources(resource.OriginOfSync(op.SyncResult)) {
		now.Note(op.SyncResult)
	}
	return true
}

// finish ends the operation where no run does.
func (p *pass) finish(phase v1alpha1.OperationPhase, message string) {
	now := metav1.NewTime(p.c.o.Now().UTC().Truncate(time.Second))
	p.operation.Phase, p.operation.Message, p.operation.FinishedAt = phase, message, &now
	p.ended()
}

// ended sees to what follows the end of an operation.
func (p *pass) ended() {
	op := p.operation
	p.clearOperation = !op.Operation.InitiatedBy.Automated
	p.urgent, p.finished = true, true
	sync := op.Operation.Sync
	p.c.o.Metrics.Synced(telemetry.Sync{
		Namespace: p.app.Namespace, Name: p.app.Name, Project: rendering.ProjectOf(p.app), Server: v1alpha1.InClusterServer,
		Phase: string(op.Phase), DryRun: sync != nil && sync.DryRun, Took: op.FinishedAt.Sub(op.StartedAt.Time),
	})
	// Partial syncs are not history (argo-cd.md §1.15).
	if op.Phase != v1alpha1.OperationSucceeded || sync.DryRun || len(sync.Resources) > 0 {
		return
	}
	started := op.StartedAt
	p.deployed = &v1alpha1.RevisionHistory{DeployedAt: *op.FinishedAt, DeployStartedAt: &started, InitiatedBy: op.Operation.InitiatedBy}
	p.deployed.Source, p.deployed.Revision, p.deployed.Sources, p.deployed.Revisions = resource.OriginOfSync(op.SyncResult).Fields()
}

func short(revision string) string {
	const n = 8
	if len(revision) > n {
		return revision[:n]
	}
	return revision
}
