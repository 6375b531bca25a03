// Package project holds the rules of an AppProject: which repositories,
// destinations, kinds and Applications it permits.
//
// Rules are compiled once from an AppProject and are then immutable: every Check
// may be called from any goroutine. A Check answers nil, or a fault.Denied that
// says which rule of which project refused what.
//
// The semantics are those of Argo CD's code (argo-cd.md §1.8) where it and the
// documentation differ: a rule that begins with "!" denies what it names and
// permits everything else. Evenkeel is stricter in four places, each of them a
// way around a rule: a pattern that cannot be read permits nothing and, with a
// "!", denies everything; a namespace denied for a cluster's name is denied like
// one denied for its URL; a destination rule that permits a cluster by one of its
// names and denies the other denies it; and a repository URL with dot segments is
// refused.
package project
