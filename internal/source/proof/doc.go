// Package proof remembers, on disk, who was let in by a server: which repository, as it
// is described by its URL, its credentials and the way to it, was read with success. What
// is kept of the repository may be shown to the same one after a restart as well, while
// the server is away.
//
// A record is the name of an empty file. It is made of all that decides who one is to
// the server, credentials among it, with a key that costs to derive (scrypt, RFC 7914): a
// password cannot be guessed from it at a useful rate. Records do not say what they are
// of. They go when a server turns somebody away, or 90 days after they were last made.
//
// A note is what a server said of something in such a repository, as the digest of a
// chart's version: a file of those words in the directory said. Its name and a code in it
// need the same key, so only who has the same credentials finds it, one that was damaged is
// none, and it counts only with the record. The number of notes is bounded; those that were
// made longest ago go first. The whole directory may be deleted while no Book is open.
//
// A Book may be used from any goroutine.
package proof
