// Package jsonnet evaluates the Jsonnet programs of a source as Argo CD does
// (argo-cd.md §1.1), with the same library, and hands out the objects that come of them.
//
// A program sees the files of its tree, each read through a tree.Reader, the TLAs
// and extVars of its source, and nothing else: no native functions, no environment,
// no network. What std.trace prints is dropped. An import is looked for beside the
// file that imports it, in the libs from the last to the first, and in the source's
// directory; that is the order of go-jsonnet's own importer, in which Argo CD's "the
// app path first" is the last place. Code in a TLA or an extVar lies in no directory.
// Argo CD opens an absolute path on its own machine; here it is refused, and so is
// one that leads out of the tree unless it is found in another place.
//
// Errors name file and line. They never repeat the value of a TLA or an extVar, as
// far as it stands in them literally: what a program makes of a value is its own.
//
// Calls are nested as deep as in Argo CD, and results take part in the Reader's
// budget. What cannot be stopped from within: a program that never ends, one that
// uses up memory before there is a result, and one so deeply nested that parsing or
// evaluating it overflows the stack, which ends the process: a thousand exclamation
// marks in a function that calls itself do. Bounding these is for the process around it.
package jsonnet
