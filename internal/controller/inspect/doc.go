// Package inspect answers the questions of people about Applications: their objects as
// a tree, what differs, what they render to. It reads the records, claims and
// Applications that the loop keeps, and the cluster where a body is wanted; it
// changes nothing. Secrets are masked in all that it gives.
package inspect
