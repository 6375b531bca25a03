// Package kubetest is a client for tests of what a program does to a cluster:
// it writes objects of any kind and waits, by watch, until one is as wanted.
//
// Kinds are named KIND[.GROUP], objects [NAMESPACE/]NAME. A Client is safe for
// concurrent use.
package kubetest
