// Package status composes an Application's status from what was seen and done,
// and the patch that writes only what changed.
//
// The same input always gives the same status: lists are sorted, and a time
// changes only when what it belongs to does. So nothing is written while nothing
// happens. The package is pure.
package status
