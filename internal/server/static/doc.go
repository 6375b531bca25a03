// Package static serves the embedded web UI: files of an fs.FS whose directory
// assets/ holds names that carry a hash of the content, and may be cached for
// ever; everything else is revalidated by ETag.
//
// A file X may have the siblings X.br and X.gz, which are sent instead where the
// client accepts them. A path that names no file and has no extension, or to
// which a browser navigates, is a route of the app and gets index.html. Only regular files are served; there is no
// directory listing, and no name reaches the fs.FS that fs.ValidPath refuses.
//
// Files are read once, when they are first asked for, and kept: the file system
// is one that never changes.
package static
