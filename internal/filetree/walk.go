package filetree

import (
	"io/fs"
	"path"
	"strings"

	"evenkeel.dev/internal/fault"
)

// maxHops bounds the symbolic links of one path; Linux follows 40.
const maxHops = 32

// Node is a file, a directory or a symbolic link of a tree.
type Node[N any] interface {
	// Name is its name in its directory.
	Name() string
	IsDir() bool
	IsLink() bool
	// Child is an entry of a directory, to which way has led from the root. Without such an
	// entry ok is false.
	Child(way []N, name string) (child N, ok bool, err error)
	// Target is what a symbolic link holds; path is where the link lies, for errors.
	Target(path string) (string, error)
}

// Walk finds what name leads to from root, symbolic links followed, the last one only if
// follow. Tree is what to call the whole in errors, as "archive". All errors are of type
// *fs.PathError; a link that leads out of the tree, or to an absolute path, is
// fault.Broken.
func Walk[N Node[N]](root N, tree, op, name string, follow bool) (N, error) {
	fail := func(err error) (N, error) {
		var none N
		return none, &fs.PathError{Op: op, Path: name, Err: err}
	}
	if !fs.ValidPath(name) {
		return fail(fs.ErrInvalid)
	}
	way := []N{root}
	rest := steps(name, "")
	hops := 0
	for len(rest) > 0 {
		next := rest[0]
		rest = rest[1:]
		here := way[len(way)-1]
		switch {
		case !here.IsDir():
			return fail(fs.ErrNotExist)
		case next.name == "" || next.name == ".":
			continue
		case next.name == ".." && len(way) == 1:
			return fail(fault.New(fault.Broken, "symbolic link %s leads out of the %s", next.link, tree))
		case next.name == "..":
			way = way[:len(way)-1]
			continue
		}
		child, ok, err := here.Child(way, next.name)
		if err != nil {
			return fail(err)
		}
		if !ok {
			return fail(fs.ErrNotExist)
		}
		if !child.IsLink() || len(rest) == 0 && !follow {
			way = append(way, child)
			continue
		}
		link := Path(way, next.name)
		if hops++; hops > maxHops {
			return fail(fault.New(fault.Broken, "symbolic link %s: too many links, or a circle of them", link))
		}
		target, err := child.Target(link)
		if err != nil {
			return fail(err)
		}
		if strings.HasPrefix(target, "/") {
			return fail(fault.New(fault.Broken, "symbolic link %s leads to the absolute path %q; only links inside of the %s are followed", link, target, tree))
		}
		rest = append(steps(target, link), rest...)
	}
	return way[len(way)-1], nil
}

// Path is the path of a name in the directory to which way leads from the root.
func Path[N Node[N]](way []N, name string) string {
	parts := make([]string, 0, len(way))
	for _, n := range way[1:] {
		parts = append(parts, n.Name())
	}
	return path.Join(append(parts, name)...)
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
