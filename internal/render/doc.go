// Package render turns a source, a tree of files with options, into Kubernetes
// objects: manifests and Jsonnet, Kustomize or Helm, as Argo CD would (argo-cd.md §1.1).
//
// A rendering is a function of its Request: no network, no files but the
// Request's, no environment, no clock (Helm's random functions excepted). It
// never panics, ends with its context at the next file or object, and its errors
// name the file and the place and are short. An error of the source has kind
// fault.Broken, of the Application fault.Invalid; what Argo CD could render and
// this cannot yet is fault.Unsupported. What a template can still do inside one
// call, loop for ever or use up memory, is for the process around it to bound.
//
// Everything here is safe for concurrent use.
package render
