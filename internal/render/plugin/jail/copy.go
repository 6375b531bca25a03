package jail

import (
	"context"
	"io/fs"
	"os"
	"path"
	"path/filepath"

	"evenkeel.dev/internal/fault"
)

// copying lays a part of a tree into a directory. All that it looks at counts as read.
type copying struct {
	ctx   context.Context
	from  fs.FS
	modes bool  // keeps the bits of files that can be executed
	bytes int64 // that may still be written
	files int
}

// into copies the directory root of the tree to the same place below dir.
func (c *copying) into(dir, root string) error {
	to, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer to.Close() //nolint:errcheck // a directory
	if err := to.MkdirAll(filepath.FromSlash(root), private); err != nil {
		return err
	}
	return c.directory(to, root)
}

func (c *copying) directory(to *os.Root, name string) error {
	entries, err := fs.ReadDir(c.from, name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := c.ctx.Err(); err != nil {
			return context.Cause(c.ctx)
		}
		if err := c.count(name); err != nil {
			return err
		}
		if err := c.entry(to, path.Join(name, e.Name()), e.Type()); err != nil {
			return err
		}
	}
	return nil
}

func (c *copying) count(name string) error {
	if c.files--; c.files < 0 {
		return fault.New(fault.Broken, "%s: there are more files than a plugin may have; "+
			"reposerver.plugin.use.manifest.generate.paths and the annotation argocd.argoproj.io/manifest-generate-paths give it a part of the repository", name)
	}
	return nil
}

func (c *copying) entry(to *os.Root, name string, kind fs.FileMode) error {
	switch {
	case kind.IsDir():
		if err := to.Mkdir(filepath.FromSlash(name), private); err != nil {
			return err
		}
		return c.directory(to, name)
	case kind&fs.ModeSymlink != 0:
		return c.link(to, name)
	case kind.IsRegular():
		return c.file(to, name)
	}
	return nil
}

// link copies a symbolic link that leads to a place inside of the tree. Others are left
// out: in the jail they would lead to nothing.
func (c *copying) link(to *os.Root, name string) error {
	target, err := fs.ReadLink(c.from, name)
	if err != nil {
		return err
	}
	if path.IsAbs(target) || !fs.ValidPath(path.Join(path.Dir(name), target)) {
		return nil
	}
	return to.Symlink(filepath.FromSlash(target), filepath.FromSlash(name))
}

func (c *copying) file(to *os.Root, name string) error {
	content, err := fs.ReadFile(c.from, name)
	if err != nil {
		return err
	}
	if c.bytes -= int64(len(content)); c.bytes < 0 {
		return fault.New(fault.Broken, "%s: the files are larger than what a plugin may have; "+
			"reposerver.plugin.use.manifest.generate.paths and the annotation argocd.argoproj.io/manifest-generate-paths give it a part of the repository", name)
	}
	mode := fs.FileMode(0o600)
	if c.modes {
		info, err := fs.Lstat(c.from, name)
		if err != nil {
			return err
		}
		mode |= info.Mode() & 0o100
	}
	return to.WriteFile(filepath.FromSlash(name), content, mode)
}
