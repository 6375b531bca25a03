package git

import (
	"bytes"
	"encoding/hex"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

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

// CommitInfo is what people know a commit by. The texts are valid UTF-8 without
// control characters.
type CommitInfo struct {
	Author string
	Email  string
	// Date is when the author made the change.
	Date time.Time
	// Subject is the first line of the message.
	Subject string
}

// parseCommit reads a commit object.
func parseCommit(data []byte) (CommitInfo, error) {
	head, message, _ := bytes.Cut(data, []byte("\n\n"))
	for line := range bytes.Lines(head) {
		author, ok := strings.CutPrefix(strings.TrimSuffix(string(line), "\n"), "author ")
		if !ok {
			continue
		}
		info := parseAuthor(author)
		subject, _, _ := strings.Cut(strings.TrimLeft(string(message), "\n"), "\n")
		info.Subject = clean(subject)
		return info, nil
	}
	return CommitInfo{}, fault.New(fault.Broken, "commit without an author")
}

// parseAuthor reads "Name <email> 1700000000 +0100". What is missing or
// malformed, as in histories that were imported, stays empty.
func parseAuthor(s string) CommitInfo {
	name, rest, _ := strings.Cut(s, "<")
	end := strings.LastIndex(rest, ">")
	if end < 0 {
		return CommitInfo{Author: clean(name)}
	}
	info := CommitInfo{Author: clean(name), Email: clean(rest[:end])}
	fields := strings.Fields(rest[end+1:])
	if len(fields) == 0 {
		return info
	}
	seconds, err := strconv.ParseInt(fields[0], 10, 64)
	// Later than the year 9999 no time can be marshalled.
	if err != nil || seconds < 0 || seconds > 253_402_300_799 {
		return info
	}
	info.Date = time.Unix(seconds, 0).UTC()
	if len(fields) > 1 {
		info.Date = info.Date.In(zone(fields[1]))
	}
	return info
}

func zone(s string) *time.Location {
	n, err := strconv.Atoi(s)
	if err != nil || len(s) != 5 || n < -1400 || n > 1400 {
		return time.UTC
	}
	return time.FixedZone("", (n/100*60+n%100)*60)
}

func clean(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�")))
}
