package archive

import (
	"errors"
	"io/fs"
	"path"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/filetree"
)

// Tree is the content of an archive. It never changes. Symbolic links are followed
// inside of it; one that leads out of it, or to an absolute path, is an error that
// names it, when it is followed.
type Tree struct{ root *node }

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
)

// Single is a tree of one file. Name is a name, not a path.
func Single(name string, content []byte) (*Tree, error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "/\\\x00") {
		return nil, fault.New(fault.Broken, "archive: %.200q is not the name of a file", name)
	}
	data := string(content)
	root := newDirectory(".")
	root.byName[name] = &node{name: name, mode: fileMode, data: data, oid: idOf(data)}
	root.seal()
	return &Tree{root: root}, nil
}

// Digest is the id of everything in the tree: "sha256:" and 64 hexadecimal digits.
func (t *Tree) Digest() string { return t.root.oid }

// Size is the sum of the sizes of all files, which is about what the tree needs in memory.
func (t *Tree) Size() int64 { return t.root.size() }

func (n *node) size() int64 {
	total := int64(len(n.data))
	for _, c := range n.children {
		total += c.size()
	}
	return total
}

// Lookup is the id and the mode of the file or directory that name leads to,
// symbolic links followed. When there is none ok is false.
func (t *Tree) Lookup(name string) (oid string, mode fs.FileMode, ok bool, err error) {
	n, err := t.walk("lookup", name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, false, nil
	}
	if err != nil {
		return "", 0, false, err
	}
	return n.oid, n.mode, true, nil
}

// Open implements fs.FS.
func (t *Tree) Open(name string) (fs.File, error) {
	n, err := t.walk("open", name, true)
	if err != nil {
		return nil, err
	}
	i := info{name: path.Base(name), node: n}
	if n.mode.IsDir() {
		return filetree.OpenDirectory(i, entriesOf(n)), nil
	}
	return &openFile{info: i, Reader: strings.NewReader(n.data)}, nil
}

// ReadDir implements fs.ReadDirFS. Symbolic links are listed as such.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := t.walk("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !n.mode.IsDir() {
		return nil, filetree.NotDirectory("readdir", name)
	}
	return entriesOf(n), nil
}

// ReadFile implements fs.ReadFileFS.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	n, err := t.walk("read", name, true)
	if err != nil {
		return nil, err
	}
	if n.mode.IsDir() {
		return nil, filetree.IsDirectory("read", name)
	}
	return []byte(n.data), nil
}

// Stat implements fs.StatFS; it follows symbolic links.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	n, err := t.walk("stat", name, true)
	if err != nil {
		return nil, err
	}
	return info{name: path.Base(name), node: n}, nil
}

// Lstat implements fs.ReadLinkFS; it does not follow a symbolic link at the end.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	n, err := t.walk("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return info{name: path.Base(name), node: n}, nil
}

// ReadLink implements fs.ReadLinkFS. The target is as it was packed and may lead anywhere.
func (t *Tree) ReadLink(name string) (string, error) {
	n, err := t.walk("readlink", name, false)
	if err != nil {
		return "", err
	}
	if !n.IsLink() {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return n.data, nil
}

func (t *Tree) walk(op, name string, follow bool) (*node, error) {
	return filetree.Walk(t.root, "archive", op, name, follow)
}

// info has no modification time: the same content shall be the same tree.
type info struct {
	name string
	node *node
}

func (i info) Name() string { return i.name }
func (i info) Size() int64 {
	if i.IsDir() {
		return 0
	}
	return int64(len(i.node.data))
}
func (i info) Mode() fs.FileMode          { return i.node.mode }
func (i info) ModTime() time.Time         { return time.Time{} }
func (i info) IsDir() bool                { return i.node.mode.IsDir() }
func (i info) Sys() any                   { return nil }
func (i info) Type() fs.FileMode          { return i.node.mode.Type() }
func (i info) Info() (fs.FileInfo, error) { return i, nil }
func (i info) Stat() (fs.FileInfo, error) { return i, nil }

func entriesOf(n *node) []fs.DirEntry {
	list := make([]fs.DirEntry, len(n.children))
	for i, c := range n.children {
		list[i] = info{name: c.name, node: c}
	}
	return list
}

// openFile can also be sought in.
type openFile struct {
	info
	*strings.Reader
}

// Size is the file's size; both parts have one.
func (f *openFile) Size() int64  { return f.info.Size() }
func (f *openFile) Close() error { return nil }
