package filetree_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/filetree"
)

// node is a node of a tree in memory; a link has a target, a directory children.
type node struct {
	name, target string
	children     map[string]*node
}

func (n *node) Name() string                  { return n.name }
func (n *node) IsDir() bool                   { return n.children != nil }
func (n *node) IsLink() bool                  { return n.target != "" }
func (n *node) Target(string) (string, error) { return n.target, nil }
func (n *node) Child(_ []*node, name string) (*node, bool, error) {
	child, ok := n.children[name]
	return child, ok, nil
}

func newTree() *node { return &node{name: ".", children: map[string]*node{}} }

// put adds a node, and the directories above it, unless something is in its way.
func (n *node) put(path string, as node) {
	dir, rest, more := strings.Cut(path, "/")
	at, there := n.children[dir]
	switch {
	case !more && !there:
		as.name = dir
		n.children[dir] = &as
	case more && !there:
		at = &node{name: dir, children: map[string]*node{}}
		n.children[dir] = at
		fallthrough
	case more && at.IsDir():
		at.put(rest, as)
	}
}

// write writes a tree to a disk.
func (n *node) write(t fatal, path string) {
	var err error
	switch {
	case n.IsLink():
		err = os.Symlink(n.target, path)
	case n.IsDir():
		err = os.Mkdir(path, 0o755)
	default:
		err = os.WriteFile(path, nil, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range n.children {
		c.write(t, filepath.Join(path, name))
	}
}

type fatal interface{ Fatal(args ...any) }

// TestAsTheKernel: what is found is what Go's os.Root finds in the same tree on a disk, and
// nothing where that finds nothing or would leave the tree.
func TestAsTheKernel(t *testing.T) {
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		// With two links whose targets have two names no path takes more links than os.Root
		// follows, but for circles.
		name := rapid.SampledFrom([]string{"a", "b", "l", "m"})
		path := rapid.Map(rapid.SliceOfN(name, 1, 2), func(s []string) string { return strings.Join(s, "/") })
		target := rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "l", "m", "..", ".", ""}), 1, 2), func(s []string) string {
			return strings.Join(append([]string{"."}, s...), "/")
		})
		tree := newTree()
		for range 2 {
			tree.put(path.Draw(t, "link"), node{target: target.Draw(t, "target")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "files") {
			tree.put(path.Draw(t, "file"), node{})
		}
		n++
		on := filepath.Join(dir, strconv.Itoa(n))
		tree.write(t, on)
		root, err := os.OpenRoot(on)
		if err != nil {
			t.Fatal(err)
		}
		defer root.Close()
		asked := path.Draw(t, "path")
		follow := rapid.Bool().Draw(t, "follow")
		look := root.Lstat
		if follow {
			look = root.Stat
		}
		want, wantErr := look(asked)
		got, err := filetree.Walk(tree, "tree", "open", asked, follow)
		switch {
		case (err == nil) != (wantErr == nil):
			t.Fatalf("%s: %v, os.Root says %v", asked, err, wantErr)
		case err == nil && (got.IsDir() != want.IsDir() || got.IsLink() != (want.Mode().Type() == fs.ModeSymlink)):
			t.Fatalf("%s: another thing than os.Root finds", asked)
		}
	})
}

func TestLinks(t *testing.T) {
	tree := newTree()
	for path, target := range map[string]string{
		"out": "../x", "deep/out": "../../x", "root": "/etc/passwd", "circle": "circle", "deep/in": "../file", "deep/slash": "../file/", "deep/through": "../file/../file",
	} {
		tree.put(path, node{target: target})
	}
	tree.put("file", node{})
	tests := map[string]string{
		"deep/in":      "",
		"out":          `open out: symbolic link out leads out of the archive`,
		"deep/out":     `open deep/out: symbolic link deep/out leads out of the archive`,
		"root":         `open root: symbolic link root leads to the absolute path "/etc/passwd"; only links inside of the archive are followed`,
		"circle":       `open circle: symbolic link circle: too many links, or a circle of them`,
		"deep/slash":   "open deep/slash: file does not exist",
		"deep/through": "open deep/through: file does not exist",
		"none":         "open none: file does not exist",
		"file/x":       "open file/x: file does not exist",
		"../x":         "open ../x: invalid argument",
		"/file":        "open /file: invalid argument",
	}
	for name, want := range tests {
		t.Run(strings.ReplaceAll(name, "/", "_"), func(t *testing.T) {
			_, err := filetree.Walk(tree, "archive", "open", name, true)
			if err == nil && want != "" || err != nil && err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			if strings.Contains(want, "symbolic") && fault.KindOf(err) != fault.Broken {
				t.Errorf("it is %v", fault.KindOf(err))
			}
		})
	}
}

func TestDirectory(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	d := filetree.OpenDirectory(info, entries)
	if got, err := d.ReadDir(2); len(got) != 2 || err != nil {
		t.Errorf("the first two: %v, %v", got, err)
	}
	if got, err := d.ReadDir(-1); len(got) != 1 || err != nil {
		t.Errorf("the rest: %v, %v", got, err)
	}
	if _, err := d.ReadDir(1); err == nil {
		t.Error("there is no end")
	}
	if _, err := d.Read(make([]byte, 1)); !errors.As(err, new(*fs.PathError)) {
		t.Errorf("a directory is read: %v", err)
	}
}
