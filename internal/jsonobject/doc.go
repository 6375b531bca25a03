// Package jsonobject decodes JSON objects into maps, as k8s.io/apimachinery does for
// Unstructured and in half the time: the bodies of all events of a cluster, and all that is
// rendered, pass through it. It is pure and safe for concurrent use.
package jsonobject
