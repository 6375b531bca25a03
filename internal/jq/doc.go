// Package jq finds the places in an object that a jq path expression names.
//
// Compile takes an expression as ignoreDifferences has them, such as
// .spec.template.spec.containers[] | select(.name == "sidecar"), and Program.Paths
// gives the concrete paths that it selects in one object. Who may delete or copy
// what is there is the caller's business.
//
// The expressions are written by strangers and run on each event of an object, so
// everything is bounded: the time, the instructions, the size of what is built on
// the way, the number of paths. There is no environment, no input, no clock and no
// module. What could grow or run without end cannot be written: functions of one's
// own, recursion with a filter, while, until, repeat, assignments. What is left are
// the functions that look at values, in allowed. An expression that was over its
// bounds three times in a row is not run any more.
//
// An error never quotes a value, which may be a Secret's.
//
// A Program is safe for concurrent use.
package jq
