// Package apply carries one step of a plan out in a cluster and says, object by
// object, what came of it.
//
// Everything it does may be done again: objects are applied server-side, whole
// and by name, and deleted by uid. So an operation that was cut off at any point
// is carried on by planning anew. One object's failure does not stop the others
// of the step.
//
// Nothing waits. Where an object has to be gone before it can be made anew
// (Force), the result is Pending, and the same task asked for again, when the
// object has changed, goes on. What it must not do twice it recognises by uid: see
// Task.UID.
//
// All methods may be called from any goroutine.
package apply
