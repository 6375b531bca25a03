// Package network condenses what a body says of its object's place in the network: which
// objects a Service, an Ingress or a route leads to, by which labels Pods are found, what
// addresses load balancers have given, and the URLs that follow. The kinds and what is made
// of them are those of Argo CD's networkingInfo; besides, what an autoscaler scales.
//
// It is pure. Bodies are written by strangers: URLs are http or https, texts and lists are
// bounded, and what has another shape than it should is left out.
package network
