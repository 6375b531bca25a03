package autosync

import (
	"fmt"
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Input is what the decision to sync automatically depends on.
type Input struct {
	App *v1alpha1.Application
	// Last is the operation that ended last, if any did.
	Last *v1alpha1.OperationState
	// Origin is what is desired now.
	Origin resource.Origin
	Status v1alpha1.SyncStatusCode
	// OutOfSync are the objects that could be synced; PruneOnly says that all of
	// them only need pruning, PruneAll that every managed object does.
	OutOfSync []v1alpha1.SyncOperationResource
	PruneOnly bool
	PruneAll  bool
	// Broken says that the newest revision cannot be read, so that desired is an
	// older one: drift is healed, nothing is pruned.
	Broken  bool
	Backoff Backoff
	// Pending is why a full sync is due although nothing differs, if so.
	Pending string
	// Refused is why nothing of what is desired may be applied, if so.
	Refused string
	Now     time.Time
}

// Backoff spaces self-heals of one revision: the n-th waits
// Initial × Factor^(n-1), at most Limit, after the one before (argo-cd.md §5.7).
type Backoff struct {
	Initial time.Duration
	Factor  int
	Limit   time.Duration
}

// Decision is what to do: start an operation, or not and why.
type Decision struct {
	Start *v1alpha1.Operation
	// Skipped is the rule that forbids it.
	Skipped string
	// Problem is a SyncError for the Application's conditions.
	Problem string
	// Again is when to decide anew; 0 means when something changes.
	Again time.Duration
}

const defaultRetries = 5

// Decide follows Argo CD's list (argo-cd.md §5.7), in its order.
func Decide(in Input) Decision { //nolint:gocyclo // one list of rules
	policy := in.App.Spec.SyncPolicy
	if policy == nil || policy.Automated == nil || policy.Automated.Enabled != nil && !*policy.Automated.Enabled {
		return Decision{Skipped: "automated sync is off"}
	}
	auto := policy.Automated
	if in.App.DeletionTimestamp != nil {
		return Decision{Skipped: "the Application is being deleted"}
	}
	if in.Pending != "" && in.Status == v1alpha1.SyncStatusSynced {
		return pending(auto, in)
	}
	if in.Status != v1alpha1.SyncStatusOutOfSync {
		return Decision{Skipped: "sync status is " + string(in.Status)}
	}
	if in.PruneOnly && (!auto.Prune || in.Broken) {
		return Decision{Skipped: "objects only need pruning, and automated pruning is off"}
	}
	if len(in.OutOfSync) == 0 {
		return Decision{Skipped: "nothing that may be synced differs"}
	}
	if auto.Prune && !auto.AllowEmpty && in.PruneAll {
		return Decision{Problem: fmt.Sprintf(
			"auto-sync would delete everything: revision %s has no objects. Set syncPolicy.automated.allowEmpty if that is meant, or sync by hand with --prune",
			in.Origin.Short(),
		)}
	}
	if in.Refused != "" {
		return refused(in)
	}
	op := operation(auto, in)
	last := in.Last
	if !attempted(last, in) {
		if in.Broken {
			return Decision{Skipped: "the newest revision cannot be read"}
		}
		return Decision{Start: op}
	}
	if last.Phase != v1alpha1.OperationSucceeded {
		return Decision{
			Skipped: "the last sync to this revision failed",
			Problem: fmt.Sprintf("the last sync to %s failed and is not tried again until something changes: %s", in.Origin.Short(), last.Message),
		}
	}
	if !auto.SelfHeal {
		return Decision{Skipped: "already synced to " + in.Origin.Short() + ", and self-heal is off"}
	}
	return selfHeal(op, last, in)
}

// operation is a full sync by the Application's policy.
func operation(auto *v1alpha1.SyncPolicyAutomated, in Input) *v1alpha1.Operation {
	policy := in.App.Spec.SyncPolicy
	_, revision, sources, revisions := in.Origin.Fields()
	op := &v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{
			Revision: revision, Sources: sources, Revisions: revisions,
			Prune: auto.Prune && !in.Broken, SyncOptions: policy.SyncOptions,
		},
		InitiatedBy: v1alpha1.OperationInitiator{Automated: true},
		Retry:       v1alpha1.RetryStrategy{Limit: defaultRetries},
	}
	if policy.Retry != nil {
		op.Retry = *policy.Retry
	}
	return op
}

// pending is the decision when nothing differs and a sync is due all the same. One
// that failed is not tried again until something changes, as any other.
func pending(auto *v1alpha1.SyncPolicyAutomated, in Input) Decision {
	switch {
	case in.Refused != "":
		return refused(in)
	case in.Broken:
		return Decision{Skipped: "the newest revision cannot be read"}
	case attempted(in.Last, in) && in.Last.Phase != v1alpha1.OperationSucceeded:
		return Decision{Skipped: "the last sync to this revision failed"}
	}
	return Decision{Start: operation(auto, in)}
}

// refused is the decision when nothing may be applied. Argo CD starts a sync all the
// same, which fails, and that is then an attempt that nothing but a new commit undoes;
// so it does not heal drift either, not even to the last commit that was good.
func refused(in Input) Decision {
	return Decision{
		Skipped: "the revision is refused",
		Problem: fmt.Sprintf("no automated sync to %s, %s", in.Origin.Short(), in.Refused),
	}
}

func selfHeal(op *v1alpha1.Operation, last *v1alpha1.OperationState, in Input) Decision {
	attempts := int64(0)
	if s := last.Operation.Sync; s != nil {
		attempts = s.SelfHealAttemptsCount
	}
	wait := in.Backoff.after(attempts)
	if last.FinishedAt != nil && in.Now.Sub(last.FinishedAt.Time) > calm*wait {
		attempts, wait = 0, 0
	}
	if last.FinishedAt != nil && wait > 0 {
		if left := last.FinishedAt.Add(wait).Sub(in.Now); left > 0 {
			return Decision{Skipped: "self-heal waits for its backoff", Again: left}
		}
	}
	op.Sync.Resources = slices.Clone(in.OutOfSync)
	op.Sync.SelfHealAttemptsCount = attempts + 1
	return Decision{Start: op}
}

// calm is how many backoffs later a drift is a new one and not somebody fighting.
// Argo CD counts on for ever, so that a third honest mistake waits for minutes.
const calm = 2

// after is the wait before another self-heal when n were made in a row. The first
// is immediate.
func (b Backoff) after(n int64) time.Duration {
	if n == 0 || b.Initial == 0 {
		return 0
	}
	d := b.Initial
	for range n - 1 {
		if d *= time.Duration(max(b.Factor, 1)); d >= b.Limit {
			return b.Limit
		}
	}
	return min(d, b.Limit)
}

// attempted says whether the last operation was for these sources at these revisions.
func attempted(last *v1alpha1.OperationState, in Input) bool {
	if last == nil || last.SyncResult == nil || last.Operation.Sync == nil || last.Operation.Sync.DryRun {
		return false
	}
	if len(last.Operation.Sync.Resources) > 0 && last.Operation.Sync.SelfHealAttemptsCount == 0 {
		return false // a partial sync by hand
	}
	return resource.OriginOfSync(last.SyncResult).Equal(in.Origin)
}
