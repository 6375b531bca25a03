// Package helm renders charts as `helm template` does when Argo CD runs it
// (argo-cd.md §1.1), with Helm's own engine and without its command: nothing is
// downloaded, no cluster is asked (lookup finds nothing), no environment and no
// file outside the tree is read, JSON schemas included.
//
// Includes that recurse are stopped by the engine. A template that loops over a
// huge range or grows a string without end cannot be stopped from within the
// process; that is for the process around the rendering to bound. Helm's library
// writes warnings, which may hold values, to the standard logger: whoever runs
// renderings must discard that.
package helm
