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

// Reader reads files of a tree until its context ends or its budget is used up.
// It is for one rendering and one goroutine.
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
func (r *Reader) File(name string) ([]byte, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	info, err := fs.Stat(r.fsys, name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return nil, &fs.PathError{Op: "read", Path: name, Err: errIsDirectory}
	}
	if err := r.Spend(name, info.Size()); err != nil {
		return nil, err
	}
	return fs.ReadFile(r.fsys, name)
}

// Spend takes n bytes for name, which were or will be unpacked or generated,
// out of the budget.
func (r *Reader) Spend(name string, n int64) error {
	if n > *r.left {
		return fault.New(fault.Broken, "%s: %d bytes are more than this rendering may still use (%d)", name, n, *r.left)
	}
	*r.left -= n
	return nil
}

// Stat describes what is at name.
func (r *Reader) Stat(name string) (fs.FileInfo, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	return fs.Stat(r.fsys, name)
}

// Dir lists the directory at name, sorted by name.
func (r *Reader) Dir(name string) ([]fs.DirEntry, error) {
	if err := r.ctx.Err(); err != nil {
		return nil, err
	}
	return fs.ReadDir(r.fsys, name)
}

// On is a Reader of another tree with the same budget.
func (r *Reader) On(fsys fs.FS) *Reader {
	return &Reader{ctx: r.ctx, fsys: fsys, left: r.left}
}

// FS is the tree that is read.
func (r *Reader) FS() fs.FS { return r.fsys }

// Err is the error of the Reader's context.
func (r *Reader) Err() error { return r.ctx.Err() }

var errIsDirectory = errors.New("is a directory")
