// Package builtin holds Argo CD's built-in health rules (argo-cd.md §1.5), one
// function a kind.
//
// The rules read unstructured objects field by field, without conversion to
// typed ones: they run for every watch event. A field that is absent, or not of
// the type that its API gives it, reads as its zero value. Rules are pure and
// may be called from any goroutine. The package is called by internal/health
// only; nobody else should see a rule without the deletion check before it.
package builtin
