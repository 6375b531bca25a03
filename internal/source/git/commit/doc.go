// Package commit reads what people know a commit by from Git's commit object. What it
// reads was written by strangers and is cleaned of what could steer a terminal.
//
// Everything here is pure.
package commit
