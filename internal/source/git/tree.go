package git

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// Tree is the content of one commit, read straight from the object store. It
// never changes. Symbolic links are followed inside the commit; one that leads
// out of it, or to an absolute path, is an error that names it. A submodule is a
// directory that cannot be looked into, since its content is elsewhere: to show it
// empty would have what was rendered from it pruned.
//
// All its reading ends with the context that Store.Tree was given.
type Tree struct {
	ctx      context.Context
	mirror   *mirror
	revision string
	root     entry
}

var (
	_ fs.ReadDirFS  = (*Tree)(nil)
	_ fs.ReadFileFS = (*Tree)(nil)
	_ fs.StatFS     = (*Tree)(nil)
	_ fs.ReadLinkFS = (*Tree)(nil)
)

// Tree is the content of a commit, which is fetched when it is not in the mirror.
func (s *Store) Tree(ctx context.Context, repo source.Repository, sha string) (*Tree, error) {
	m, w, err := s.wanted(repo, sha, "")
	if err != nil {
		return nil, err
	}
	if err := m.ensure(ctx, repo, w); err != nil {
		return nil, err
	}
	root, err := m.root(ctx, w.sha)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "%s at %s", repo, w.sha)
	}
	return &Tree{ctx: ctx, mirror: m, revision: w.sha, root: entry{name: ".", mode: typeTree, oid: root}}, nil
}

// root is the tree of a commit, which is asked for once: every Application of a
// repository wants it when there is a new commit.
func (m *mirror) root(ctx context.Context, sha string) (oid, error) {
	if id, ok := m.roots.get(sha); ok {
		return id, nil
	}
	h, data, err := m.object(ctx, sha+"^{tree}")
	if err != nil {
		return oid{}, err
	}
	id, err := parseOID(h.oid)
	if err != nil {
		return oid{}, err
	}
	d, err := parseTree(data)
	if err != nil {
		return oid{}, err
	}
	m.store.trees.add(id, d)
	m.roots.add(sha, id)
	return id, nil
}

// Commit is what people know a commit by; it is fetched when it is not in the mirror.
func (s *Store) Commit(ctx context.Context, repo source.Repository, sha string) (CommitInfo, error) {
	m, w, err := s.wanted(repo, sha, "")
	if err != nil {
		return CommitInfo{}, err
	}
	if err := m.ensure(ctx, repo, w); err != nil {
		return CommitInfo{}, err
	}
	_, data, err := m.object(ctx, w.sha+"^{commit}")
	if err != nil {
		return CommitInfo{}, fault.Wrap(fault.KindOf(err), err, "%s at %s", repo, w.sha)
	}
	return parseCommit(data)
}

// object reads an object that must be in the mirror.
func (m *mirror) object(ctx context.Context, name string) (header, []byte, error) {
	h, data, err := m.reader.contents(ctx, name)
	if errors.Is(err, errDamaged) || err == nil && h.state != found {
		m.damage()
		return h, nil, fault.Wrap(fault.Unavailable, errDamaged, "object %s", name)
	}
	return h, data, err
}

// Revision is the full commit.
func (t *Tree) Revision() string { return t.revision }

// Lookup is the object id and the mode of the file or directory that name leads
// to, symbolic links followed. It reads no file. When there is none ok is false.
func (t *Tree) Lookup(name string) (id string, mode fs.FileMode, ok bool, err error) {
	e, err := t.walk("lookup", name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, false, nil
	}
	if err != nil {
		return "", 0, false, err
	}
	return e.oid.String(), e.fsMode(), true, nil
}

// Open implements fs.FS. A file's content is read with the first Read.
func (t *Tree) Open(name string) (fs.File, error) {
	e, err := t.walk("open", name, true)
	if err != nil {
		return nil, err
	}
	f := file{tree: t, path: name, entry: e}
	if !e.fsMode().IsDir() {
		return &f, nil
	}
	entries, err := t.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return &openDirectory{file: f, left: entries}, nil
}

// ReadDir implements fs.ReadDirFS. Symbolic links are listed as such.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := t.walk("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if e.kind() == typeSubmodule {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: submodule(name)}
	}
	if e.kind() != typeTree {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	d, err := t.directory(e.oid)
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list := make([]fs.DirEntry, len(d.entries))
	for i, child := range d.entries {
		list[i] = dirEntry{tree: t, path: path.Join(name, child.name), entry: child}
	}
	return list, nil
}

// ReadFile implements fs.ReadFileFS.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	e, err := t.walk("read", name, true)
	if err != nil {
		return nil, err
	}
	return t.content("read", name, e)
}

