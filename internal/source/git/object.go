package git

import (
	"encoding/hex"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"evenkeel.dev/internal/fault"
)

// oid is an object's id.
type oid [20]byte

func (o oid) String() string { return hex.EncodeToString(o[:]) }

func parseOID(s string) (oid, error) {
	var o oid
	if len(s) != 2*len(o) {
		return o, fault.New(fault.Broken, "%.64q is no object id", s)
	}
	if _, err := hex.Decode(o[:], []byte(s)); err != nil {
		return o, fault.New(fault.Broken, "%.64q is no object id", s)
	}
	return o, nil
}

// entry is one name in a tree, with Git's mode.
type entry struct {
	name string
	mode uint32
	oid  oid
}

// Git's modes, without the permissions.
const (
	typeMask      = 0o170000
	typeTree      = 0o040000
	typeFile      = 0o100000
	typeSymlink   = 0o120000
	typeSubmodule = 0o160000
)

func (e entry) kind() uint32 { return e.mode & typeMask }

// fsMode is the mode that the rest of the world knows. Nothing can be written;
// submodules are directories.
func (e entry) fsMode() fs.FileMode {
	switch e.kind() {
	case typeTree, typeSubmodule:
		return fs.ModeDir | 0o555
	case typeSymlink:
		return fs.ModeSymlink | 0o777
	}
	if e.mode&0o100 != 0 {
		return 0o555
	}
	return 0o444
}

// directory is a tree object: its entries by name.
type directory struct {
	entries []entry
}

func (d *directory) find(name string) (entry, bool) {
	i, ok := slices.BinarySearchFunc(d.entries, name, func(e entry, n string) int { return strings.Compare(e.name, n) })
	if !ok {
		return entry{}, false
	}
	return d.entries[i], true
}

// parseTree reads a tree object. Names that lead out of the directory, or that
// come twice, are nothing that git would have written.
func parseTree(data []byte) (*directory, error) {
	d := &directory{}
	text := string(data)
	for text != "" {
		mode, rest, ok := strings.Cut(text, " ")
		name, rest, ok2 := strings.Cut(rest, "\x00")
		m, err := strconv.ParseUint(mode, 8, 32)
		if !ok || !ok2 || err != nil || len(rest) < len(oid{}) {
			return nil, fault.New(fault.Broken, "malformed tree object")
		}
		if name == "" || name == "." || name == ".." || strings.Contains(name, "/") {
			return nil, fault.New(fault.Broken, "tree object with the impossible name %.64q", name)
		}
		e := entry{name: name, mode: uint32(m)}
		switch e.kind() {
		case typeTree, typeFile, typeSymlink, typeSubmodule:
		default:
			return nil, fault.New(fault.Broken, "%.64q has the unknown mode %o", name, m)
		}
		copy(e.oid[:], rest)
		d.entries = append(d.entries, e)
		text = rest[len(oid{}):]
	}
	// Git orders a directory as if its name ended in a slash.
	slices.SortFunc(d.entries, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	for i := 1; i < len(d.entries); i++ {
		if d.entries[i].name == d.entries[i-1].name {
			return nil, fault.New(fault.Broken, "tree object with the name %.64q twice", d.entries[i].name)
		}
	}
	return d, nil
}
