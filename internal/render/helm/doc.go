// Package helm renders charts as `helm template` does when Argo CD runs it
// (argo-cd.md §1.1), with Helm's own engine and without its command: nothing is
// downloaded, no cluster is asked (lookup finds nothing), no environment and no
// file outside the tree is read, JSON schemas included.
//
// Templates and includes that recurse are stopped by the engine. What cannot be
// stopped from within the process: a loop over a huge range, a string that grows
// without end, a schema whose references fan out, and a text given to tpl that
// calls tpl with itself, which ends in a stack overflow that no recover catches.
// The process around the rendering has
// to bound these, and has to be one that may die. Helm's library
// writes warnings, which may hold values, to the standard logger: whoever runs
// renderings must discard that.
package helm
