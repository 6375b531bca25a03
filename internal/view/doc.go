// Package view holds the read models of the UI and the API: one row per
// Application and one node per object of an Application's tree, as a snapshot
// followed by numbered deltas.
//
// The controller publishes rows and says which trees changed; the server
// subscribes. A tree is built only while somebody looks at it. Nothing here
// reads the cluster, and nothing here can write to it.
//
// Each topic is a compacted log: every key stands in it once, at the position of
// its last change. A subscriber is a position per topic, so what it has not
// taken yet costs nothing, however slow it is: it reads the values as they are
// when it comes, never those in between. A publisher never waits for anybody.
//
// Store and Subscription.Close may be used from any goroutine; Subscription.Next
// from one at a time. RowOf, Query and what is said of sync windows and pins are
// pure.
package view
