// Package pki makes the keys and certificates of one playground: three
// authorities' worth of files under one directory, written at the first start
// and read back at every later one, and the kubeconfigs made of them.
//
// Everything is valid for ten years and protects a control plane that listens
// on loopback only. Keys are files of mode 0600; none of them reaches an error
// or a log.
package pki
