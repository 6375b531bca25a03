package application

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/status"
	"evenkeel.dev/internal/view"
)

// quiet is the least time between two writes of a status in which nothing but
// health and the like changed. Changes within it are written together.
const quiet = 500 * time.Millisecond

// report writes the status, if it changed, and tells the view. It says whether
// the status is written as composed.
func (p *pass) report(ctx context.Context) bool {
	p.rivalry()
	p.unruled()
	p.orphans()
	for _, text := range why.Aborted(p.c.cluster, p.managed) {
		p.condition(v1alpha1.ConditionRolloutAborted, text)
	}
	p.c.mu.Lock() // for the Inspector, which is no pass
	p.s.longer, p.s.explained = p.longer, p.explain().Status != v1alpha1.HealthStatusHealthy
	p.c.mu.Unlock()
	change := status.Change{Status: p.compose(), ClearOperation: p.clearOperation, Finalizers: p.hookFinalizers()}
	if p.answered {
		change.ClearAnnotations = []string{v1alpha1.AnnotationRefresh, v1alpha1.AnnotationRefreshTimestamp}
	}
	if p.newerThan != "" {
		change.SetAnnotations = map[string]string{v1alpha1.AnnotationPinNewerThan: p.newerThan}
	}
	if p.unpinned {
		change.ClearAnnotations = append(change.ClearAnnotations, pin.Annotations...)
	}
	body, err := status.Patch(p.app, change)
	if err != nil {
		p.c.o.Log.ErrorContext(ctx, "status cannot be written", "app", p.key.String(), "err", err)
		return false
	}
	if body == nil {
		p.publish()
		return true
	}
	if left := p.s.written.Add(quiet).Sub(p.now); left > 0 && !p.urgent && !p.answered {
		p.wakeIn(left)
		p.publish()
		return true
	}
	return p.write(ctx, body)
}

func (p *pass) write(ctx context.Context, body []byte) bool {
	app, err := p.c.store.Patch(ctx, p.key, body)
	switch {
	case apierrors.IsNotFound(err):
		return false // gone; its deletion makes a pass
	case apierrors.IsConflict(err):
		p.wakeIn(firstPause) // somebody else wrote; the newer Application is seen then
		return false
	case err != nil:
		if ctx.Err() == nil {
			p.c.o.Log.WarnContext(ctx, "status cannot be written", "app", p.key.String(), "err", err)
		}
		p.passing()
		return false
	}
	p.app, p.s.written = app, p.c.o.Now()
	p.operation = app.Status.OperationState.DeepCopy() // app is what the next patch is relative to
	if p.answered {
		p.answered, p.s.refreshing = false, false
	}
	p.deployed, p.clearOperation, p.urgent, p.finished = nil, false, false, false
	p.publish()
	return true
}

func (p *pass) compose() v1alpha1.ApplicationStatus {
	r := status.Report{
		Compared: p.managed != nil && !p.newerUnreadable(), Conditions: p.conditions, Operation: p.operation, Deployed: p.deployed,
		Refreshed: p.answered || p.finished, Self: rendering.Self(p.app), ControllerNamespace: p.c.o.Namespace, Now: p.time(),
		Why: p.explain().Brief(),
	}
	if why := p.pendingNamespace(); why != "" && r.Compared {
		r.Besides = true
		r.Conditions = append(slices.Clone(r.Conditions), v1alpha1.ApplicationCondition{Type: v1alpha1.ConditionSyncWaiting, Message: why})
	}
	if p.finished && r.Now.Before(p.operation.FinishedAt) {
		r.Now = *p.operation.FinishedAt
	}
	if p.managed != nil {
		r.Resources = make([]status.Resource, 0, len(p.managed))
		for _, m := range p.managed {
			r.Resources = append(r.Resources, m.Resource())
		}
		p.summarize(&r)
	}
	if p.s.rendering != nil {
		r.Origin, r.SourceTypes = p.s.rendering.Origin, p.s.rendering.SourceTypes
	}
	return status.Compose(p.app, r)
}

// newerUnreadable: the newest revisions are known and cannot be rendered, so whether
// live equals Git is not known, although it is compared with the last good one.
func (p *pass) newerUnreadable() bool {
	return p.s.failure != nil && slices.Equal(p.s.failed.Revisions, p.revisions)
}

