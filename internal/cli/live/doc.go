// Package live shows how an Application moves while somebody waits for it: on a
// terminal as a table that is drawn anew in place, elsewhere as one line for
// each thing that changed.
package live
