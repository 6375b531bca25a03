// Command evenkeel-playground is a real Kubernetes control plane in one
// process: etcd, kube-apiserver, kube-controller-manager, kube-scheduler, and
// fake nodes on which Pods become Ready without running. It needs no root, no
// container and no network but loopback.
//
//	evenkeel-playground up --dir DIR [--nodes N]
//
// prints the path of a kubeconfig on one line when all is ready, and runs until
// SIGTERM or SIGINT. The same DIR again is the same cluster. README.md lists
// the flags and the annotations that steer Pods.
package main
