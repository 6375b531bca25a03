// Package server is the HTTP edge: Argo CD's REST API, the UI's live stream, the
// embedded UI, health and metrics.
//
// There is no login yet. So the server is for the person at the machine only: it
// listens on loopback addresses and nowhere else, and it refuses what a web page
// from elsewhere could send to it: requests with a foreign Host (DNS rebinding),
// requests to the API with a foreign Origin or from another site, and changes
// whose body is not declared as JSON, which no HTML form can do.
//
// It changes nothing itself: what people ask for goes through Commands, as a
// change of a Kubernetes object.
package server
