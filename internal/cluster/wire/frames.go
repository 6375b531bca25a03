package wire

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/internal/jsonobject"
)

// Event is one of a watch.
type Event struct {
	Type string
	Meta Meta
	// Body is nil where nobody wants it.
	Body map[string]any
	// Status is set in an event of type ERROR.
	Status metav1.Status
}

// maxEvent bounds one event, in bytes. etcd takes objects of 1.5 MiB.
const maxEvent = 64 << 20

// readSize and maxKept are what each watch holds to read with: there is one for each of
// perhaps two hundred kinds. maxKept is the largest memory for an event that is kept for
// the next.
const (
	readSize = 4 << 10
	maxKept  = 16 << 10
)

// Frames are the events of a stream. The API server ends each with a line break and writes
// none within, so that the end of one is found without decoding it; an event that does not
// end with its line, as no API server is known to write it, is read on.
type Frames struct {
	in   *bufio.Reader
	line []byte
}

// NewFrames reads the events of a stream.
func NewFrames(stream io.Reader) *Frames {
	return &Frames{in: bufio.NewReaderSize(stream, readSize)}
}

// Next is the next event, with its body if that is wanted by the metadata; nil wants none.
// The error is io.EOF at the end of the stream, even amid an event.
func (f *Frames) Next(wanted func(Meta) bool) (Event, error) {
	if f.line = f.line[:0]; cap(f.line) > maxKept {
		f.line = nil
	}
	for {
		err := f.read()
		if err == nil && len(bytes.TrimSpace(f.line)) == 0 {
			f.line = f.line[:0]
			continue
		}
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !ended || len(f.line) == 0 {
			return Event{}, err
		}
		e, bad := decodeEvent(f.line, wanted)
		switch {
		case bad == nil || !cutOff(f.line):
			return e, bad
		case ended:
			return Event{}, io.EOF
		}
	}
}

// read appends the next line.
func (f *Frames) read() error {
	for {
		part, err := f.in.ReadSlice('\n')
		f.line = append(f.line, part...)
		if len(f.line) > maxEvent {
			return fmt.Errorf("an event of a watch has more than %d MiB", maxEvent>>20)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// cutOff says whether b is the beginning of JSON and no more than that.
func cutOff(b []byte) bool {
	var v json.RawMessage
	err := json.NewDecoder(bytes.NewReader(b)).Decode(&v)
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF)
}

func decodeEvent(line []byte, wanted func(Meta) bool) (Event, error) {
	var e struct {
		Type   string  `json:"type"`
		Object partial `json:"object"`
	}
	if err := unmarshal(line, &e); err != nil {
		return Event{}, fmt.Errorf("an event of a watch: %w", err)
	}
	if e.Type == "ERROR" {
		return decodeError(line)
	}
	out := Event{Type: e.Type, Meta: e.Object.Metadata}
	if wanted == nil || !wanted(out.Meta) {
		return out, nil
	}
	whole, err := jsonobject.Decode(line)
	out.Body, _ = whole["object"].(map[string]any)
	return out, err
}

func decodeError(line []byte) (Event, error) {
	var e struct {
		Type   string        `json:"type"`
		Object metav1.Status `json:"object"`
	}
	err := json.Unmarshal(line, &e)
	return Event{Type: e.Type, Status: e.Object}, err
}
