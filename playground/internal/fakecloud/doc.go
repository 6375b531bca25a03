// Package fakecloud does what a cloud's controllers do for a cluster, as far as
// objects show it: LoadBalancer Services and Ingresses get an address,
// PersistentVolumeClaims get a volume. No address is listened on and no volume
// holds data.
package fakecloud
