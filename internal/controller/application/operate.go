package application

import (
	"context"
	"fmt"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
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
	d := decideAutoSync(p.autoInput())
	if d.problem != "" {
		p.condition(v1alpha1.ConditionSyncError, d.problem)
	}
	p.wakeIn(d.again)
	if d.start == nil {
		return proceed
	}
	return p.begin(ctx, *d.start)
}

func (p *pass) autoInput() autoInput {
	in := autoInput{
		app: p.app, last: p.operation, source: p.source, revision: p.s.rendering.revision, broken: p.broken, now: p.now,
		backoff: selfHealBackoff{
			duration: p.settings.SelfHeal.Initial, factor: p.settings.SelfHeal.Factor, limit: p.settings.SelfHeal.Cap,
		},
		pruneOnly: true, pruneAll: len(p.managed) > 0,
	}
	report := status.Report{Compared: true}
	for _, m := range p.managed {
		report.Resources = append(report.Resources, m.resource())
		if m.claim != nil {
			in.pruneAll = false
		}
		if m.sync == v1alpha1.SyncStatusSynced || m.claim != nil && m.owner != "" && p.c.alive(m.owner) {
			continue
		}
		if m.claim != nil {
			in.pruneOnly = false
		} else if p.keptFromPruning(m) != "" {
			continue
		}
		in.outOfSync = append(in.outOfSync, v1alpha1.SyncOperationResource{
			Group: m.key.Group, Kind: m.key.Kind, Namespace: m.key.Namespace, Name: m.key.Name,
		})
	}
	in.status = status.Compose(p.app, report).Sync.Status
	return in
}

// begin writes the operation down before anything else is done, so that it is
// carried on whatever happens.
func (p *pass) begin(ctx context.Context, op v1alpha1.Operation) outcome {
	p.operation = &v1alpha1.OperationState{Operation: op, Phase: v1alpha1.OperationRunning, StartedAt: p.time()}
	if op.Sync == nil {
		p.finish(v1alpha1.OperationError, "the operation has no sync: nothing else is supported")
		return proceed
	}
	p.operation.SyncResult = &v1alpha1.SyncOperationResult{Revision: p.operationRevision(op.Sync), Source: p.source}
	if op.Sync.Source != nil {
		p.operation.SyncResult.Source = *op.Sync.Source
	}
	p.operation.Message = "waiting to start"
	p.urgent = true
	if !p.report(ctx) {
		return wait
	}
	return p.carryOn(ctx)
}

func (p *pass) operationRevision(op *v1alpha1.SyncOperation) string {
	if op.Revision != "" {
		return op.Revision
	}
	return p.s.rendering.revision
}

// carryOn does what can be done of the operation now.
func (p *pass) carryOn(ctx context.Context) outcome {
	op := p.operation
	if op.Phase == v1alpha1.OperationTerminating {
		p.finish(v1alpha1.OperationFailed, "Operation terminated")
		return proceed
	}
	if op.Operation.Sync == nil {
		p.finish(v1alpha1.OperationError, "the operation has no sync: nothing else is supported")
		return proceed
	}
	if op.SyncResult == nil { // another controller was interrupted before it noted the revision
		op.SyncResult = &v1alpha1.SyncOperationResult{Revision: p.operationRevision(op.Operation.Sync), Source: p.source}
	}
	if p.superseded() {
		return p.supersede(ctx)
	}
	if op.FinishedAt != nil && !p.retryDue() {
		return proceed
	}
	return p.advance(ctx)
}

// superseded: an automated operation is for a revision that is no longer the
// newest. Carrying it on would hold up what may be its fix (argo-cd #11494).
func (p *pass) superseded() bool {
	return p.operation.Operation.InitiatedBy.Automated && !p.broken && p.operation.SyncResult.Revision != p.s.rendering.revision
}

func (p *pass) supersede(ctx context.Context) outcome {
	old := p.operation.SyncResult.Revision
	p.finish(v1alpha1.OperationFailed, fmt.Sprintf("superseded: %s is out, %s is in", short(old), short(p.s.rendering.revision)))
	d := decideAutoSync(p.autoInput())
	if d.start == nil {
		return proceed
	}
	return p.begin(ctx, *d.start)
}

// retryDue says whether a failed try's wait is over, and makes the operation ready
// for the next.
func (p *pass) retryDue() bool {
	op := p.operation
	delay, err := retryDelay(op.Operation.Retry, op.RetryCount-1)
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
	if op.Operation.Retry.Refresh && !p.broken {
		op.SyncResult.Revision = p.s.rendering.revision
	}
	return true
}

