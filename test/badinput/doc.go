// Package badinput sends what strangers write into repositories down the whole
// road from a commit to the desired state (peers.md §9.3, lines 1-4 and 7), with
// real Git in front: source/git, render over its traced tree, desired.
//
// A file of testdata is a repository and the Applications that name it, each with
// the reason why it is there and what has to come of it. Whatever comes, an error
// is short, says where, and repeats no secret.
//
// testdata/attacks.yaml is the list of known attacks, lines 1-7, with the tests of all
// packages that try each of them.
package badinput
