// Package view holds the read models of the UI and the API: one row per
// Application and one node per object of an Application's tree, as a snapshot
// followed by numbered deltas.
//
// The controller publishes rows and says which trees changed; the server
// subscribes. A tree is built only while somebody looks at it. Nothing here
// reads the cluster, and nothing here can write to it.
package view
