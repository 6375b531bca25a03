package tree

import (
	"context"
	"errors"
	"io/fs"

	"evenkeel.dev/internal/fault"
)

// DefaultBudget is how many bytes one rendering reads at most if nothing else
// is said. It bounds charts and bases, which Argo CD does not bound.
const DefaultBudget = 100 << 20

// lookCost is what each look at a name takes out of the budget, so that trees in
// which links or globs lead to the same few files again and again have an end too.
const lookCost = 256

// Reader reads files of a tree until its context ends or its budget is used up.
// It is for one rendering and one goroutine. Its errors say the path and have a
// kind: the tree's own if it gives one, else fault.Broken.
type Reader struct {
	ctx  context.Context
	fsys fs.FS
	left *int64
}

// NewReader is a Reader that gives out at most budget bytes in all.
func NewReader(ctx context.Context, fsys fs.FS, budget int64) *Reader {
	return &Reader{ctx: ctx, fsys: fsys, left: &budget}
}

// File is the content of the file at name. Its size is checked before it is read.
// A Git LFS pointer in its place is refused.
func (r *Reader) File(name string) ([]byte, error) {
	data, err := r.Raw(name)
	if err != nil {
		return nil, err
	}
	return data, CheckPointer(name, data)
}

// Raw is File for whoever has a use for what lies there, whatever it stands for.
func (r *Reader) Raw(name string) ([]byte, error) {
	info, err := r.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, kinded(&fs.PathError{Op: "read", Path: name, Err: errIsDirectory})
	}
	if err := r.Spend(name, info.Size()); err != nil {
		return nil, err
	}
	data, err := fs.ReadFile(r.fsys, name)
	return data, kinded(err)
}

func kinded(err error) error { return fault.Keep(fault.Broken, err, "") }

// Spend takes n bytes for name, which were or will be unpacked or generated,
// out of the budget.
func (r *Reader) Spend(name string, n int64) error {
	if n > *r.left {
		return fault.New(fault.Broken, "%s: %d bytes are more than this rendering may still use (%d)", name, n, *r.left)
	}
	*r.left -= n
	return nil
}

// Left is what is left of the budget.
func (r *Reader) Left() int64 { return *r.left }

// look is the price of asking for a name.
func (r *Reader) look(name string) error {
	if err := r.ctx.Err(); err != nil {
		return err
	}
	if *r.left < lookCost {
		return fault.New(fault.Broken, "%s: this rendering looks at too many files", name)
	}
	*r.left -= lookCost
	return nil
}

// Stat describes what is at name.
func (r *Reader) Stat(name string) (fs.FileInfo, error) {
	if err := r.look(name); err != nil {
		return nil, err
	}
	info, err := fs.Stat(r.fsys, name)
	return info, kinded(err)
}

// Dir lists the directory at name, sorted by name.
func (r *Reader) Dir(name string) ([]fs.DirEntry, error) {
	if err := r.look(name); err != nil {
		return nil, err
	}
	entries, err := fs.ReadDir(r.fsys, name)
	return entries, kinded(err)
}

// On is a Reader of another tree with the same budget.
func (r *Reader) On(fsys fs.FS) *Reader {
	return &Reader{ctx: r.ctx, fsys: fsys, left: r.left}
}

// FS is the tree for whoever needs an fs.FS, such as a glob: each look at it is
// the Reader's, and files cannot be opened.
func (r *Reader) FS() *Names { return &Names{reader: r} }

// Names shows the names of a Reader's tree. It keeps the first error that was not
// merely that nothing is there: what walks an fs.FS tends to pass over them.
type Names struct {
	reader *Reader
	err    error
}

var (
	_ fs.StatFS    = (*Names)(nil)
	_ fs.ReadDirFS = (*Names)(nil)
)

// Err is the first error that was met.
func (n *Names) Err() error { return n.err }

func (n *Names) note(err error) error {
	if err != nil && n.err == nil && !errors.Is(err, fs.ErrNotExist) {
		n.err = err
	}
	return err
}

// Stat implements fs.StatFS.
func (n *Names) Stat(name string) (fs.FileInfo, error) {
	info, err := n.reader.Stat(name)
	return info, n.note(err)
}

// ReadDir implements fs.ReadDirFS.
func (n *Names) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := n.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() { // no error to remember: globs try
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrNotExist}
	}
	entries, err := n.reader.Dir(name)
	return entries, n.note(err)
}

// Open implements fs.FS for directories.
func (n *Names) Open(name string) (fs.File, error) {
	return nil, n.note(&fs.PathError{Op: "open", Path: name, Err: errors.ErrUnsupported})
}

// Glob is the names that match pattern, in the syntax of path.Match. Unlike
// fs.Glob it fails when it cannot look somewhere.
func (r *Reader) Glob(pattern string) ([]string, error) {
	names := r.FS()
	found, err := fs.Glob(names, pattern)
	if err == nil {
		err = names.Err()
	}
	if err != nil {
		return nil, err
	}
	return found, nil
}

// Err is the error of the Reader's context.
func (r *Reader) Err() error { return r.ctx.Err() }

var errIsDirectory = errors.New("is a directory")
