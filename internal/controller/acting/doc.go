// Package acting runs actions (internal/action) on live objects: it reads the object
// that is meant, checks what the action would do, does it, and tells of it.
//
// An object can be acted on only through an Application whose tree it is in. What an
// action patches or creates has to be permitted by the Application's project, in the
// cluster of its destination. An Application's own object is the exception: it is not
// something that its project says anything about.
//
// Everything is decided on the object as the cluster has it at that moment and sent
// under the condition that it is still so; when it is not, it is decided anew, a few times.
// Patches are sent under a field manager of their own (Manager), with no server-side
// apply: a field that Git does not speak of then belongs to nobody who would take it
// away again. What Git does speak of is drift, which a sync undoes; actions carry a note
// that says so.
//
// Each run is one line of the log and, when it was done, an event of the Application's,
// as Argo CD has it. Neither holds a value of a Secret, nor do errors.
//
// A Runner holds no state and may be used from any goroutine.
package acting
