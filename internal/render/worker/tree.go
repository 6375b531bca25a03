package worker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"time"

	"evenkeel.dev/internal/filetree"
	"evenkeel.dev/internal/render/trace"
)

// caller asks the parent, one question at a time.
type caller struct {
	*pipe
	// broken is why the parent cannot be asked any more.
	broken error
	// used is what was looked at of what the parent has shipped.
	used []use
}

// call sends a frame and reads its answer, which has to be of the kind want.
func (c *caller) call(k kind, question any, want kind) ([]byte, *failure, error) {
	if c.broken != nil {
		return nil, nil, c.broken
	}
	if err := c.sendJSON(k, question); err != nil {
		c.broken = err
		return nil, nil, err
	}
	answered, payload, err := c.receive()
	if err == nil && answered == refuses {
		f := &failure{}
		if err = json.Unmarshal(payload, f); err == nil {
			return nil, f, nil
		}
	}
	if err == nil && answered != want {
		err = fmt.Errorf("the parent answers %q with %q", k, answered)
	}
	c.broken = err
	return payload, nil, err
}

// treeFS is a tree of the parent's. Its trees do not change, so each question about
// a name is asked once, except for the content of what is not small, and none that a
// shipment has answered. It is for one goroutine.
type treeFS struct {
	c      *caller
	number int
	stats  map[string]statted
	lists  map[string]listed
	// names are all names of all lists.
	names map[string]struct{}
	small map[string][]byte
	room  int // for more in small
	seen  map[use]struct{}
}

// maxSmall bounds the content that a treeFS keeps.
const maxSmall = 16 << 20

type statted struct {
	info info
	err  error
}

type listed struct {
	entries []fs.DirEntry
	err     error
}

func newTreeFS(c *caller, number int) *treeFS {
	return &treeFS{
		c: c, number: number, stats: map[string]statted{}, lists: map[string]listed{}, names: map[string]struct{}{},
		small: map[string][]byte{}, room: maxSmall, seen: map[use]struct{}{},
	}
}

func (t *treeFS) ask(o op, name string, want kind) ([]byte, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: string(o), Path: name, Err: fs.ErrInvalid}
	}
	payload, f, err := t.c.call(asks, ask{Tree: t.number, Op: o, Name: name}, want)
	if f != nil {
		return nil, f.err(name)
	}
	return payload, err
}

// expect takes a shipment that was not asked for.
func (t *treeFS) expect() error {
	k, payload, err := t.c.receive()
	if err == nil && k != ships {
		err = fmt.Errorf("a frame %q in the place of a shipment", k)
	}
	if err != nil {
		return err
	}
	_, err = t.unload(payload)
	return err
}

// unload keeps what was shipped.
func (t *treeFS) unload(payload []byte) ([]item, error) {
	items, err := unpack(payload)
	if err != nil {
		return nil, err
	}
	for _, i := range items {
		dir := path.Dir(i.name)
		if l, ok := t.lists[dir]; ok && i.name != "." {
			if _, known := t.names[i.name]; !known { // else it is what was asked for
				l.entries = append(l.entries, entry{info: info{Base: path.Base(i.name), Bits: i.mode}, in: t, dir: dir})
				t.lists[dir] = l
				t.names[i.name] = struct{}{}
			}
		}
		switch {
		case !i.known:
			continue
		case i.mode.IsDir() && i.whole:
			if _, known := t.lists[i.name]; !known {
				t.lists[i.name] = listed{}
			}
		case i.whole && len(i.content) <= t.room:
			t.room -= len(i.content)
			t.small[i.name] = i.content
		}
		if !i.mode.IsDir() || i.whole { // a directory that is not here is asked for, and then is
			t.stats[i.name] = statted{info: info{Base: path.Base(i.name), Bits: i.mode}}
		}
	}
	return items, nil
}

// use notes that what was shipped has answered a question, which it may not have to.
func (t *treeFS) use(name string, q trace.Question) {
	u := use{Tree: t.number, Name: name, Question: q}
	if _, known := t.seen[u]; !known && fs.ValidPath(name) {
		t.seen[u] = struct{}{}
		t.c.used = append(t.c.used, u)
	}
}

