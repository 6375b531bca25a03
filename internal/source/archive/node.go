package archive

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"
)

// node is a file, directory or symbolic link.
type node struct {
	name string
	mode fs.FileMode
	oid  string
	// data is a file's content or a link's target.
	data string
	// children are of a directory, sorted by name once it is sealed.
	children []*node
	// byName finds children while the tree is being built.
	byName map[string]*node
}

const (
	fileMode       fs.FileMode = 0o644
	executableMode fs.FileMode = 0o755
	directoryMode              = fs.ModeDir | 0o755
	linkMode                   = fs.ModeSymlink | 0o777
)

func newDirectory(name string) *node {
	return &node{name: name, mode: directoryMode, byName: map[string]*node{}}
}

func (n *node) isLink() bool { return n.mode.Type() == fs.ModeSymlink }

// child is the entry of a sealed directory.
func (n *node) child(name string) (*node, bool) {
	i, ok := slices.BinarySearchFunc(n.children, name, func(c *node, name string) int { return cmp.Compare(c.name, name) })
	if !ok {
		return nil, false
	}
	return n.children[i], true
}

// seal sorts a directory, and all below it, and gives them their ids. A
// directory's id says everything about what lies below it.
func (n *node) seal() {
	if !n.mode.IsDir() {
		return
	}
	for _, c := range n.byName {
		c.seal()
		n.children = append(n.children, c)
	}
	n.byName = nil
	slices.SortFunc(n.children, func(a, b *node) int { return strings.Compare(a.name, b.name) })
	h := sha256.New()
	for _, c := range n.children {
		var head [8]byte
		binary.BigEndian.PutUint32(head[:], uint32(c.mode))
		binary.BigEndian.PutUint32(head[4:], uint32(len(c.name)))
		h.Write(head[:])
		h.Write([]byte(c.name + c.oid))
	}
	n.oid = formatID(h.Sum(nil))
}

func formatID(sum []byte) string { return "sha256:" + hex.EncodeToString(sum) }

func idOf(content string) string {
	sum := sha256.Sum256([]byte(content))
	return formatID(sum[:])
}
