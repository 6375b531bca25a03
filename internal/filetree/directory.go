package filetree

import (
	"errors"
	"io"
	"io/fs"
)

// Directory is an open directory. It is for one goroutine.
type Directory struct {
	info fs.FileInfo
	left []fs.DirEntry
}

var _ fs.ReadDirFile = (*Directory)(nil)

// OpenDirectory opens a directory with these entries.
func OpenDirectory(info fs.FileInfo, entries []fs.DirEntry) *Directory {
	return &Directory{info: info, left: entries}
}

// Stat implements fs.File.
func (d *Directory) Stat() (fs.FileInfo, error) { return d.info, nil }

// Close implements fs.File.
func (d *Directory) Close() error { return nil }

// Read implements fs.File: a directory has no content.
func (d *Directory) Read([]byte) (int, error) {
	return 0, IsDirectory("read", d.info.Name())
}

// ReadDir implements fs.ReadDirFile.
func (d *Directory) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 {
		n = len(d.left)
	} else if len(d.left) == 0 {
		return nil, io.EOF
	}
	n = min(n, len(d.left))
	out := d.left[:n]
	d.left = d.left[n:]
	return out, nil
}

// IsDirectory is the error of what can only be done with a file.
func IsDirectory(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: errors.New("is a directory")}
}

// NotDirectory is the error of what can only be done with a directory.
func NotDirectory(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: errors.New("not a directory")}
}
