package archive

import (
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
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
		return &openDirectory{info: i, left: entriesOf(n)}, nil
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
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
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
		return nil, isDirectory(name)
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
	if !n.isLink() {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	return n.data, nil
}

// step is one name of a path, and the symbolic link that it comes from, if any.
type step struct{ name, link string }

func steps(path, link string) []step {
	parts := strings.Split(path, "/")
	out := make([]step, len(parts))
	for i, p := range parts {
		out[i] = step{p, link}
	}
	return out
}

// walk finds what name leads to, symbolic links followed, the last one only if wanted.
func (t *Tree) walk(op, name string, follow bool) (*node, error) {
	fail := func(err error) (*node, error) { return nil, &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	at := []*node{t.root}
	rest := steps(name, "")
	hops := 0
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		here := at[len(at)-1]
		switch {
		case next.name == "" || next.name == ".":
			continue
		case next.name == ".." && len(at) == 1:
			return fail(fault.New(fault.Broken, "symbolic link %s leads out of the archive", next.link))
		case next.name == "..":
			at = at[:len(at)-1]
			continue
		}
		child, ok := here.child(next.name)
		if !ok {
			return fail(fs.ErrNotExist)
		}
		if !child.isLink() || len(rest) == 0 && !follow {
			at = append(at, child)
			continue
		}
		link := where(at, child.name)
		if hops++; hops > maxSymlinkHops {
			return fail(fault.New(fault.Broken, "symbolic link %s: too many links, or a circle of them", link))
		}
		if strings.HasPrefix(child.data, "/") {
			return fail(fault.New(fault.Broken, "symbolic link %s leads to the absolute path %q; only links inside of the archive are followed", link, child.data))
		}
		rest = append(steps(child.data, link), rest...)
	}
	return at[len(at)-1], nil
}

// where is the path of a name in the directory at.
func where(at []*node, name string) string {
	parts := make([]string, 0, len(at))
	for _, n := range at[1:] {
		parts = append(parts, n.name)
	}
	return path.Join(append(parts, name)...)
}

func isDirectory(name string) error {
	return &fs.PathError{Op: "read", Path: name, Err: errors.New("is a directory")}
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

// openDirectory implements fs.ReadDirFile.
type openDirectory struct {
	info
	left []fs.DirEntry
}

func (d *openDirectory) Read([]byte) (int, error) { return 0, isDirectory(d.name) }
func (d *openDirectory) Close() error             { return nil }

func (d *openDirectory) ReadDir(n int) ([]fs.DirEntry, error) {
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
