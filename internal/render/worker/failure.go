package worker

import (
	"errors"
	"io/fs"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/tree"
)

// newFailure is err for the other side, whole.
func newFailure(err error) *failure {
	f := &failure{Missing: errors.Is(err, fs.ErrNotExist), Text: fault.Whole(err)}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		f.Kind = &known.Kind
	}
	return f
}

// err is the error that newFailure was made of, as far as anyone looks at it. Its text is
// cleaned again: the other side is not trusted.
func (f *failure) err(name string) error {
	switch {
	case f.Missing:
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case f.Kind != nil:
		return tree.Failure(*f.Kind, f.Text)
	}
	return errors.New(tree.Clean(f.Text))
}