// ReadFile is the content of a file.
func (t *treeFS) ReadFile(name string) ([]byte, error) {
	if content, ok := t.small[name]; ok {
		t.use(name, trace.Content)
		return bytes.Clone(content), nil
	}
	return t.ask(opRead, name, gives)
}

// size is the length of a file, whose content comes along if it is small.
func (t *treeFS) size(name string) (int64, error) {
	if content, ok := t.small[name]; ok {
		t.use(name, trace.Content)
		return int64(len(content)), nil
	}
	payload, err := t.ask(opSize, name, sizes)
	if err != nil {
		return 0, err
	}
	n, content, whole, err := readSize(payload)
	if whole && len(content) <= t.room {
		t.room -= len(content)
		t.small[name] = content
	}
	return n, err
}

// Stat describes what lies at name.
func (t *treeFS) Stat(name string) (fs.FileInfo, error) {
	s, known := t.stats[name]
	if !known {
		s = t.look(name)
		t.stats[name] = s
	} else {
		t.use(name, trace.Type)
	}
	if s.err != nil {
		return nil, s.err
	}
	return metadata{info: s.info, in: t, name: name}, nil
}

// look finds out what lies at name, about which nothing has been shipped.
func (t *treeFS) look(name string) statted {
	_, listed := t.lists[path.Dir(name)]
	if _, there := t.names[name]; listed && !there && name != "." && fs.ValidPath(name) {
		t.use(name, trace.Type)
		return statted{err: &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}}
	}
	payload, err := t.ask(opStat, name, ships)
	if err != nil {
		return statted{err: err}
	}
	items, err := t.unload(payload)
	if err == nil && (len(items) == 0 || items[0].name != name) {
		err = errShipment
	}
	if err != nil {
		return statted{err: err}
	}
	return statted{info: info{Base: path.Base(name), Bits: items[0].mode}}
}

// ReadDir lists a directory.
func (t *treeFS) ReadDir(name string) ([]fs.DirEntry, error) {
	if l, known := t.lists[name]; known {
		t.use(name, trace.Listing)
		return l.entries, l.err
	}
	var l listed
	var infos []info
	payload, err := t.ask(opList, name, lists)
	if err == nil {
		err = json.Unmarshal(payload, &infos)
	}
	for _, i := range infos {
		l.entries = append(l.entries, entry{info: i, in: t, dir: name})
		t.names[path.Join(name, i.Base)] = struct{}{}
	}
	if l.err = err; err == nil {
		t.lists[name] = l
	}
	return l.entries, l.err
}

// Open opens a file or a directory.
func (t *treeFS) Open(name string) (fs.File, error) {
	i, err := t.Stat(name)
	if err != nil {
		return nil, err
	}
	if i.IsDir() {
		entries, err := t.ReadDir(name)
		return filetree.OpenDirectory(i, entries), err
	}
	content, err := t.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return &file{Reader: bytes.NewReader(content), info: i}, nil
}

// metadata describes what lies at a name. Its size is asked for when somebody wants it.
type metadata struct {
	info info
	in   *treeFS
	name string
}

func (m metadata) Name() string       { return m.info.Base }
func (m metadata) Mode() fs.FileMode  { return m.info.Bits }
func (m metadata) ModTime() time.Time { return time.Time{} }
func (m metadata) IsDir() bool        { return m.info.Bits.IsDir() }
func (m metadata) Sys() any           { return nil }

// Size is the file's length in bytes; 0 if the parent cannot tell it, in which case it
// cannot give the content either.
func (m metadata) Size() int64 {
	n, err := m.in.size(m.name)
	if err != nil {
		return 0
	}
	return n
}

// entry is a directory's entry. What Info says beyond name and type is asked for.
type entry struct {
	info
	in  *treeFS
	dir string
}

func (e entry) Name() string               { return e.Base }
func (e entry) IsDir() bool                { return e.Bits.IsDir() }
func (e entry) Type() fs.FileMode          { return e.Bits.Type() }
func (e entry) Info() (fs.FileInfo, error) { return e.in.Stat(path.Join(e.dir, e.Base)) }

type file struct {
	*bytes.Reader
	info fs.FileInfo
}

func (f *file) Stat() (fs.FileInfo, error) { return f.info, nil }
func (f *file) Close() error               { return nil }
