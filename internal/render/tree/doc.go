// Package tree holds the rules by which every renderer touches a repository:
// how a path written by a user becomes a path inside the tree, how much may be
// read, and how long an error may be.
//
// Paths are fs.FS paths: slash-separated, relative to the repository's root,
// "." for the root. Nothing here reaches the operating system's files; a path
// that leaves the tree is refused before it is looked up. All functions are safe
// for concurrent use.
package tree
