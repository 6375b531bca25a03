// Package status turns what was found and done into an Application's status.
//
// Everything in it is pure; times are arguments. Besides the status proper it
// knows which fields and annotations this release does not act on, so that
// nobody who sets one is left to guess: see Unsupported.
package status
