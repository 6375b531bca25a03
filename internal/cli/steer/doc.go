// Package steer are the commands for an Application that is under way: "evenkeel app
// rollback", "unpin", "terminate-op" and "confirm-deletion", with the names and flags
// that argocd has for them.
//
// They ask for something and decide nothing: what a rollback is and when it may be,
// package client/kube knows. The package reaches the cluster only through Cluster.
package steer
