// Package blobs keeps content that has been downloaded in files named by its
// digest, up to a number of bytes; what was not asked for longest goes first.
//
// What comes out is what the digest says: a file is hashed as it is written and
// again whenever it is opened, and one that is damaged or gone is simply not
// there. So the directory can be deleted at any time, also while it is in use, and
// no power cut leaves half a file that is believed.
//
// A space within the directory holds what one server has said. Content is never
// looked for in another space: a server that claims to have a digest must not be
// able to have us hand out what another one gave to somebody else.
//
// A directory belongs to one Store at a time. Everything exported is safe for
// concurrent use.
package blobs
