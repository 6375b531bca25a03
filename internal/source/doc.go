// Package source holds the words about places that manifests come from: a
// repository with everything that is needed to reach it, and what its URL
// means. Its subpackages turn a repository and a revision into an immutable
// fs.FS.
//
// A Repository can be logged, printed and marshalled: no credential ever comes
// out that way. Everything here is pure and safe for concurrent use.
package source
