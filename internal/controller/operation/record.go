package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// note is what came of one object, for status.operationState.syncResult.
type note struct {
	key     resource.Key
	phase   plan.Phase
	version string
	status  v1alpha1.ResultCode
	message string
	// hook is a hook's phase, or how far an object's health is.
	hook   v1alpha1.OperationPhase
	isHook bool
}

// place is where a record stands: an object may run as a hook in several phases.
type place struct {
	phase plan.Phase
	key   resource.Key
}

// entry is the record of an object in a phase, or nil.
func (r *Run) entry(phase plan.Phase, key resource.Key) *v1alpha1.ResourceResult {
	list := r.State.SyncResult.Resources
	if r.entries == nil || r.indexed > len(list) {
		r.entries, r.indexed = make(map[place]*v1alpha1.ResourceResult, len(list)), 0
	}
	for _, e := range list[r.indexed:] {
		r.entries[place{phaseOf(e), keyOf(e)}] = e
	}
	r.indexed = len(list)
	return r.entries[place{phase, key}]
}

func keyOf(e *v1alpha1.ResourceResult) resource.Key {
	return resource.Key{Group: e.Group, Kind: e.Kind, Namespace: e.Namespace, Name: e.Name}
}

func phaseOf(e *v1alpha1.ResourceResult) plan.Phase {
	if e.SyncPhase == "" {
		return plan.Sync
	}
	return plan.Phase(e.SyncPhase)
}

// note adds a record. One that is there already is replaced only if asked.
func (r *Run) note(n note, replace bool) {
	if n.version == "" {
		if o := r.find(n.key); o != nil {
			n.version = o.Version()
		}
	}
	e := &v1alpha1.ResourceResult{
		Group: n.key.Group, Version: n.version, Kind: n.key.Kind, Namespace: n.key.Namespace, Name: n.key.Name,
		Status: n.status, Message: n.message, SyncPhase: string(n.phase), HookPhase: n.hook,
	}
	if n.isHook {
		e.HookType = string(n.phase)
	}
	if have := r.entry(n.phase, n.key); have != nil {
		if replace {
			*have = *e
		}
		return
	}
	r.State.SyncResult.Resources = append(r.State.SyncResult.Resources, e)
}

// applied says whether the operation has applied an object that is no hook, in
// whatever phase: a Namespace may have been moved before its first dependant.
func (r *Run) applied(key resource.Key) bool { return r.has(key, v1alpha1.ResultSynced) }

// pruned says whether the operation has pruned an object.
func (r *Run) pruned(key resource.Key) bool { return r.has(key, v1alpha1.ResultPruned) }

func (r *Run) has(key resource.Key, status v1alpha1.ResultCode) bool {
	for _, phase := range [...]plan.Phase{plan.Sync, plan.PreSync, plan.PostSync, plan.SyncFail} {
		if e := r.entry(phase, key); e != nil && e.HookType == "" && e.Status == status {
			return true
		}
	}
	return false
}

// pruned and toPrune are the messages of a prune that was made and of one that will
// be. They tell the wave that the object had, which nothing else does once it is
// gone, and which has a say in when the others go.
const (
	prunedIn  = "pruned (sync wave %d)"
	toPruneIn = "to be pruned (sync wave %d)"
)

// prunedBefore are the objects that the operation has pruned and that are gone,
// whether or not it came to write that down.
func (r *Run) prunedBefore() []plan.Extra {
	var out []plan.Extra
	for _, e := range r.State.SyncResult.Resources {
		wave := 0
		_, errPruned := fmt.Sscanf(e.Message, prunedIn, &wave)
		_, errAnnounced := fmt.Sscanf(e.Message, toPruneIn, &wave)
		if (errPruned == nil || errAnnounced == nil) && r.find(keyOf(e)) == nil {
			out = append(out, plan.Extra{Key: keyOf(e), Wave: wave, Done: true})
		}
	}
	return out
}

