// Package fakemetrics is the metrics API (metrics.k8s.io/v1beta1) of the
// playground, so that HorizontalPodAutoscalers scale and kubectl top answers.
// What a Pod uses is what its annotations say, see [CPUAnnotation], and is
// divided evenly among its containers; a node uses what its Pods do. The API
// server proxies to it as it would to metrics-server.
package fakemetrics
