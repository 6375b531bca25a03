package application

import (
	"fmt"
	"reflect"
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
)

// autoInput is what the decision to sync automatically depends on.
type autoInput struct {
	app *v1alpha1.Application
	// last is the operation that ended last, if any did.
	last   *v1alpha1.OperationState
	source v1alpha1.ApplicationSource
	// revision is what is desired now.
	revision string
	status   v1alpha1.SyncStatusCode
	// outOfSync are the objects that could be synced; pruneOnly says that all of
	// them only need pruning, all that every managed object does.
	outOfSync []v1alpha1.SyncOperationResource
	pruneOnly bool
	pruneAll  bool
	// broken says that the newest revision cannot be read, so that desired is an
	// older one: drift is healed, nothing is pruned.
	broken  bool
	backoff selfHealBackoff
	now     time.Time
}

// selfHealBackoff spaces self-heals of one revision: the n-th waits
// duration × factor^(n-1), at most limit, after the one before (argo-cd.md §5.7).
type selfHealBackoff struct {
	duration time.Duration
	factor   int
	limit    time.Duration
}

// autoDecision is what to do: start an operation, or not and why.
type autoDecision struct {
	start *v1alpha1.Operation
	// skipped is the rule that forbids it.
	skipped string
	// problem is a SyncError for the Application's conditions.
	problem string
	// again is when to decide anew; 0 means when something changes.
	again time.Duration
}

const defaultRetries = 5

// decideAutoSync follows Argo CD's list (argo-cd.md §5.7), in its order.
func decideAutoSync(in autoInput) autoDecision {
	policy := in.app.Spec.SyncPolicy
	if policy == nil || policy.Automated == nil || policy.Automated.Enabled != nil && !*policy.Automated.Enabled {
		return autoDecision{skipped: "automated sync is off"}
	}
	auto := policy.Automated
	if in.app.DeletionTimestamp != nil {
		return autoDecision{skipped: "the Application is being deleted"}
	}
	if in.status != v1alpha1.SyncStatusOutOfSync {
		return autoDecision{skipped: "sync status is " + string(in.status)}
	}
	if in.pruneOnly && (!auto.Prune || in.broken) {
		return autoDecision{skipped: "objects only need pruning, and automated pruning is off"}
	}
	if len(in.outOfSync) == 0 {
		return autoDecision{skipped: "nothing that may be synced differs"}
	}
	if auto.Prune && !auto.AllowEmpty && in.pruneAll {
		return autoDecision{problem: fmt.Sprintf(
			"auto-sync would delete everything: revision %s has no objects. Set syncPolicy.automated.allowEmpty if that is meant, or sync by hand with --prune",
			short(in.revision))}
	}
	op := &v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{
			Revision: in.revision, Prune: auto.Prune && !in.broken, SyncOptions: policy.SyncOptions,
		},
		InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
		Retry:       v1alpha1.RetryStrategy{Limit: defaultRetries},
	}
	if policy.Retry != nil {
		op.Retry = *policy.Retry
	}
	last := in.last
	if !attempted(last, in) {
		if in.broken {
			return autoDecision{skipped: "the newest revision cannot be read"}
		}
		return autoDecision{start: op}
	}
	if last.Phase != v1alpha1.OperationSucceeded {
		return autoDecision{
			skipped: "the last sync to this revision failed",
			problem: fmt.Sprintf("the last sync to %s failed and is not tried again until something changes: %s", short(in.revision), last.Message),
		}
	}
	if !auto.SelfHeal {
		return autoDecision{skipped: "already synced to " + short(in.revision) + ", and self-heal is off"}
	}
	return selfHeal(op, last, in)
}

func selfHeal(op *v1alpha1.Operation, last *v1alpha1.OperationState, in autoInput) autoDecision {
	attempts := int64(0)
	if s := last.Operation.Sync; s != nil {
		attempts = s.SelfHealAttemptsCount
	}
	wait := in.backoff.after(attempts)
	if last.FinishedAt != nil && in.now.Sub(last.FinishedAt.Time) > calm*wait {
		attempts, wait = 0, 0
	}
	if last.FinishedAt != nil && wait > 0 {
		if left := last.FinishedAt.Add(wait).Sub(in.now); left > 0 {
			return autoDecision{skipped: "self-heal waits for its backoff", again: left}
		}
	}
	op.Sync.Resources = slices.Clone(in.outOfSync)
	op.Sync.SelfHealAttemptsCount = attempts + 1
	return autoDecision{start: op}
}

// calm is how many backoffs later a drift is a new one and not somebody fighting.
// Argo CD counts on for ever, so that a third honest mistake waits for minutes.
const calm = 2

// after is the wait before another self-heal when n were made in a row. The first
// is immediate.
func (b selfHealBackoff) after(n int64) time.Duration {
	if n == 0 || b.duration == 0 {
		return 0
	}
	d := b.duration
	for range n - 1 {
		if d *= time.Duration(max(b.factor, 1)); d >= b.limit {
			return b.limit
		}
	}
	return min(d, b.limit)
}

// attempted says whether the last operation was for this revision and source.
func attempted(last *v1alpha1.OperationState, in autoInput) bool {
	if last == nil || last.SyncResult == nil || last.Operation.Sync == nil || last.Operation.Sync.DryRun {
		return false
	}
	if len(last.Operation.Sync.Resources) > 0 && last.Operation.Sync.SelfHealAttemptsCount == 0 {
		return false // a partial sync by hand
	}
	return last.SyncResult.Revision == in.revision && reflect.DeepEqual(last.SyncResult.Source, in.source)
}

func short(revision string) string {
	const n = 8
	if len(revision) > n {
		return revision[:n]
	}
	return revision
}
