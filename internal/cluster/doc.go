// Package cluster knows what is in a Kubernetes cluster: which kinds it serves
// and, for each object, a small Record.
//
// Every listable kind is listed and watched on its own, so a kind that cannot be
// read (a broken conversion webhook, an aggregated API that is down) is blind
// alone: see Index.Kind. Kinds for which Options.Full says so are read with
// their bodies, all others as metadata only, so the content of foreign Secrets
// never enters this process. A body is shown once to Options.Judge as it arrives
// and then dropped; what the judge says is kept as the record's Verdict.
//
// An Index has one writer per kind (its watcher) and any number of readers. Its
// Observer is called without locks held, in order for one object.
package cluster
