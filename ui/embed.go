// Package ui holds the built web app. Its source is the TypeScript beside this file; `make ui` builds it into dist,
// which the Go compiler embeds. The package reads nothing at run time and never changes.
//
// Every text file of dist may have siblings with the suffixes .gz and .br: the same content, compressed at build time,
// for the server to choose by Accept-Encoding. Files under assets/ carry a hash of their content in their name and may be
// cached forever; all others must be revalidated.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Dist returns the web app's files, with index.html at the root. It reports false where the app was not built before the
// Go program was: then the file system holds no page to serve. The result is safe for concurrent use.
func Dist() (fs.FS, bool) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, false
	}
	_, err = fs.Stat(files, "index.html")
	return files, err == nil
}
