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
// repository's, with the files of an overlay in the place of its own.
type view struct {
	files     *tree.Reader
	overlay   map[string][]byte
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

func newView(files *tree.Reader, overlay map[string][]byte) *view {
	v := &view{files: files, overlay: overlay}
	v.inspector.read = v.content
	v.inspector.isDir = func(name string) bool { return v.IsDir(rooted(name)) }
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

func (v *view) content(name string) ([]byte, error) {
	if data, ok := v.overlay[name]; ok {
		return data, nil
	}
	return v.files.File(name)
}

// ReadFile is the content of a file; a kustomization's only if it is harmless.
func (v *view) ReadFile(p string) ([]byte, error) {
	name := treePath(p)
	data, err := v.content(name)
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) && !v.IsDir(p) {
			v.fail(err)
		}
		return nil, err
	}
	// Kustomize expands aliases without bound.
	if err := manifest.CheckAliases(name, data); err != nil {
		v.fail(err)
		return nil, err
	}
	names := FileNames()
	if !slices.Contains(names[:], path.Base(name)) {
		return data, nil
	}
	if v.read++; v.read > maxKustomizations {
		err = fault.New(fault.Broken, "%s: more than %d kustomizations in one build", name, maxKustomizations)
	} else {
		err = v.inspector.kustomization(name, data)
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

func (v *view) stat(p string) fs.FileInfo {
	info, err := v.files.Stat(treePath(p))
	if err != nil {
		if !errors.Is(err, fs.ErrNotExist) {
			v.fail(err)
		}
		return nil
	}
	return info
}

// IsDir says whether p is a directory.
func (v *view) IsDir(p string) bool {
	info := v.stat(p)
	return info != nil && info.IsDir()
}

// Exists says whether there is anything at p.
func (v *view) Exists(p string) bool { return v.stat(p) != nil }

// ReadDir is the names in a directory.
func (v *view) ReadDir(p string) ([]string, error) {
	entries, err := v.files.Dir(treePath(p))
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names, err
}

// CleanedAbs splits p into its directory and its file, which is empty if p is a
// directory.
func (v *view) CleanedAbs(p string) (filesys.ConfirmedDir, string, error) {
	abs := rooted(treePath(p))
	info := v.stat(abs)
	switch {
	case info == nil:
		return "", "", &fs.PathError{Op: "open", Path: abs, Err: fs.ErrNotExist}
	case info.IsDir():
		return filesys.ConfirmedDir(abs), "", nil
	}
	return filesys.ConfirmedDir(path.Dir(abs)), path.Base(abs), nil
}

// Glob is the paths that match pattern.
func (v *view) Glob(pattern string) ([]string, error) {
	matches, err := v.files.Glob(treePath(pattern))
	for i, m := range matches {
		matches[i] = rooted(m)
	}
	return matches, err
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
