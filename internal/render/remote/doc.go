// Package remote holds the words for what a rendering needs and its tree does not
// have: a chart that another depends on, a Kustomize base, a file of values at a URL.
//
// Whoever renders has no network and no credentials. It says what it wants to a
// Fetcher, which decides whether this Application may have it, gets it with the
// credentials that Argo CD's Secrets have for it, and remembers what the answer was,
// so that a rendering is made again when the answer would be another.
package remote
