// Package depends says whether the Applications that an Application depends on are
// ready, and in words why not.
//
// The annotation evenkeel.dev/depends-on names them. An Application with it syncs
// only once each of them is Synced to what its source says now, Healthy, and both of
// its newest spec: a status that was true before the last change is not enough
// (argo-cd #4669, #5585, #8778). Only what is named itself is waited for: what that
// depends on in turn it has waited for before it was Synced.
//
// Applications that depend on each other would wait for ever. None of them is ready,
// and each says the same: the whole cycle, from its first name on.
//
// The package is pure and knows Applications only through a Graph, which decides
// whom an Application may see. A Check walks all that the Application depends on,
// directly or not; all functions may be called from any goroutine.
package depends
