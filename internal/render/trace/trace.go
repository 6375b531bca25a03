package trace

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Tree is an immutable file tree whose files have ids: equal ids, equal content.
type Tree interface {
	fs.FS
	// Lookup is the id and mode of what lies at name, symbolic links followed;
	// ok is false if nothing does.
	Lookup(name string) (oid string, mode fs.FileMode, ok bool, err error)
}

// Question is what was asked about a path.
type Question string

// The questions.
const (
	Content Question = "content" // a file was read
	Listing Question = "listing" // a directory was listed
	Type    Question = "type"    // it was looked at
	Link    Question = "link"    // it was looked where a symbolic link leads to
	Mode    Question = "mode"    // it was looked whether a file can be executed
)

// Entry is a question and its answer.
type Entry struct {
	Path     string   `json:"path"`
	Question Question `json:"question"`
	// Answer is an object id, a digest of names and types, or a type; empty if
	// there was nothing at Path.
	Answer string `json:"answer,omitempty"`
}

// ReadSet is what a rendering read, sorted by path and question, without doubles.
type ReadSet []Entry

// FS shows a Tree and records what is read of it. It is safe for concurrent use.
type FS struct {
	tree Tree

	mu   sync.Mutex
	seen map[asked]struct{}
	set  ReadSet
	err  error
}

type asked struct {
	name     string
	question Question
}

// New is an FS that shows tree and has recorded nothing.
func New(tree Tree) *FS { return &FS{tree: tree, seen: map[asked]struct{}{}} }

// ReadSet is what has been read so far. It fails if an answer could not be
// recorded; the rendering must then not be remembered.
func (f *FS) ReadSet() (ReadSet, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	set := slices.Clone(f.set)
	slices.SortFunc(set, func(a, b Entry) int {
		return cmp.Or(strings.Compare(a.Path, b.Path), strings.Compare(string(a.Question), string(b.Question)))
	})
	return set, nil
}

// Tree is what is shown.
func (f *FS) Tree() Tree { return f.tree }

// Replay records what somebody else read of the same tree.
func (f *FS) Replay(set ReadSet) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range set {
		key := asked{name: e.Path, question: e.Question}
		if _, known := f.seen[key]; !known {
			f.seen[key] = struct{}{}
			f.set = append(f.set, e)
		}
	}
}

// StillHolds says whether every question has the same answer in tree.
func (s ReadSet) StillHolds(tree Tree) (bool, error) {
	var at lookup
	for i, e := range s {
		if i == 0 || e.Path != s[i-1].Path { // they are sorted: what is asked of one path is asked together
			at = lookUp(tree, e.Path)
		}
		answer, err := at.ask(tree, e.Path, e.Question)
		if err != nil || answer != e.Answer {
			return false, err
		}
	}
	return true, nil
}

// Record notes that somebody has learned what lies at name in another way. The answer is
// the tree's.
func (f *FS) Record(name string, q Question) { f.record(name, q) }

// record asks the tree and keeps the answer. Each question is asked once, since
// the tree cannot change.
func (f *FS) record(name string, q Question) {
	f.mu.Lock()
	defer f.mu.Unlock()
	key := asked{name: name, question: q}
	if _, known := f.seen[key]; known {
		return
	}
	f.seen[key] = struct{}{}
	answer, err := lookUp(f.tree, name).ask(f.tree, name, q)
	if err != nil {
		f.err = errors.Join(f.err, err)
		return
	}
	f.set = append(f.set, Entry{Path: name, Question: q, Answer: answer})
}

// lookup is what Tree.Lookup says of a path.
type lookup struct {
	oid  string
	mode fs.FileMode
	ok   bool
	err  error
}

func lookUp(tree Tree, name string) lookup {
	var l lookup
	l.oid, l.mode, l.ok, l.err = tree.Lookup(name)
	return l
}

// ask is the answer to a question about the path that was looked up.
func (l lookup) ask(tree Tree, name string, q Question) (string, error) {
	if q == Link || q == Mode {
		return askItself(tree, name, q)
	}
	if l.err != nil || !l.ok {
		return "", l.err
	}
	switch {
	case q == Content && !l.mode.IsDir():
		return l.oid, nil
	case q == Listing && l.mode.IsDir():
		return listing(tree, name)
	}
	return typeOf(l.mode), nil
}

// askItself asks about what lies at name itself, which may be a symbolic link to
// nowhere.
func askItself(tree Tree, name string, q Question) (string, error) {
	if q == Link {
		target, err := fs.ReadLink(tree, name)
		if err != nil { // it is none any more, or gone
			return "", nil //nolint:nilerr // what it is now, its listing says
		}
		return "link:" + target, nil
	}
	info, err := fs.Lstat(tree, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return "mode:" + strconv.FormatUint(uint64(info.Mode()&(fs.ModeType|0o111)), 8), nil
}

// typeOf is a mode without permissions, which only a plugin looks at (Mode).
func typeOf(mode fs.FileMode) string {
	return "type:" + strconv.FormatUint(uint64(mode.Type()), 8)
}

// listing is a digest of the names and types in a directory.
func listing(tree Tree, name string) (string, error) {
	entries, err := fs.ReadDir(tree, name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	for _, e := range entries {
		h.Write([]byte(e.Name() + "\x00" + typeOf(e.Type()) + "\x00"))
	}
	return "names:" + hex.EncodeToString(h.Sum(nil)), nil
}

// Open opens a file or directory; which it was counts as read whole.
func (f *FS) Open(name string) (fs.File, error) {
	f.record(name, Content)
	f.record(name, Listing)
	f.record(name, Type)
	return f.tree.Open(name)
}

// ReadFile is the content of a file.
func (f *FS) ReadFile(name string) ([]byte, error) {
	f.record(name, Content)
	return fs.ReadFile(f.tree, name)
}

// ReadDir is the listing of a directory: names and types. What an entry's Info
// says beyond them is not recorded; no renderer asks for it.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.record(name, Listing)
	return fs.ReadDir(f.tree, name)
}

// ReadLink is where a symbolic link leads to.
func (f *FS) ReadLink(name string) (string, error) {
	f.record(name, Link)
	return fs.ReadLink(f.tree, name)
}

// Lstat describes what lies at name, which may be a symbolic link: its type and
// whether it can be executed are recorded.
func (f *FS) Lstat(name string) (fs.FileInfo, error) {
	f.record(name, Mode)
	return fs.Lstat(f.tree, name)
}

// Stat describes what lies at name. The size of a file depends on its content,
// so asking for it counts as reading.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.record(name, Type)
	info, err := fs.Stat(f.tree, name)
	if err != nil {
		return nil, err
	}
	return statted{FileInfo: info, fsys: f, name: name}, nil
}

// statted records the content when the size is asked for.
type statted struct {
	fs.FileInfo
	fsys *FS
	name string
}

// Size is the file's length in bytes.
func (s statted) Size() int64 {
	if !s.IsDir() {
		s.fsys.record(s.name, Content)
	}
	return s.FileInfo.Size()
}
