// Package jsonobject decodes JSON objects into maps, as k8s.io/apimachinery does for
// Unstructured and in half the time, as the bodies of all events of a cluster pass through
// it; and compares JSON values. It is pure and safe for concurrent use.
package jsonobject
