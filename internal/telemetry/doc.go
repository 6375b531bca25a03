// Package telemetry counts what goes on, under the names and labels that Argo CD
// gives its metrics (argo-cd.md §1.26), so that dashboards and alerts made for it
// go on working. What Argo CD does not count has names that begin with evenkeel_.
//
// A nil or zero *Metrics counts nothing, so nobody needs to ask whether there is
// one. Everything is safe for concurrent use. Labels never hold credentials.
package telemetry
