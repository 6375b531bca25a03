// Package apply carries one step of a plan out in a cluster and says, object by
// object, what came of it.
//
// Everything it does may be done again: objects are applied server-side, whole
// and by name, and deleted by uid. So an operation that was cut off at any point
// is carried on by planning anew. One object's failure does not stop the others
// of the step.
package apply
