// Package operation carries the sync of an Application on: it plans from what is
// desired, what is live and what is recorded, runs the next step, records what
// came of it, and says what it waits for.
//
// A Run lives for one pass and never waits: health, hooks, deletions, delays and
// retries are states of status.operationState, and an event or a timer makes the
// next pass. So an operation can be cut off anywhere and be carried on by another
// process, Argo CD's included.
//
// Exactly once: a hook carries a mark of the try and phase that it was made for,
// and a finalizer that keeps it until its outcome is recorded. What is found with
// another mark belongs to an earlier try and never counts (argo-cd #25475, #21055,
// #28432). An object is applied once per operation: what differs again afterwards
// is somebody else's doing and for self-heal to see to.
package operation
