// Package health says how a live object fares and how an Application fares
// because of its objects.
//
// The rules of the kinds are those of Argo CD (argo-cd.md §1.5) and live in
// internal/health/builtin; the aggregation is that of §5.6. Everything here is a
// pure function of its arguments: objects are read, never changed, and every
// function may be called from any goroutine.
package health
