package git

import (
	"context"
	"errors"
	"io/fs"
	"path"
	"strings"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/filetree"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/lfs"
)

// Tree is the content of one commit, read straight from the object store. It
// never changes. Symbolic links are followed inside the commit; one that leads
// out of it, or to an absolute path, is an error that names it. A submodule is a
// directory with the content of its own repository at its commit; see submodules.
//
// All its reading ends with the context that Store.Tree was given.
type Tree struct {
	ctx      context.Context
	mirror   *mirror
	repo     source.Repository
	revision string
	root     entry
	modules  *submodules
	files    *largeFiles
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
	return &Tree{
		ctx: ctx, mirror: m, repo: repo, revision: w.sha, root: entry{name: ".", mode: typeTree, oid: root},
		modules: newSubmodules(repo.Project), files: &largeFiles{},
	}, nil
}

// root is the tree of a commit, which is asked for once: every Application of a
// repository wants it when there is a new commit.
func (m *mirror) root(ctx context.Context, sha string) (oid, error) {
	if id, ok := m.roots.Get(sha); ok {
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
	m.store.trees.Add(id, d)
	m.roots.Add(sha, id)
	return id, nil
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

// Distant says whether reading may fetch something: of submodules, or large files.
func (t *Tree) Distant() bool {
	root, err := t.directory(t.root.oid)
	if err != nil {
		return true
	}
	_, modules := root.find(modulesFile)
	return modules || t.repo.EnableLFS
}

// Lookup is the object id and the mode of the file or directory that name leads
// to, symbolic links followed. It reads no file. When there is none ok is false. The
// id of a submodule is its commit. Files have other ids when pointers to large files
// are read as what they stand for, since a pointer's content is another one then.
func (t *Tree) Lookup(name string) (id string, mode fs.FileMode, ok bool, err error) {
	p, err := t.walk("lookup", name, true)
	if errors.Is(err, fs.ErrNotExist) {
		return "", 0, false, nil
	}
	if err != nil {
		return "", 0, false, err
	}
	id, mode = p.entry.oid.String(), p.entry.fsMode()
	if p.tree.repo.EnableLFS && mode.IsRegular() {
		id += "+lfs"
	}
	return id, mode, true, nil
}

// Open implements fs.FS. A file's content is read with the first Read.
func (t *Tree) Open(name string) (fs.File, error) {
	p, err := t.walk("open", name, true)
	if err != nil {
		return nil, err
	}
	if !p.entry.fsMode().IsDir() {
		return &file{tree: p.tree, path: name, entry: p.entry}, nil
	}
	entries, err := t.ReadDir(name)
	if err != nil {
		return nil, err
	}
	return filetree.OpenDirectory(fileInfo{name: path.Base(name), mode: p.entry.fsMode()}, entries), nil
}

// ReadDir implements fs.ReadDirFS. Symbolic links are listed as such.
func (t *Tree) ReadDir(name string) ([]fs.DirEntry, error) {
	p, err := t.walk("readdir", name, true)
	if err != nil {
		return nil, err
	}
	if !p.entry.fsMode().IsDir() {
		return nil, filetree.NotDirectory("readdir", name)
	}
	owner, d, err := p.list()
	if err != nil {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: err}
	}
	list := make([]fs.DirEntry, len(d.entries))
	for i, child := range d.entries {
		list[i] = dirEntry{tree: owner, path: path.Join(name, child.name), entry: child}
	}
	return list, nil
}

// ReadFile implements fs.ReadFileFS.
func (t *Tree) ReadFile(name string) ([]byte, error) {
	p, err := t.walk("read", name, true)
	if err != nil {
		return nil, err
	}
	return p.tree.content("read", name, p.entry)
}

// Stat implements fs.StatFS; it follows symbolic links.
func (t *Tree) Stat(name string) (fs.FileInfo, error) {
	p, err := t.walk("stat", name, true)
	if err != nil {
		return nil, err
	}
	return p.tree.info("stat", name, p.entry)
}

// Lstat implements fs.ReadLinkFS; it does not follow a symbolic link at the end.
func (t *Tree) Lstat(name string) (fs.FileInfo, error) {
	p, err := t.walk("lstat", name, false)
	if err != nil {
		return nil, err
	}
	return p.tree.info("lstat", name, p.entry)
}

// ReadLink implements fs.ReadLinkFS. The target is as it was committed and may lead anywhere.
func (t *Tree) ReadLink(name string) (string, error) {
	p, err := t.walk("readlink", name, false)
	if err != nil {
		return "", err
	}
	if p.entry.kind() != typeSymlink {
		return "", &fs.PathError{Op: "readlink", Path: name, Err: fs.ErrInvalid}
	}
	target, err := p.tree.content("readlink", name, p.entry)
	return string(target), err
}

// place is where a path has led to: an entry of a tree, which is another one below a
// submodule.
type place struct {
	tree  *Tree
	entry entry
	// module is the path of a submodule in its tree; empty for everything else.
	module string
}

// list is what lies in the directory, and whose it is.
func (p place) list() (*Tree, *directory, error) {
	if p.entry.kind() != typeSubmodule {
		d, err := p.tree.directory(p.entry.oid)
		return p.tree, d, err
	}
	inner, err := p.tree.enter(p.module, p.entry.oid)
	if err != nil {
		return nil, nil, err
	}
	if inner == nil {
		return p.tree, &directory{}, nil
	}
	d, err := inner.directory(inner.root.oid)
	return inner, d, err
}

// Name implements filetree.Node.
func (p place) Name() string { return p.entry.name }

// IsDir implements filetree.Node.
func (p place) IsDir() bool { return p.entry.fsMode().IsDir() }

// IsLink implements filetree.Node.
func (p place) IsLink() bool { return p.entry.kind() == typeSymlink }

// Target implements filetree.Node.
func (p place) Target(link string) (string, error) { return p.tree.target(link, p.entry.oid) }

// Child implements filetree.Node.
func (p place) Child(way []place, name string) (place, bool, error) {
	owner, d, err := p.list()
	if err != nil {
		return place{}, false, err
	}
	child, ok := d.find(name)
	if !ok {
		return place{}, false, nil
	}
	return newPlace(owner, child, way), true, nil
}

func (t *Tree) walk(op, name string, follow bool) (place, error) {
	return filetree.Walk(place{tree: t, entry: t.root}, "repository", op, name, follow)
}

// target is what a symbolic link holds, relative to the link's own directory.
func (t *Tree) target(link string, id oid) (string, error) {
	_, data, err := t.mirror.object(t.ctx, id.String())
	if err != nil {
		return "", fault.Wrap(fault.KindOf(err), err, "symbolic link %s", link)
	}
	target := string(data)
	if target == "" || len(target) > maxSymlinkTarget || strings.Contains(target, "\x00") {
		return "", fault.New(fault.Broken, "symbolic link %s has no valid target", link)
	}
	return target, nil
}

// newPlace is an entry of the directory that way ends with.
func newPlace(owner *Tree, e entry, way []place) place {
	p := place{tree: owner, entry: e}
	if e.kind() == typeSubmodule {
		// The path begins where its tree does: at the root, or behind a submodule.
		from := len(way)
		for from > 1 && way[from-1].tree == owner && way[from-1].module == "" {
			from--
		}
		p.module = filetree.Path(way[from-1:], e.name)
	}
	return p
}

func (t *Tree) directory(id oid) (*directory, error) {
	trees := t.mirror.store.trees
	if d, ok := trees.Get(id); ok {
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
	trees.Add(id, d)
	return d, nil
}

func (t *Tree) content(op, name string, e entry) ([]byte, error) {
	if e.fsMode().IsDir() {
		return nil, filetree.IsDirectory(op, name)
	}
	h, data, err := t.mirror.object(t.ctx, e.oid.String())
	if p, ok := t.pointer(h, data); ok && err == nil && e.kind() == typeFile {
		if data, err = t.large(p); err != nil {
			err = fault.Keep(fault.Unavailable, err, "large file")
		}
	}
	if large, ok := errors.AsType[tooLargeError](err); ok {
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
	if !t.repo.EnableLFS || h.size > lfs.MaxPointer || e.kind() != typeFile {
		return info, nil
	}
	_, data, err := t.mirror.object(t.ctx, e.oid.String())
	if err != nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if p, ok := t.pointer(h, data); ok {
		info.size = p.Size
	}
	return info, nil
}
