// Package ledger keeps the ledger of an Application's hooks and carries out what
// internal/plan/once decides from it.
//
// # Where it is
//
// A ledger is a ConfigMap beside its Application, evenkeel-ledger-NAME, with label
// app.kubernetes.io/managed-by=evenkeel. This package is its one writer; each write
// is over the version that was read. It has no owner: an Application that is
// restored from a backup, or is deleted without its objects and made again, finds
// what ran. Where the objects were deleted too the caller calls Store.Forget, as
// the database is gone with them.
//
// Secrets are digested with a key (Store.MACKey) in Secret evenkeel-ledger-key of
// the control namespace. It is not beside the ledger, as whoever may read both
// could try guesses at a Secret that he may not read, and in "apps in any
// namespace" that would be a tenant. It is none of Argo CD's keys, as people
// rotate those: server.secretkey ends all sessions, and would here have run all
// migrations. It is one for all, as one is backed up more surely than a thousand.
// It is made once and is immutable. If it is lost the next one is another, and once
// knows that: what read a Secret waits for a person instead of running again.
//
// # How to call it
//
// In the pass of a sync, for each hook that once.Declared says runs once per input,
// when its wave has come:
//
//	got, err := store.Gather(ctx, target, hook, desired)   // its ConfigMaps and Secrets
//	// got.Unapplied: apply these first, or fail and name them
//	mac, err := store.MACKey(ctx)                          // if once.References names a Secret
//	task, err := once.NewTask(hook, once.Inputs{Objects: got.Objects, MACKey: mac, …})
//	task.Revision = revision
//	choices, err := once.ChoicesOf(operation.Info)         // with Request and By set
//	err = choices.Check(names of all such hooks)
//	p, err := store.Step(ctx, ledger.Run{…, Choice: choices.For(task.Name)})
//
// Request is what tells one operation from another, as its startedAt. The task can
// be kept in memory until the operation ends; got.Objects should not, as it holds
// Secrets. Step never waits. What Progress says:
//
//   - Done: the hook counts as succeeded; go on;
//   - Wait: return; an event of the Job makes the next pass. As long as Run.Seen
//     shows the Job going that costs no request;
//   - Refuse: the hook failed, with Progress.Reason; so does the sync.
//
// An error is the sync's, or if it is transient (fault.Kind) to be tried again.
//
// The Job has annotation evenkeel.dev/input-key. Whoever deletes hooks, or takes
// their finalizer off, leaves those that have it to this package, also where an
// operation is terminated: what runs is let run. It is tracked, so its events wake
// the Application, and must not be counted as OutOfSync or pruned.
//
// A plan shows Read and once.Decide, which change nothing.
package ledger
