// Package settings turns Argo CD's config maps and Secrets (argo-cd.md §1.17,
// §1.22, §1.24, §1.25) into one typed Snapshot.
//
// Parse is pure. A value that makes no sense never stops anything: its default
// stays, and a Problem says which config map and key and why. Keys that nothing
// acts on yet are passed over. Watcher keeps a Snapshot current.
//
// Secrets are handed on decoded but not understood: which repository or cluster
// they describe is for those who use them. Their data is in no error and cannot
// be printed.
package settings
