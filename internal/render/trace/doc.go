// Package trace records what a rendering read. A commit that leaves all of it as
// it was leaves the rendering's result as it was, so that a commit re-renders
// exactly the Applications whose inputs it changed.
//
// What is recorded is as narrow as the question was: a file's content by its
// object id, a directory's listing by its names and types, mere existence by the
// type. A question that found nothing is recorded too: the answer "there is no
// kustomization.yaml" is an input like any other.
package trace