// Stat implements fs.StatFS; it follows symbolic links.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	e, err := t.walk("stat", name, true)
	if err != nil {
		return nil, err
	}
	return t.info("stat", name, e)
}

// Lstat implements fs.ReadLinkFS; it does not follow a symbolic link at the end.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	e, err := t.walk("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return t.info("lstat", name, e)
}

// ReadLink implements fs.ReadLinkFS. The target is as it was committed and may lead anywhere.
func (t *Tree) ReadLink(name string) (string, error) {
	e, err := t.walk("readlink", name, false)
	if err != nil {
		return "", err
	}
	if e.kind() != typeSymlink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := t.content("readlink", name, e)
	return string(target), err
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
func (t *Tree) walk(op, name string, follow bool) (entry, error) {
	fail := func(err error) (entry, error) { return entry{}, &fs.PathError{Op: op, Path: name, Err: err} }
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	at := []entry{t.root}
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
			return fail(fault.New(fault.Broken, "symbolic link %s leads out of the repository", next.link))
		case next.name == "..":
			at = at[:len(at)-1]
			continue
		case here.kind() == typeSubmodule:
			return fail(submodule(where(at[:len(at)-1], here.name)))
		case here.kind() != typeTree:
			return fail(fs.ErrNotExist)
		}
		d, err := t.directory(here.oid)
		if err != nil {
			return fail(err)
		}
		child, ok := d.find(next.name)
		if !ok {
			return fail(fs.ErrNotExist)
		}
		if child.kind() != typeSymlink || len(rest) == 0 && !follow {
			at = append(at, child)
			continue
		}
		link := where(at, child.name)
		if hops++; hops > maxSymlinkHops {
			return fail(fault.New(fault.Broken, "symbolic link %s: too many links, or a circle of them", link))
		}
		target, err := t.target(link, child.oid)
		if err != nil {
			return fail(err)
		}
		rest = append(steps(target, link), rest...)
	}
	return at[len(at)-1], nil
}

func submodule(name string) error {
	return fault.New(fault.Unsupported, "%s is a Git submodule; submodules are not fetched yet", name)
}

// target is what a symbolic link holds, relative to the link's own directory.
func (t *Tree) target(link string, id oid) (string, error) {
	_, data, err := t.mirror.object(t.ctx, id.String())
	if err != nil {
		return "", fault.Wrap(fault.KindOf(err), err, "symbolic link %s", link)
	}
	target := string(data)
	switch {
	case target == "" || len(target) > maxSymlinkTarget || strings.Contains(target, "\x00"):
		return "", fault.New(fault.Broken, "symbolic link %s has no valid target", link)
	case strings.HasPrefix(target, "/"):
		return "", fault.New(fault.Broken, "symbolic link %s leads to the absolute path %q; only links inside of the repository are followed", link, target)
	}
	return target, nil
}

// where is the path of a name in the directory at.
func where(at []entry, name string) string {
	parts := make([]string, 0, len(at))
	for _, e := range at[1:] {
		parts = append(parts, e.name)
	}
	return path.Join(append(parts, name)...)
}

func (t *Tree) directory(id oid) (*directory, error) {
	trees := t.mirror.store.trees
	if d, ok := trees.get(id); ok {
		return d, t.ctx.Err()
	}
	h, data, err := t.mirror.object(t.ctx, id.String())
	if err != nil {
		return nil, err
	}
	if h.kind != "tree" {
		return nil, fault.New(fault.Broken, "object %s is a %s, not a tree", id, h.kind)
	}
	d, err := parseTree(data)
	if err != nil {
		return nil, err
	}
	trees.add(id, d)
	return d, nil
}

func (t *Tree) content(op, name string, e entry) ([]byte, error) {
	if e.fsMode().IsDir() {
		return nil, &fs.PathError{Op: op, Path: name, Err: errors.New("is a directory")}
	}
	_, data, err := t.mirror.object(t.ctx, e.oid.String())
	if large, ok := errors.AsType[errTooLarge](err); ok {
		err = fault.New(fault.Broken, "the file %s", large)
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	return data, nil
}

func (t *Tree) info(op, name string, e entry) (fs.FileInfo, error) {
	info := fileInfo{name: path.Base(name), mode: e.fsMode()}
	if info.IsDir() {
		return info, nil
	}
	h, err := t.mirror.reader.info(t.ctx, e.oid.String())
	if err == nil && h.state != found {
		t.mirror.damage()
		err = fault.Wrap(fault.Unavailable, errDamaged, "object %s", e.oid)
	}
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	info.size = h.size
	return info, nil
}

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

// file is an open file or the directory part of one.
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

// openDirectory implements fs.ReadDirFile.
type openDirectory struct {
	file
	left []fs.DirEntry
}

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
