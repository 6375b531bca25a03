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

// Name implements filetree.Node.
func (n *node) Name() string { return n.name }

// IsDir implements filetree.Node.
func (n *node) IsDir() bool { return n.mode.IsDir() }

// IsLink implements filetree.Node.
func (n *node) IsLink() bool { return n.mode.Type() == fs.ModeSymlink }

// Target implements filetree.Node. Links without a valid one are refused when an archive is read.
func (n *node) Target(string) (string, error) { return n.data, nil }

// Child implements filetree.Node, for a sealed directory.
func (n *node) Child(_ []*node, name string) (*node, bool, error) {
	i, ok := slices.BinarySearchFunc(n.children, name, func(c *node, name string) int { return cmp.Compare(c.name, name) })
	if !ok {
		return nil, false, nil
	}
	return n.children[i], true, nil
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
