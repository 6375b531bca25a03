package git

import (
	"io/fs"
	"strings"
	"time"
)

// fileInfo has no modification time: commits do not record one.
type fileInfo struct {
	name string
	mode fs.FileMode
	size int64
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) Mode() fs.FileMode  { return i.mode }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.mode.IsDir() }
func (i fileInfo) Sys() any           { return nil }

type dirEntry struct {
	tree  *Tree
	path  string
	entry entry
}

func (d dirEntry) Name() string               { return d.entry.name }
func (d dirEntry) IsDir() bool                { return d.entry.fsMode().IsDir() }
func (d dirEntry) Type() fs.FileMode          { return d.entry.fsMode().Type() }
func (d dirEntry) Info() (fs.FileInfo, error) { return d.tree.info("lstat", d.path, d.entry) }

// file is an open file.
type file struct {
	tree  *Tree
	path  string
	entry entry
	body  *strings.Reader
}

func (f *file) Stat() (fs.FileInfo, error) { return f.tree.info("stat", f.path, f.entry) }
func (f *file) Close() error               { return nil }

func (f *file) Read(p []byte) (int, error) {
	if f.body == nil {
		data, err := f.tree.content("read", f.path, f.entry)
		if err != nil {
			return 0, err
		}
		f.body = strings.NewReader(string(data))
	}
	return f.body.Read(p)
}
