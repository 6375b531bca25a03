// Package once decides when a hook Job runs that is annotated
//
//	evenkeel.dev/run: once-per-input
//	evenkeel.dev/inputs: migrations/**,schema.sql   # optional
//
// which is whenever its inputs are in a state in which it has not run yet, and
// only then. GitOps tools that take "the Job is there" for "it was done" run
// migrations again when a TTL has removed the Job, and not at all when it is
// still there (peers.md §6, argo-cd #25475, #8586, #21055). Here a Ledger says
// what ran, and the Job is free to go.
//
// # The key
//
// NewTask digests what a hook depends on into a key:
//
//   - its pod template without volatile metadata: see volatile in template.go;
//   - images: by digest where one is written, or Inputs.Digests has one; else by
//     the tag as it is written, so a tag that is pushed again is no new input.
//     Whoever fills Inputs.Digests changes the keys of all tags, and so has to ask
//     for it hook by hook;
//   - of ConfigMaps and Secrets that its containers read, the keys that they read,
//     of Secrets with a keyed digest;
//   - the paths of evenkeel.dev/inputs, from the repository's root: a path is the
//     file or directory there, a glob all files that it matches;
//   - the cluster and the namespace.
//
// How often a Job is tried, for how long and what it is called in the cluster is
// none of it. Keys stay for ever: testdata pins them.
//
// # What to do, in order
//
//  1. Declared says whether a hook is one of these; an error fails the sync.
//  2. References says which ConfigMaps and Secrets to get: of this revision's
//     desired objects and hooks, else from the cluster. What is only desired yet is
//     not what the Job would read, so the caller applies it first or refuses.
//  3. NewTask gives the task. Reading Files through a recording fs.FS makes a
//     commit that changes only these files count as one that changes something.
//  4. ChoicesOf reads what a person decided from operation.info, Choices.Check
//     holds the names against the tasks, Choices.For gives the choice.
//  5. Decide says run, skip, wait or blocked, and why: that is what a plan shows.
//  6. Next gives one step after the other to make it so. internal/controller/ledger
//     makes them.
//
// The caller also has to see to it that a task that would run makes an automated
// sync start, as it is no part of the sync status.
//
// # What holds
//
// The intent to run is in the ledger before there is a Job. The Job's name is made
// of the key, so it can be taken once. The Job has Argo CD's hook finalizer until
// its end is in the ledger, so nothing removes it unseen. A process that is killed
// anywhere is carried on by another, and what runs once per input ran at most once
// (TestCrash). What remains is in doubt only by force: a Job whose finalizer
// somebody took off counts as failed, and a person says what became of it. Two
// controllers that work on one Application at the same time are kept from
// running the same inputs twice by the name, and not from running different
// inputs at once.
//
// The package is pure.
package once
