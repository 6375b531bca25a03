// Package memtree is a tree of files in memory, as sources give them, for tests of what
// is rendered of it. A Tree does not change and is safe for concurrent use.
package memtree

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"testing/fstest"
)

// Tree satisfies trace.Tree: the id of a file is the digest of its content.
type Tree struct{ fstest.MapFS }

// New is a tree of files by name.
func New(files map[string]string) Tree {
	m := fstest.MapFS{}
	for name, content := range files {
		m[name] = &fstest.MapFile{Data: []byte(content), Mode: 0o644}
	}
	return Tree{m}
}

// Lookup is the id and the mode of what lies at a name; ok is false if nothing does.
func (t Tree) Lookup(name string) (oid string, mode fs.FileMode, ok bool, err error) {
	i, err := fs.Stat(t.MapFS, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", 0, false, nil
	case err != nil || i.IsDir():
		return "", fs.ModeDir, true, err
	}
	sum := sha256.Sum256(t.MapFS[name].Data)
	return hex.EncodeToString(sum[:]), i.Mode(), true, nil
}
