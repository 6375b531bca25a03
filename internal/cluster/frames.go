package cluster

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// event is one of a watch. body is nil where only metadata is read, status set in an error.
type event struct {
	Type   string
	meta   meta
	body   map[string]any
	status metav1.Status
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

// frames are the events of a stream. The API server ends each with a line break and writes
// none within, so that the end of one is found without decoding it; an event that does not
// end with its line, as no API server is known to write it, is read on.
type frames struct {
	in   *bufio.Reader
	line []byte
}

func newFrames(stream io.Reader) *frames {
	return &frames{in: bufio.NewReaderSize(stream, readSize)}
}

// next is the next event. Its error is io.EOF at the end of the stream, even amid an event.
func (f *frames) next(full bool) (event, error) {
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
			return event{}, err
		}
		e, bad := decodeEvent(f.line, full)
		switch {
		case bad == nil || !cutOff(f.line):
			return e, bad
		case ended:
			return event{}, io.EOF
		}
	}
}

// read appends the next line.
func (f *frames) read() error {
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

// decodeEvent decodes an event once: all of it, or no more than the metadata.
func decodeEvent(line []byte, full bool) (event, error) {
	if full {
		return decodeBody(line)
	}
	var e struct {
		Type   string  `json:"type"`
		Object partial `json:"object"`
	}
	if err := json.Unmarshal(line, &e); err != nil {
		return event{}, err
	}
	if e.Type == "ERROR" {
		return decodeError(line)
	}
	return event{Type: e.Type, meta: e.Object.Metadata}, nil
}

func decodeBody(line []byte) (event, error) {
	var m map[string]any
	if err := utiljson.Unmarshal(line, &m); err != nil {
		return event{}, err
	}
	e := event{}
	if e.Type, _ = m["type"].(string); e.Type == "ERROR" {
		return decodeError(line)
	}
	if e.body, _ = m["object"].(map[string]any); e.body != nil {
		e.meta = metaOf(&unstructured.Unstructured{Object: e.body})
	}
	return e, nil
}

func decodeError(line []byte) (event, error) {
	var e struct {
		Type   string        `json:"type"`
		Object metav1.Status `json:"object"`
	}
	err := json.Unmarshal(line, &e)
	return event{Type: e.Type, status: e.Object}, err
}
