package kustomize

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"

	"sigs.k8s.io/kustomize/kyaml/filesys"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/manifest"
	"evenkeel.dev/internal/render/tree"
)

var errReadOnly = errors.New("the repository is read-only")

// view shows the tree to Kustomize as a file system whose root is the
// repository's, with the files of an overlay in the place of its own, and with what
// was fetched at paths of its own.
type view struct {
	files     *tree.Reader
	overlay   map[string][]byte
	mounts    *mounts
	inspector inspector
	// read is how many kustomizations were read.
	read int
	// err is the first error that Kustomize must not explain away: it goes on to
	// try other names when a file cannot be read.
	err error
}

// maxKustomizations bounds bases that fan out: two of which each uses the next
// two under other names, ten times over, are a thousand, and take Kustomize ten
// seconds.
const maxKustomizations = 1000

func newView(m *mounts, overlay map[string][]byte) *view {
	v := &view{files: m.files, overlay: overlay, mounts: m}
	v.inspector = inspector{mounts: m, read: v.content, isDir: func(s spot) bool { dir, ok := v.look(s); return ok && dir }}
	return v
}

// rooted is a tree path as Kustomize sees it.
func rooted(name string) string { return path.Join("/", name) }

// treePath is what Kustomize calls p. Kustomize joins and cleans paths itself;
// what would climb out was refused by the inspector, which sees them as written.
func treePath(p string) string {
	p = path.Clean("/" + p)[1:]
	if p == "" {
		return "."
	}
	return p
}

func (v *view) content(s spot) ([]byte, error) {
	if s.mount == nil {
		if data, ok := v.overlay[s.name]; ok {
			return data, nil
		}
		return v.files.File(s.name)
	}
	if s.mount.files != nil {
		return s.mount.files.File(s.name)
	}
	if data, ok := s.mount.made[s.name]; ok {
		return data, nil
	}
	return nil, &fs.PathError{Op: "open", Path: s.String(), Err: fs.ErrNotExist}
}

// ReadFile is the content of a file; a kustomization's only if it is harmless, and
// as it has to be for Kustomize to find what it names.
func (v *view) ReadFile(p string) ([]byte, error) {
	s, err := v.mounts.at(p)
	if err != nil {
		return nil, err
	}
	data, err := v.content(s)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !v.IsDir(p) {
			v.fail(err)
		}
		return nil, err
	}
	if s.mount != nil && s.mount.made != nil {
		return data, nil
	}
	// Kustomize expands aliases without bound.
	if err := manifest.CheckAliases(s.String(), data); err != nil {
		v.fail(err)
		return nil, err
	}
	names := FileNames()
	if !slices.Contains(names[:], path.Base(s.name)) {
		return data, nil
	}
	if v.read++; v.read > maxKustomizations {
		err = fault.New(fault.Broken, "%s: more than %d kustomizations in one build", s, maxKustomizations)
	} else {
		data, err = v.inspector.kustomization(s, data)
	}
	if err != nil {
		v.fail(err)
		return nil, err
	}
	return data, nil
}

func (v *view) fail(err error) {
	if v.err == nil {
		v.err = err
	}
}

// look says whether there is something at s, and whether that is a directory.
func (v *view) look(s spot) (dir, ok bool) {
	files := v.files
	if s.mount != nil {
		files = s.mount.files
	}
	if files == nil {
		_, ok = s.mount.made[s.name]
		return s.name == ".", ok || s.name == "."
	}
	info, err := files.Stat(s.name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.fail(err)
		}
		return false, false
	}
	return info.IsDir(), true
}

// IsDir says whether p is a directory.
func (v *view) IsDir(p string) bool {
	s, err := v.mounts.at(p)
	if err != nil {
		return false
	}
	dir, ok := v.look(s)
	return ok && dir
}

// Exists says whether there is anything at p.
func (v *view) Exists(p string) bool {
	s, err := v.mounts.at(p)
	if err != nil {
		return false
	}
	_, ok := v.look(s)
	return ok
}

// ReadDir is not used by builds.
func (v *view) ReadDir(p string) ([]string, error) {
	return nil, fmt.Errorf("readdir %s: %w", p, errors.ErrUnsupported)
}

// CleanedAbs splits p into its directory and its file, which is empty if p is a
// directory.
func (v *view) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	abs := rooted(treePath(p))
	s, err := v.mounts.at(p)
	if err != nil {
		return "", "", err
	}
	dir, ok := v.look(s)
	switch {
	case !ok:
		return "", "", &fs.PathError{Op: "open", Path: abs, Err: fs.ErrNotExist}
	case dir:
		return filesys.ConfirmedDir(v.mounts.root(p)), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(abs)), path.Base(abs), nil
}

// Glob is not used by builds.
func (v *view) Glob(pattern string) ([]string, error) {
	return nil, fmt.Errorf("glob %s: %w", pattern, errors.ErrUnsupported)
}

// Open is not used by builds.
func (v *view) Open(p string) (filesys.File, error) {
	return nil, fmt.Errorf("open %s: %w", p, errors.ErrUnsupported)
}

// Walk is not used by builds.
func (v *view) Walk(p string, _ filepath.WalkFunc) error {
	return fmt.Errorf("walk %s: %w", p, errors.ErrUnsupported)
}

// Create fails.
func (v *view) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir fails.
func (v *view) Mkdir(string) error { return errReadOnly }

// MkdirAll fails.
func (v *view) MkdirAll(string) error { return errReadOnly }

// RemoveAll fails.
func (v *view) RemoveAll(string) error { return errReadOnly }

// WriteFile fails.
func (v *view) WriteFile(string, []byte) error { return errReadOnly }
