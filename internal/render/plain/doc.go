// Package plain renders a directory of manifests as Argo CD does
// (argo-cd.md §1.1): files by extension, include and exclude globs, and a marker
// that skips a file. Hidden files and directories are not special. A file that
// ends in .jsonnet is a program; see package jsonnet.
//
// It differs on purpose where Argo CD would leave something out that was meant, and
// then prune it: a symbolic link to nothing and a glob that does not compile are
// errors. And it is milder with what is no manifest at all, a values file for
// example: that is left out with a warning, also as JSON.
package plain
