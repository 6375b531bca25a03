// Package status composes an Application's status from what was seen and done,
// and the patch that writes only what changed.
//
// The same input always gives the same status: lists are sorted, and a time
// changes only when what it belongs to does. So nothing is written while nothing
// happens. The package also knows which fields and annotations this release does
// not act on, so that nobody who sets one is left to guess: see Unsupported. It is
// pure; times are arguments.
package status
