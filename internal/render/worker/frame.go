package worker

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render"
	"evenkeel.dev/internal/render/remote"
)

// kind is the first byte of a frame. Four bytes of length and the payload follow.
type kind byte

// What the child says.
const (
	saysHello kind = 'h' // hello: the jail is shut, or why not
	asks      kind = 'a' // ask: something of a tree
	wants     kind = 'w' // remote.Want
	runs      kind = 'p' // plugin.Job: a plugin is needed
	makes     kind = 'o' // an object, as JSON
	ends      kind = 'e' // end: there are no more objects
)

// What the parent says.
const (
	renders kind = 'r' // job; a shipment follows
	gives   kind = 'd' // the content of a file, or what a plugin wrote
	ships   kind = 'i' // a shipment: what lies at a name, and what may be asked for next
	lists   kind = 'l' // []info
	sizes   kind = 's' // eight bytes of length, and the content of a file that is small
	got     kind = 'g' // answer to a want
	refuses kind = 'x' // failure: instead of what was asked or wanted
)

const headerSize = 5

// hello is the first frame of a child.
type hello struct {
	// Open is why the jail is not shut; empty if it is.
	Open string `json:"open,omitempty"`
}

// job is a render.Request without its trees.
type job struct {
	Request render.Request `json:"request"`
	// Refs are the names of its other trees: number 1 is Refs[0], and 0 is FS.
	Refs []string `json:"refs,omitempty"`
	// SameAPIs says that the request's APIVersions are those of the job before: there are
	// hundreds.
	SameAPIs bool `json:"sameAPIs,omitempty"`
}

// op is a question about a name in a tree.
type op string

const (
	opRead op = "read"
	opStat op = "stat" // is answered by a shipment
	opSize op = "size"
	opList op = "list"
)

type ask struct {
	Tree int    `json:"tree"`
	Op   op     `json:"op"`
	Name string `json:"name"`
}

// maxInline is up to which size a file's content follows its length at once: whoever
// asks for that reads the file next.
const maxInline = 64 << 10

// sizeFrame is the payload of a frame of kind sizes; without content it is nil.
func sizeFrame(size int64, content []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(size)), content...) //nolint:gosec // a size
}

// readSize reads the payload of a frame of kind sizes; whole says that the content is there.
func readSize(payload []byte) (size int64, content []byte, whole bool, err error) {
	const length = 8
	if len(payload) < length {
		return 0, nil, false, fmt.Errorf("a size of %d bytes", len(payload))
	}
	size = int64(binary.LittleEndian.Uint64(payload)) //nolint:gosec // what was put in
	content = payload[length:]
	return size, content, int64(len(content)) == size, nil
}

// info is what a list says of a name.
type info struct {
	Base string      `json:"name"`
	Bits fs.FileMode `json:"mode,omitempty"`
}

// answer is a remote.Got whose tree has a number.
type answer struct {
	Tree    int    `json:"tree"`
	Digest  string `json:"digest"`
	Version string `json:"version"`
}

// failure is an error on its way through the pipe.
type failure struct {
	// Missing says that it is fs.ErrNotExist.
	Missing bool        `json:"missing,omitempty"`
	Kind    *fault.Kind `json:"kind,omitempty"`
	Text    string      `json:"text"`
}

// end is a render.Result without its objects, or an error.
type end struct {
	SourceType  string   `json:"sourceType,omitempty"`
	Warnings    []string `json:"warnings,omitempty"`
	Unsupported []string `json:"unsupported,omitempty"`
	Failure     *failure `json:"failure,omitempty"`
	// OfRevision and OfAPIVersions are those of render.Result.
	OfRevision    bool `json:"ofRevision,omitempty"`
	OfAPIVersions bool `json:"ofAPIVersions,omitempty"`
	// Used is what it looked at of what was shipped.
	Used []use `json:"used,omitempty"`
}

// pipe writes and reads frames. It is for one goroutine.
type pipe struct {
	r   *bufio.Reader
	w   *bufio.Writer
	max int64 // the longest payload that is read
}

func newPipe(r io.Reader, w io.Writer, limit int64) *pipe {
	const buffer = 32 << 10
	return &pipe{r: bufio.NewReaderSize(r, buffer), w: bufio.NewWriterSize(w, buffer), max: limit}
}

// send writes a frame and flushes it.
func (p *pipe) send(k kind, payload []byte) error {
	if err := p.put(k, payload); err != nil {
		return err
	}
	return p.w.Flush()
}

// put writes a frame that may wait for the next.
func (p *pipe) put(k kind, payload []byte) error {
	if int64(len(payload)) > p.max {
		return fmt.Errorf("a frame of %d bytes is too long", len(payload))
	}
	var header [headerSize]byte
	header[0] = byte(k)
	binary.LittleEndian.PutUint32(header[1:], uint32(len(payload))) //nolint:gosec // max is far below 4 GiB
	if _, err := p.w.Write(header[:]); err != nil {
		return err
	}
	_, err := p.w.Write(payload)
	return err
}

func (p *pipe) sendJSON(k kind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return p.send(k, b)
}

// receive reads a frame.
func (p *pipe) receive() (kind, []byte, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(p.r, header[:]); err != nil {
		return 0, nil, err
	}
	n := int64(binary.LittleEndian.Uint32(header[1:]))
	if n > p.max {
		return 0, nil, fmt.Errorf("a frame of %d bytes is too long", n)
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(p.r, payload); err != nil {
		return 0, nil, fmt.Errorf("a frame was cut off: %w", err)
	}
	return kind(header[0]), payload, nil
}

// wantOf is the remote.Want in a payload.
func wantOf(payload []byte) (remote.Want, error) {
	var w remote.Want
	err := json.Unmarshal(payload, &w)
	return w, err
}
