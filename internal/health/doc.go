// Package health says how a live object fares and how an Application fares
// because of its objects.
//
// Rules are found as Argo CD finds them (argo-cd.md §1.5): those that people wrote, in
// internal/health/custom, before our own: those that Argo CD has in Go in
// internal/health/builtin, those that it ships as scripts in internal/health/shipped. A
// rule that fails or panics makes its kind Unknown, with the reason, and nothing else.
// The aggregation is that of §5.6. Everything here is a pure function of its arguments:
// objects are read, never changed, and every function may be called from any goroutine.
package health
