// Package output writes what commands have to say: tables, JSON, YAML and
// unified diffs.
//
// Text that comes from a cluster or a repository is written by strangers. All
// that this package writes is free of escape sequences and other control
// characters except its own colours, and those it writes only when told that
// the reader is a terminal that wants them.
package output
