// Package fakenode plays the kubelets of the playground's nodes against a real
// API server: it registers the nodes, moves their Pods through their lives and
// answers kubectl logs. It runs no container.
//
// What becomes of a Pod is decided by the pure function next, from the Pod, its
// annotations and the time. A Pod without annotations is Ready at once; one
// that may end (restartPolicy Never or OnFailure) ends well after a second. The
// annotations, see [FailAnnotation] and those beside it, change that, on the
// template or on the living Pod.
package fakenode
