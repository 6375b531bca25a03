// Package why joins the records of the cluster with the decisions of health/cause: which of
// an Application's objects gives it its health, and what below that object is in trouble.
//
// Everything is read from the index and nothing is sent, except that the last warning
// about what is in trouble is asked for by the function that the caller hands in. All of
// it may be called from any goroutine.
package why