// announce writes down which objects are to be pruned, before the first is, where
// their order depends on one another. It says false when the pass has to end.
func (r *Run) announce(ctx context.Context, p plan.Plan) bool {
	waves := map[int]bool{}
	var prunes []plan.Item
	for _, s := range p.Steps {
		for _, i := range s.Prune {
			if r.entry(i.Phase, i.Key) == nil {
				prunes, waves[i.Wave] = append(prunes, i), true
			}
		}
	}
	if len(waves) < 2 {
		return true
	}
	for _, i := range prunes {
		if o := r.find(i.Key); o != nil && o.Record != nil {
			r.note(note{key: i.Key, phase: i.Phase, message: fmt.Sprintf(toPruneIn, o.Record.Hints.Wave)}, false)
		}
	}
	return r.Flush(ctx)
}

// closePrunes records what was announced and is gone as pruned: the answer to its
// deletion was lost.
func (r *Run) closePrunes() {
	for _, e := range r.State.SyncResult.Resources {
		wave := 0
		if _, err := fmt.Sscanf(e.Message, toPruneIn, &wave); err == nil && r.find(keyOf(e)) == nil {
			e.Status, e.Message = v1alpha1.ResultPruned, fmt.Sprintf(prunedIn, wave)
		}
	}
}

// failing says whether something of the operation has failed, so that only what
// follows a failure is left to do.
func (r *Run) failing() bool {
	return slices.ContainsFunc(r.State.SyncResult.Resources, failedEntry)
}

func failedEntry(e *v1alpha1.ResourceResult) bool {
	if phaseOf(e) == plan.SyncFail {
		return false
	}
	return e.Status == v1alpha1.ResultSyncFailed || e.HookPhase == v1alpha1.OperationFailed || e.HookPhase == v1alpha1.OperationError
}

// recordDegraded records that an object whose health is awaited is Degraded.
func (r *Run) recordDegraded(v plan.Verdict) {
	for _, phase := range [...]plan.Phase{plan.PreSync, plan.Sync, plan.PostSync} {
		if e := r.entry(phase, v.FailedKey); e != nil {
			e.HookPhase, e.Message = v1alpha1.OperationFailed, v.Failed
			return
		}
	}
	r.note(note{key: v.FailedKey, phase: plan.Sync, status: v1alpha1.ResultSynced, message: v.Failed, hook: v1alpha1.OperationFailed}, true)
}

const maxNamed = 3

// failures is one sentence about what failed.
func (r *Run) failures() string {
	what := "one or more synchronization tasks completed unsuccessfully"
	for _, e := range r.State.SyncResult.Resources {
		if failedEntry(e) && e.Status == v1alpha1.ResultSyncFailed {
			what = "one or more objects failed to apply"
		}
	}
	return what + " " + r.failed()
}

// failed is how much failed, and what first.
func (r *Run) failed() string {
	var parts []string
	n := 0
	for _, e := range r.State.SyncResult.Resources {
		if !failedEntry(e) {
			continue
		}
		n++
		if len(parts) < maxNamed {
			parts = append(parts, sentence(e))
		}
	}
	return fmt.Sprintf("(%d): %s", n, strings.Join(parts, "; "))
}

func sentence(e *v1alpha1.ResourceResult) string {
	if quotes(e.Message, e.Name) && strings.Contains(e.Message, e.Kind) {
		return e.Message
	}
	return e.Kind + " " + e.Name + ": " + e.Message
}

// patience is how long an operation tries what may pass again at once, before it
// counts as a failure with the retries of its policy.
const patience = 2 * time.Minute

func (r *Run) patient() bool { return r.Engine.Now().Sub(r.State.StartedAt.Time) < patience }

// record writes results of one phase. Those that may pass are not written: the step
// is run again.
func (r *Run) record(phase plan.Phase, results []apply.Result) (failed, passing bool) {
	for _, res := range results {
		if res.Failed() && res.Transient && r.patient() {
			r.State.Message = res.Key.Human() + ": " + res.Message
			passing = true
			continue
		}
		failed = failed || res.Failed()
		n := note{key: res.Key, phase: phase, version: res.Version, status: res.Status, message: res.Message}
		if res.Failed() && r.hook(phase, res.Key) != nil { // it could not even be sent
			n.isHook, n.hook = true, v1alpha1.OperationFailed
		}
		if o := r.find(res.Key); res.Status == v1alpha1.ResultPruned && o != nil && o.Record != nil {
			n.message = fmt.Sprintf(prunedIn, o.Record.Hints.Wave)
		}
		r.note(n, true)
	}
	return failed, passing
}
