package worker

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"path"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/render/tree"
)

// What is shipped with a directory before anybody asks for it is bounded: the files of a
// chart or an overlay fit, those of a directory of directories are asked for.
const (
	maxShippedNames   = 64
	maxShippedFile    = 16 << 10
	maxShippedContent = 128 << 10
	// maxShippedAhead bounds it for a rendering.
	maxShippedAhead = 1 << 20
)

// item is a name in a shipment.
type item struct {
	name string // a tree path
	mode fs.FileMode
	// known says that mode is all that Stat would say; otherwise it is a type, and who
	// wants to know what is there has to ask.
	known bool
	// whole says that the content is here too; of a directory, that all that lies in it
	// is in the shipment, in order.
	whole   bool
	content []byte
}

// traced is a tree that notes what is read of it.
type traced interface {
	Tree() trace.Tree
	Record(name string, q trace.Question)
}

// distant is a tree of which something may have to be fetched for who reads it.
type distant interface{ Distant() bool }

// use is something of a shipment that was looked at.
type use struct {
	Tree     int            `json:"tree,omitempty"`
	Name     string         `json:"name"`
	Question trace.Question `json:"question"`
}

// shipment is what lies at name, and what is likely to be asked for next: the content of a
// small file; the names in a directory and below, and their content. Nothing is noted
// as read: the child says what it has used.
func (s *session) shipment(from fs.FS, name string) ([]byte, error) {
	if t, ok := from.(traced); ok {
		from = t.Tree()
	}
	info, err := fs.Stat(from, name)
	if err != nil {
		return nil, err
	}
	p := packer{from: from, left: min(maxShippedContent, maxShippedAhead-s.ahead)}
	if d, ok := from.(distant); ok && d.Distant() {
		p.left = 0
	}
	if p.left > 0 {
		p.names = maxShippedNames
	}
	p.add(name, info, maxInline)
	for len(p.dirs) > 0 {
		dir := p.dirs[0]
		p.dirs = p.dirs[1:]
		p.list(dir)
	}
	s.ahead += len(p.out)
	return p.out, nil
}

// maxValueFiles bounds the value files that come with a job.
const maxValueFiles = 16

// first is the shipment of what every rendering of a source looks into: its directory, and
// the value files that it names beside that. What is not there is left out, for the child
// to ask for.
func (s *session) first(from fs.FS, source *v1alpha1.ApplicationSource) []byte {
	dir, err := tree.Resolve("path", ".", source.Path)
	if err != nil {
		return nil
	}
	out, err := s.shipment(from, dir)
	if err != nil || source.Helm == nil {
		return out
	}
	for _, f := range source.Helm.ValueFiles[:min(len(source.Helm.ValueFiles), maxValueFiles)] {
		name, err := tree.ResolveRooted("valueFiles", dir, f)
		if err != nil || dir == "." || strings.HasPrefix(name, dir+"/") {
			continue
		}
		if file, err := s.shipment(from, name); err == nil {
			out = append(out, file...)
		}
	}
	return out
}

// packer makes a shipment.
type packer struct {
	from fs.FS
	// names and left are how many names, and how many bytes of content, may be added.
	names, left int
	// dirs are to be listed.
	dirs []packed
	out  []byte
}

// packed is a directory and where its item is.
type packed struct {
	name  string
	flags int
}

// add adds what lies at name, with its content if that is not longer than most.
func (p *packer) add(name string, info fs.FileInfo, most int64) {
	i := item{name: name, mode: info.Mode(), known: true}
	if n := info.Size(); p.left > 0 && i.mode.IsRegular() && n <= min(most, int64(p.left)) {
		content, err := fs.ReadFile(p.from, name)
		if err == nil && int64(len(content)) == n { // whoever asks for it is told what is wrong
			i.content, i.whole = content, true
			p.left -= len(content)
		}
	}
	flags := p.put(i)
	if info.IsDir() {
		p.dirs = append(p.dirs, packed{name, flags})
	}
}

// list adds what lies in a directory, if it is not too much.
func (p *packer) list(dir packed) {
	entries, err := fs.ReadDir(p.from, dir.name)
	if err != nil || len(entries) > p.names {
		return
	}
	p.names -= len(entries)
	p.out[dir.flags] |= flagWhole
	for _, e := range entries {
		name := path.Join(dir.name, e.Name())
		var info fs.FileInfo
		if e.Type()&fs.ModeSymlink == 0 && fs.ValidPath(name) {
			info, _ = e.Info() // whoever asks is told why
		}
		if info == nil {
			p.put(item{name: name, mode: e.Type()})
			continue
		}
		p.add(name, info, maxShippedFile)
	}
}

// The flags of an item in a shipment.
const (
	flagKnown = 1 << iota
	flagWhole
)

// put writes an item and is where its flags are.
func (p *packer) put(i item) int {
	p.out = binary.AppendUvarint(p.out, uint64(len(i.name)))
	p.out = append(p.out, i.name...)
	p.out = binary.AppendUvarint(p.out, uint64(i.mode))
	at := len(p.out)
	flags := byte(0)
	if i.known {
		flags |= flagKnown
	}
	if i.whole {
		flags |= flagWhole
	}
	p.out = append(p.out, flags)
	p.out = binary.AppendUvarint(p.out, uint64(len(i.content)))
	p.out = append(p.out, i.content...)
	return at
}

var errShipment = errors.New("a broken shipment")

// unpack reads a shipment. The contents are parts of b.
func unpack(b []byte) ([]item, error) {
	var items []item
	bytes := func() []byte {
		n, size := binary.Uvarint(b)
		if size <= 0 || n > uint64(len(b)-size) {
			b = nil
			return nil
		}
		out := b[size : size+int(n)] //nolint:gosec // not longer than b
		b = b[size+int(n):]          //nolint:gosec // not longer than b
		return out
	}
	for len(b) > 0 {
		i := item{name: string(bytes())}
		mode, size := binary.Uvarint(b)
		if size <= 0 || size == len(b) || i.name == "" {
			return nil, errShipment
		}
		i.mode = fs.FileMode(mode) //nolint:gosec // what was put in
		i.known, i.whole = b[size]&flagKnown != 0, b[size]&flagWhole != 0
		b = b[size+1:]
		before := len(b)
		i.content = bytes()
		if before == 0 || i.content == nil {
			return nil, errShipment
		}
		items = append(items, i)
	}
	return items, nil
}
