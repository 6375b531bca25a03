// Package playgroundtest gives tests a real Kubernetes control plane: it starts
// bin/evenkeel-playground as a process of its own and ends it with the test.
//
// Starting takes one to two seconds of CPU and 300 MB, so tests that get along
// share one: call [Start] in a parent test and give each subtest a namespace
// with a fresh name (deleting one takes five seconds). Tests that kill, pause or
// count requests take one for themselves.
//
// The package knows nothing of Kubernetes: what it hands out is a kubeconfig,
// and what the API server's audit log holds.
package playgroundtest
