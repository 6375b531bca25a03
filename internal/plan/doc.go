// Package plan turns verdicts into ordered steps: what is created, changed and
// pruned, in which wave, each with its reason; and says which step is next or
// what has to be waited for first.
//
// A plan is computed anew from what is desired and what is live whenever it is
// needed, so there is no progress to lose: what is done drops out of it. The
// order is Argo CD's (argo-cd.md §5.2, §5.3): wave, kind, name; a Namespace or a
// CustomResourceDefinition before its first dependant; prunes before applies
// within a wave, their waves mirrored.
//
// The package is pure.
package plan
