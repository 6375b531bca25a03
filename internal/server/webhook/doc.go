// Package webhook takes in what Git servers and registries send when somebody has
// pushed, at Argo CD's path and with its secrets (argo-cd.md §1.14, §5.13).
//
// In goes a request of a stranger, out goes a [Push]: which repositories it is about
// and which revisions may have moved. Nothing of the event is believed beyond that:
// it makes somebody look, and what is found there counts. So the files that an event
// lists are not read (Argo CD decides by them who is refreshed): here the read set of
// a rendering says whom a commit concerns, providers cut those lists short, and some
// have none.
//
// An event that does not prove the secret that is configured for its provider does
// nothing. Where none is configured all are taken, as in Argo CD, and the Push says
// that it is not signed. Each field of an event may be missing, null or absurd.
//
// A Handler is safe for concurrent use. It never calls the sender back.
package webhook
