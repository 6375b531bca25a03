package application

import (
	"context"
	"fmt"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// stepOutcome is how a step ended.
type stepOutcome int

const (
	stepDone stepOutcome = iota
	// stepPruning: deletions were asked for, and are waited for.
	stepPruning
	// stepPassing: what failed may succeed if tried again at once.
	stepPassing
	stepFailed
)

// result is what came of one object.
type result struct {
	key     resource.Key
	version string
	status  v1alpha1.ResultCode
	message string
}

// run carries a step out: prunes all at once, then the kinds in order. A prune
// that fails stops the step before anything is created, as in Argo CD.
func (p *pass) run(ctx context.Context, t *target, s plan.Step) stepOutcome {
	if removals := t.removals(s); len(removals) > 0 {
		results := p.c.applier.Remove(ctx, removals, apply.Options{})
		if failed, passing := p.noteAll(t, results); failed || passing {
			return outcomeOf(failed)
		}
		if len(s.Groups()) == 0 {
			return stepPruning
		}
	}
	worst := stepDone
	for _, group := range s.Groups() {
		tasks, refused := t.tasks(ctx, group)
		results := p.c.applier.Apply(ctx, tasks, apply.Options{})
		t.absorb(results)
		failed, passing := p.noteAll(t, append(refused, results...))
		if failed {
			worst = stepFailed
		} else if passing && worst == stepDone {
			worst = stepPassing
		}
	}
	return worst
}

func outcomeOf(failed bool) stepOutcome {
	if failed {
		return stepFailed
	}
	return stepPassing
}

func (t *target) removals(s plan.Step) []apply.Removal {
	policy := propagation(t.p.operationOptions())
	var out []apply.Removal
	for _, i := range s.Prunes() {
		if m := t.find(i.Key); m != nil && m.record != nil {
			out = append(out, apply.Removal{Key: i.Key, Kind: m.kind, UID: m.record.UID, Propagation: t.p.c.propagation(m.record, policy)})
		}
	}
	return out
}

// tasks are the applies of a group, and the results of those that cannot be made.
func (t *target) tasks(ctx context.Context, group []plan.Item) (tasks []apply.Task, refused []apply.Result) {
	for _, i := range group {
		m := t.find(i.Key)
		if m == nil || m.claim == nil {
			continue
		}
		task, err := t.task(ctx, m)
		if err != nil {
			refused = append(refused, apply.Result{
				Key: i.Key, Version: m.claim.object.GVK.Version, Status: v1alpha1.ResultSyncFailed, Message: err.Error(),
				Transient: cluster.Transient(err) && m.known,
			})
			continue
		}
		tasks = append(tasks, task)
	}
	return tasks, refused
}

func (t *target) task(ctx context.Context, m *managed) (apply.Task, error) {
	x := m.claim
	kind, ok := t.p.c.kindOf(x.object.GVK)
	if !ok {
		return apply.Task{}, fmt.Errorf("%s; if a CustomResourceDefinition defines it, it has to be applied first", m.unread)
	}
	task := apply.Task{Key: m.key, Kind: kind, Body: x.object.JSON, SkipValidation: x.object.SyncOptions["Validate"] == "false"}
	if t.p.operationOptions()["Validate"] == "false" && x.object.SyncOptions["Validate"] == "" {
		task.SkipValidation = true
	}
	if m.record == nil {
		return task, nil
	}
	task.Legacy = m.record.Verdict.Legacy
	if x.respect && len(x.pointers) > 0 {
		live, err := t.p.c.o.Conn.Get(ctx, kind, m.key.Namespace, m.key.Name)
		if err != nil {
			return apply.Task{}, err
		}
		if task.Body, err = x.toApply(live); err != nil {
			return apply.Task{}, err
		}
	}
	return task, nil
}

// absorb shows the applied objects to the index: what the API server made of an
// apply is by definition equal to it.
func (t *target) absorb(results []apply.Result) {
	c := t.p.c
	for _, r := range results {
		if r.Object == nil {
			continue
		}
		x := t.find(r.Key).claim
		c.cluster.Observe(r.Object)
		c.cluster.Applied(r.Key, r.Object.GetUID(), x.hash)
		c.cluster.Amend(r.Key, r.Object.GetResourceVersion(), func(v *cluster.Verdict) {
			if v.Desired == x.hash && v.Sync != v1alpha1.SyncStatusSynced {
				settle(v, x, r.Object, nil)
			}
			v.Confirmed = false
		})
	}
}

func (t *target) find(key resource.Key) *managed {
	for i := range t.managed {
		if t.managed[i].key == key {
			return &t.managed[i]
		}
	}
	return nil
}

// patience is how long an operation tries what may pass again at once, before it
// counts as a failure with the retries of its policy.
const patience = 2 * time.Minute

// noteAll writes results into the operation's state. Results that may pass are
// not written: the step is run again.
func (p *pass) noteAll(t *target, results []apply.Result) (failed, passing bool) {
	for _, r := range results {
		if r.Failed() && r.Transient && p.now.Sub(p.operation.StartedAt.Time) < patience {
			p.operation.Message = r.Key.Human() + ": " + r.Message
			passing = true
			continue
		}
		failed = failed || r.Failed()
		p.note(t, result{key: r.Key, version: r.Version, status: r.Status, message: r.Message}, true)
	}
	if !passing {
		p.s.tries = 0
	}
	return failed, passing
}

// note adds a result. One that is there already is replaced only if asked.
func (p *pass) note(t *target, r result, replace bool) {
	if m := t.find(r.key); r.version == "" && m != nil {
		switch {
		case m.claim != nil:
			r.version = m.claim.object.GVK.Version
		case m.record != nil:
			r.version = m.record.Version
		}
	}
	entry := &v1alpha1.ResourceResult{
		Group: r.key.Group, Version: r.version, Kind: r.key.Kind, Namespace: r.key.Namespace, Name: r.key.Name,
		Status: r.status, Message: r.message, SyncPhase: "Sync",
	}
	list := p.operation.SyncResult.Resources
	for i, have := range list {
		if have.Group == entry.Group && have.Kind == entry.Kind && have.Namespace == entry.Namespace && have.Name == entry.Name {
			if replace {
				list[i] = entry
			}
			return
		}
	}
	p.operation.SyncResult.Resources = append(list, entry)
}

// failures is one sentence about what failed.
func (p *pass) failures() string {
	var parts []string
	n := 0
	for _, r := range p.operation.SyncResult.Resources {
		if r.Status != v1alpha1.ResultSyncFailed {
			continue
		}
		n++
		if len(parts) < maxNamed {
			parts = append(parts, r.Kind+" "+r.Name+": "+r.Message)
		}
	}
	return fmt.Sprintf("one or more objects failed to apply (%d): %s", n, strings.Join(parts, "; "))
}

const maxNamed = 3

// dryRun has the API server say what the operation would do, and changes nothing.
func (p *pass) dryRun(ctx context.Context, t *target) {
	failed := false
	for _, s := range t.plan().Steps {
		removed := p.c.applier.Remove(ctx, t.removals(s), apply.Options{DryRun: true})
		for _, group := range s.Groups() {
			tasks, refused := t.tasks(ctx, group)
			results := append(refused, p.c.applier.Apply(ctx, tasks, apply.Options{DryRun: true})...)
			for i := range results {
				p.excuse(t, &results[i])
			}
			removed = append(removed, results...)
		}
		for _, r := range removed {
			failed = failed || r.Failed()
			p.note(t, result{key: r.Key, version: r.Version, status: r.Status, message: r.Message}, true)
		}
	}
	if failed {
		p.finish(v1alpha1.OperationFailed, p.failures())
		return
	}
	p.finish(v1alpha1.OperationSucceeded, "successfully synced (dry run)")
}

// excuse passes a failed dry run of an object whose namespace or kind the sync
// itself would make first: the API server cannot know that.
func (p *pass) excuse(t *target, r *apply.Result) {
	if !r.Failed() {
		return
	}
	namespace := resource.Key{Kind: "Namespace", Name: r.Key.Namespace}
	made := p.c.cluster.Get(namespace) == nil && p.operationOptions()["CreateNamespace"] == "true" &&
		r.Key.Namespace == p.app.Spec.Destination.Namespace
	for _, x := range t.claims {
		made = made || x.object.Key == namespace && p.c.cluster.Get(namespace) == nil || x.defines.Kind != "" && x.defines == r.Key.GroupKind()
	}
	if made {
		r.Status, r.Message = v1alpha1.ResultSynced, "not tried: the sync makes its namespace or kind first (dry run)"
	}
}

// permits says whether the project permits an object.
func (p *pass) permits(key resource.Key) error {
	return p.rules.CheckObject(project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}, p.app.Spec.Destination)
}