// advance runs steps until something has to be waited for or nothing is left.
func (p *pass) advance(ctx context.Context) outcome {
	t, err := p.target(ctx)
	if err != nil {
		p.fail(err.Error())
		return proceed
	}
	if t == nil {
		return wait
	}
	if p.operation.Operation.Sync.DryRun {
		p.dryRun(ctx, t)
		return proceed
	}
	if err := p.ensureNamespace(ctx); err != nil {
		p.fail(err.Error())
		return proceed
	}
	for steps := 0; ; steps++ {
		pl := t.plan()
		v := pl.Next()
		switch {
		case v.Done:
			p.succeed(t, pl)
			return proceed
		case v.Failed != "":
			p.fail(v.Failed)
			return proceed
		case v.Waiting != "":
			p.operation.Message = v.Waiting
			return proceed
		case steps > maxSteps:
			p.fail("the sync makes no progress: " + stuck(v.Step))
			return proceed
		}
		switch p.run(ctx, t, *v.Step) {
		case stepFailed:
			p.fail(p.failures())
			return proceed
		case stepPassing:
			p.passing()
			return proceed
		case stepPruning:
			p.operation.Message = "waiting for deletions"
			return proceed
		case stepDone:
		}
		if err := t.refresh(ctx); err != nil {
			p.passing()
			return proceed
		}
	}
}

// maxSteps bounds the steps of one pass. An operation has as many steps as waves,
// and one that needs more than this applies what never gets equal.
const maxSteps = 200

func stuck(s *plan.Step) string {
	for _, g := range s.Groups() {
		return g[0].Key.Human() + " " + g[0].Reason
	}
	return fmt.Sprintf("wave %d", s.Wave)
}

func (p *pass) succeed(t *target, pl plan.Plan) {
	op := p.operation
	for _, s := range pl.Steps {
		for _, i := range s.Apply {
			p.note(t, result{key: i.Key, status: v1alpha1.ResultSynced, message: "unchanged"}, false)
		}
	}
	for _, i := range pl.Skipped {
		p.note(t, result{key: i.Key, status: v1alpha1.ResultPruneSkipped, message: i.Reason}, false)
	}
	p.finish(v1alpha1.OperationSucceeded, "successfully synced (all tasks run)")
	sync := op.Operation.Sync
	if len(sync.Resources) > 0 {
		return // partial syncs are not history (argo-cd.md §1.15)
	}
	started := op.StartedAt
	p.deployed = &v1alpha1.RevisionHistory{
		Revision: op.SyncResult.Revision, Source: op.SyncResult.Source, DeployedAt: *op.FinishedAt, DeployStartedAt: &started,
		InitiatedBy: op.Operation.InitiatedBy,
	}
}

// fail ends a try: with another one later if retries are left.
func (p *pass) fail(message string) {
	op := p.operation
	limit := op.Operation.Retry.Limit
	if limit >= 0 && op.RetryCount >= limit {
		if op.RetryCount > 0 {
			message = fmt.Sprintf("%s (retried %d times)", message, op.RetryCount)
		}
		p.finish(v1alpha1.OperationFailed, message)
		return
	}
	delay, err := retryDelay(op.Operation.Retry, op.RetryCount)
	if err != nil {
		p.finish(v1alpha1.OperationError, err.Error())
		return
	}
	now := p.time()
	op.Phase, op.FinishedAt = v1alpha1.OperationRunning, &now
	op.RetryCount++
	op.Message = fmt.Sprintf("%s. Retrying attempt #%d at %s.", message, op.RetryCount, now.Add(delay).Format(time.TimeOnly))
	p.wakeIn(delay)
	p.urgent = true
}

func (p *pass) finish(phase v1alpha1.OperationPhase, message string) {
	now := metav1.NewTime(p.c.o.Now().UTC().Truncate(time.Second))
	p.operation.Phase, p.operation.Message, p.operation.FinishedAt = phase, message, &now
	p.clearOperation = !p.operation.Operation.InitiatedBy.Automated
	p.urgent, p.finished = true, true
	p.c.o.Metrics.Synced(telemetry.Sync{
		Namespace: p.app.Namespace, Name: p.app.Name, Project: projectOf(p.app), Server: v1alpha1.InClusterServer,
		Phase: string(phase), DryRun: p.operation.Operation.Sync != nil && p.operation.Operation.Sync.DryRun,
		Took: now.Sub(p.operation.StartedAt.Time),
	})
}

// selected is the filter of a partial sync, or nil.
func selected(resources []v1alpha1.SyncOperationResource) func(resource.Key) bool {
	if len(resources) == 0 {
		return nil
	}
	return func(k resource.Key) bool {
		return slices.ContainsFunc(resources, func(r v1alpha1.SyncOperationResource) bool {
			return r.Group == k.Group && r.Kind == k.Kind && r.Name == k.Name && (r.Namespace == "" || r.Namespace == k.Namespace)
		})
	}
}
