package stream

import (
	"errors"
	"net/http"
	"time"
)

// Writer writes Server-Sent Events, each flushed and within a time.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	timeout time.Duration
	buffer  []byte
}

// NewWriter begins an event stream as the answer to a request.
func NewWriter(w http.ResponseWriter, timeout time.Duration) *Writer {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	return &Writer{w: w, control: http.NewResponseController(w), timeout: timeout}
}

// Event writes one event. Data must be one line; an empty id or event is left out.
func (o *Writer) Event(id, event string, data []byte) error {
	b := o.buffer[:0]
	if id != "" {
		b = append(append(append(b, "id: "...), id...), '\n')
	}
	if event != "" {
		b = append(append(append(b, "event: "...), event...), '\n')
	}
	b = append(append(append(b, "data: "...), data...), "\n\n"...)
	o.buffer = b
	return Send(o.w, o.control, b, o.timeout)
}

// Comment writes a comment, which clients ignore.
func (o *Writer) Comment(text string) error {
	return Send(o.w, o.control, []byte(": "+text+"\n\n"), o.timeout)
}

// Send writes and flushes b, or fails when the client does not take it in time.
func Send(w http.ResponseWriter, c *http.ResponseController, b []byte, timeout time.Duration) error {
	if err := c.SetWriteDeadline(time.Now().Add(timeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	return c.Flush()
}
