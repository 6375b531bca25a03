// Command evenkeel-demo shows Evenkeel at work on one machine, and nothing else
// is needed: "up" starts a Kubernetes control plane (bin/evenkeel-playground), a
// real Git server over HTTP with four applications, and Evenkeel, and stops it all
// and removes every file when it is interrupted. The other verbs are things to
// try meanwhile. Each is one action in Git or in the cluster, says which, and then
// watches what Evenkeel makes of it; the times that it prints are measured.
//
// How the verbs find the demo: "up" holds a lock on a state file beside the
// program for as long as it runs. A file without a lock was left by a demo that
// was killed; the next "up" removes what it left.
package main
