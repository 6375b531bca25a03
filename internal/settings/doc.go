// Package settings turns Argo CD's config maps and Secrets (argo-cd.md §1.14,
// §1.17, §1.22, §1.24, §1.25) into one typed Snapshot.
//
// Parse is pure. A value that makes no sense never stops anything: its default
// stays, and a Problem says which object and key and why. Keys that nothing
// acts on yet are passed over. Watcher keeps a Snapshot current.
//
// Secrets are handed on decoded but not understood: which repository or cluster
// they describe is for those who use them. Only of Argo CD's own Secret the keys
// that something uses are read one by one. No Secret's data is in an error, and
// none can be printed.
package settings
