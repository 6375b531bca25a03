package worker

import (
	"errors"
	"io/fs"

	"evenkeel.dev/internal/fault"
)

// newFailure is err for the other side.
func newFailure(err error) *failure {
	f := &failure{Missing: errors.Is(err, fs.ErrNotExist), Text: err.Error()}
	if known, ok := errors.AsType[*fault.Error](err); ok {
		f.Kind = &known.Kind
	}
	return f
}

// err is the error that newFailure was made of, as far as anyone looks at it.
func (f *failure) err(name string) error {
	switch {
	case f.Missing:
		return &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	case f.Kind != nil:
		return fault.New(*f.Kind, "%s", f.Text)
	}
	return errors.New(f.Text)
}
