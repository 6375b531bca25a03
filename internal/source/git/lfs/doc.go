// Package lfs gets large files: those of which Git holds a pointer, and a server
// beside it the content (https://github.com/git-lfs/git-lfs/tree/main/docs). No git-lfs
// program is needed.
//
// The server is told by strangers where a file lies, and tells us. So nothing is
// believed: a file has the size and the SHA-256 of its pointer or is refused, the
// repository's credentials go to the server of the endpoint and to no other, what the
// server hands out for another host goes to that one and follows no redirect, and which
// hosts may be connected to is up to the Client's HTTP. Errors hold no credential, and
// no query of a URL, which is one with many stores.
//
// A Client is safe for concurrent use.
package lfs
