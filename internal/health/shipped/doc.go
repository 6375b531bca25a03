// Package shipped holds the health rules of the custom kinds, and of the few
// Kubernetes kinds, for which Argo CD ships a script
// (resource_customizations/*/*/health.lua): the same statuses, written anew in Go.
//
// A rule is a list of steps, and the first step that has an opinion decides:
//
//	"cert-manager.io": {"Certificate": {
//		conditions(when("Issuing=True", progressing)),
//		conditions(when("Ready=False", degraded), when("Ready=True", healthy)),
//		waiting("the certificate to be issued"),
//	}},
//
// The steps are in step.go, the patterns of conditions in condition.go. What they
// cannot say is a function of the same shape as a step. Each rule ends in a step
// that always decides.
//
// Statuses are those of Argo CD; where a rule differs on purpose its comment says
// so. Messages are our own: the reason and the message that the object's
// controller gave. Where a script of Argo CD's fails because a field is not there
// yet, which makes the object Unknown, ours is Progressing.
//
// As in internal/health/builtin, rules read field by field, never change an
// object, never fail, read no clock, and may be called from any goroutine; the
// package is called by internal/health only.
package shipped
