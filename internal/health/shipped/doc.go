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
// Statuses are those of Argo CD's scripts of August 2026, but for these:
//
//   - Where a script fails because a field is not there yet, or returns nothing (an
//     AnalysisRun of an unknown phase), ours decides by what is there, which mostly is
//     Progressing.
//   - A HelmRelease that is Ready is Healthy when it was released and tested, not only when
//     one of the two is said; one that is not Ready never is. See flux.
//   - A Provider of Crossplane of which only half is known, and a ZookeeperCluster without
//     counters, are Progressing.
//   - What is not of its type, such as a text for a flag, is as if it were not there.
//
// Messages are our own: the reason and the message that the object's controller gave,
// without times and counters that change while nothing else does. (A Rollout's times are
// those at which it was paused or aborted, and stay.)
//
// As in internal/health/builtin, rules read field by field, never change an
// object, never fail, read no clock, and may be called from any goroutine; the
// package is called by internal/health only.
package shipped
