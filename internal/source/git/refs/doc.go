// Package refs reads a repository's list of refs and finds in it what a target
// revision means: a name, a commit, or a range of versions.
//
// Everything here is pure and safe for concurrent use.
package refs
