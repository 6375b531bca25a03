// Package plan turns verdicts into ordered steps: what is created, changed,
// replaced, pruned and run, in which phase and wave, each with its reason; and
// says which step is next, or what has to be waited for first.
//
// A plan is computed anew from what is desired, what is live and what the
// operation has recorded whenever it is needed, so there is no progress to lose:
// what is done drops out of it. The order is Argo CD's (argo-cd.md §5.2, §5.3):
// phase, wave, kind, name; a Namespace or a CustomResourceDefinition before its
// first dependant; prunes before applies within a wave, their waves mirrored.
//
// The package is pure.
package plan