// unruled warns of rules about what may differ that could not be used on objects.
func (p *pass) unruled() {
	const most = 5
	n := 0
	for _, m := range p.managed {
		if m.Claim == nil || m.Record == nil || m.Record.Verdict.Desired != m.Claim.Hash || m.Record.Verdict.Unruled == "" {
			continue
		}
		if n++; n <= most {
			p.condition(v1alpha1.ConditionIgnoreDifferencesWarning, m.Key.Human()+": "+m.Record.Verdict.Unruled+"; it ignores nothing there")
		}
	}
	if n > most {
		p.condition(v1alpha1.ConditionIgnoreDifferencesWarning, fmt.Sprintf("and %d more objects", n-most))
	}
}

// explain finds, once per pass, why the Application is not healthy.
func (p *pass) explain() *why.Explanation {
	if p.why == nil {
		p.why = why.Find(p.c.cluster, p.managed, rendering.Self(p.app))
	}
	return p.why
}

// rivalry warns of objects that another Application claims as well.
func (p *pass) rivalry() {
	for _, m := range p.managed {
		if m.Claim == nil {
			continue
		}
		rivals := p.c.claims.Rivals(m.Key, p.s.instance)
		if m.Owner != "" && len(rivals) == 0 && p.c.alive(m.Owner) {
			rivals = []string{m.Owner}
		}
		if len(rivals) > 0 {
			p.condition(v1alpha1.ConditionSharedResourceWarning,
				m.Key.Human()+" is part of applications "+p.s.instance+" and "+strings.Join(rivals, ", ")+ownership(m, p.s.instance))
		}
	}
}

func ownership(m managed, instance string) string {
	switch {
	case m.Record == nil || m.Record.App == "":
		return ""
	case m.Record.App == instance:
		return "; it belongs to this one"
	}
	return "; it belongs to " + m.Record.App + ", and automated sync leaves it alone here"
}

// publish tells the view how the Application is.
func (p *pass) publish() {
	p.c.o.View.PutApp(view.RowOf(p.app, p.extra()))
}

func (p *pass) extra() view.Extra {
	x := view.Extra{Remaining: p.remaining, Confirm: p.toConfirm, Longer: p.s.longer}
	if p.managed == nil {
		return x
	}
	x.Counts = &view.Counts{}
	items := map[resource.Key]managed{}
	for _, m := range p.managed {
		items[m.Key] = m
		count(x.Counts, m)
		if p.awaitsConfirmation(m) {
			x.Confirm++
		}
		if m.Sync == v1alpha1.SyncStatusOutOfSync {
			if x.FirstOutOfSync.Kind == "" {
				x.FirstOutOfSync = view.Culprit{Kind: m.Key.Kind, Name: m.Key.Name}
			}
			if since := m.Since(); !since.IsZero() && (x.OutOfSyncSince.IsZero() || since.Before(x.OutOfSyncSince)) {
				x.OutOfSyncSince = since
			}
		}
	}
	e := p.explain()
	if e.Key.Kind != "" {
		x.Unhealthy = view.Culprit{Kind: e.Key.Kind, Name: e.Key.Name}
		if h := items[e.Key].Health(); h != nil {
			x.Unhealthy.Message = h.Message
		}
	}
	x.Cause = view.CauseOf(e.Key, e.Groups)
	if op := p.operation; op != nil && op.SyncResult != nil {
		x.Total = x.Counts.Total
		x.Done = len(op.SyncResult.Resources)
	}
	return x
}

// awaitsConfirmation says whether the running sync would prune an object and a person
// has to confirm that first.
func (p *pass) awaitsConfirmation(m managed) bool {
	op := p.operation
	if op == nil || op.Phase != v1alpha1.OperationRunning || op.Operation.Sync == nil || !op.Operation.Sync.Prune || m.Claim != nil || m.Record.Deleting {
		return false
	}
	return p.options().Override(m.Record.Hints.SyncOptions).Prune == resource.Confirm && !operation.Approved(p.app, op.StartedAt.Time)
}

func count(c *view.Counts, m managed) {
	c.Total++
	switch {
	case m.Missing():
		c.Missing++
		c.OutOfSync++
	case m.Sync == v1alpha1.SyncStatusSynced:
		c.Synced++
	case m.Sync == v1alpha1.SyncStatusOutOfSync:
		c.OutOfSync++
	}
	if m.Missing() {
		return
	}
	h := m.Health()
	if h == nil {
		c.Healthy++
		return
	}
	switch h.Status {
	case v1alpha1.HealthStatusHealthy:
		c.Healthy++
	case v1alpha1.HealthStatusProgressing:
		c.Progressing++
	case v1alpha1.HealthStatusDegraded:
		c.Degraded++
	}
}
