// Package gitserver is a real Git server for tests, benchmarks and the demo: it
// serves a directory of bare repositories over HTTP (git http-backend, so that
// fetch and push are Git's own) and over SSH, and writes commits into them.
//
// Commits are reproducible: the same calls in the same order on an empty
// directory make the same object ids. Everything is safe for concurrent use,
// except that commits to one repository are made one after another.
package gitserver
