// Package cli is the command line: one file a verb, with the verbs and flags of
// "argocd app …" and "argocd proj …". A flag of Argo CD's either does what it does
// there or is refused with a message; none is ignored.
//
// The package talks to a cluster and renders manifests only through the
// interfaces of Env, reads no environment variable and owns no state. What
// strangers wrote is cleaned before it reaches a terminal (package output).
package cli
