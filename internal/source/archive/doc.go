// Package archive turns a tar stream, gzipped or not, into an immutable fs.FS in
// memory: a Helm chart, an artifact of an OCI registry, a file of values.
//
// Archives are written by strangers. Read gives all of an archive or an error,
// never a part of it, and stops reading as soon as a bound is passed: of bytes,
// packed or unpacked, or of files. What has no place in a tree of manifests is
// refused: names that are absolute or lead up, backslashes, devices, entries that
// would be written through a symbolic link. Symbolic links are kept, and followed
// inside of the tree only; a hard link is another name for a file that came before it.
//
// Files have ids, which are digests of their content, directories too, and a Tree
// has the digest of them all: the same content gives the same digest however and
// in whatever order it was packed. Of permissions only "executable" counts.
//
// Nothing here touches disk or network. A Tree is safe for concurrent use.
package archive
