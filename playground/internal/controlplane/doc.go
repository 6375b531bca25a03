// Package controlplane runs a Kubernetes control plane in this process, on
// loopback, with its state in one directory. The components are Kubernetes' own,
// started through their options as their commands start them; around them is
// what a cluster needs besides: etcd, nodes, a cloud, metrics, all fake but etcd.
//
// A process can run only one: Kubernetes keeps feature gates and the
// components' configurations in globals. A directory belongs to one process at
// a time, kept so by a lock that the kernel drops with the process, so that
// even a killed one leaves a directory that can be started again.
package controlplane
