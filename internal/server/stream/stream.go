package stream

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// maxTopics bounds the topics of one connection.
const maxTopics = 16

// Options of a Handler.
type Options struct {
	// Store is where the data comes from.
	Store *view.Store
	// Heartbeat is the time between comments; 0 means 15 s.
	Heartbeat time.Duration
	// WriteTimeout is how long a client may take for one write; 0 means 30 s.
	WriteTimeout time.Duration
	// MaxStreams is how many connections may be open at a time; 0 means 256.
	MaxStreams int
	// Fail answers a request that is refused.
	Fail func(http.ResponseWriter, *http.Request, error)
}

// Handler serves GET ?topics=a,b as a stream.
type Handler struct {
	options Options
	slots   chan struct{}
}

// New makes a Handler.
func New(o Options) *Handler {
	o.Heartbeat = cmp.Or(o.Heartbeat, 15*time.Second)
	o.WriteTimeout = cmp.Or(o.WriteTimeout, 30*time.Second)
	return &Handler{options: o, slots: make(chan struct{}, cmp.Or(o.MaxStreams, 256))}
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	good, bad, err := topics(r)
	if err != nil {
		h.options.Fail(w, r, err)
		return
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	default:
		h.options.Fail(w, r, fault.New(fault.Unavailable, "too many open streams: %d", cap(h.slots)))
		return
	}
	sub := h.options.Store.Subscribe(r.Context(), good, r.Header.Get("Last-Event-ID"))
	defer sub.Close()
	out := NewWriter(w, h.options.WriteTimeout)
	for _, p := range bad {
		if err := out.Event("", "error", encodeProblem(p)); err != nil {
			return
		}
	}
	h.pump(r.Context(), sub, out)
}

// pump sends messages and heartbeats until either end is gone.
func (h *Handler) pump(ctx context.Context, sub *view.Subscription, out *Writer) {
	if err := out.Comment("ready"); err != nil {
		return
	}
	var data []byte
	beat := time.Now().Add(h.options.Heartbeat)
	for {
		m, err := next(ctx, sub, beat)
		if err == nil {
			data = m.AppendData(data[:0])
			err = out.Event(strconv.FormatUint(m.ID, 10), m.Event, data)
		}
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			err = nil
		}
		if err == nil && !time.Now().Before(beat) {
			beat = time.Now().Add(h.options.Heartbeat)
			err = out.Comment("ping")
		}
		if err != nil {
			return
		}
	}
}

func next(ctx context.Context, sub *view.Subscription, until time.Time) (view.Message, error) {
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	return sub.Next(ctx)
}

type problem struct {
	Topic   string `json:"topic"`
	Message string `json:"message"`
}

func encodeProblem(p problem) []byte {
	data, err := json.Marshal(p)
	if err != nil {
		return []byte(`{}`)
	}
	return data
}

// topics reads the query: those to follow and those that cannot be. Without any
// good one there is nothing to stream, and it fails.
func topics(r *http.Request) (good []string, bad []problem, err error) {
	for topic := range strings.SplitSeq(strings.Join(r.URL.Query()["topics"], ","), ",") {
		if topic == "" {
			continue
		}
		if len(good)+len(bad) == maxTopics {
			return nil, nil, fault.New(fault.Invalid, "more than %d topics", maxTopics)
		}
		if err := view.CheckTopic(topic); err != nil {
			bad = append(bad, problem{Topic: topic, Message: err.Error()})
			continue
		}
		good = append(good, topic)
	}
	switch {
	case len(good) > 0:
		return good, bad, nil
	case len(bad) > 0:
		return nil, nil, fault.New(fault.Invalid, "%s", bad[0].Message)
	}
	return nil, nil, fault.New(fault.Invalid, "topics are missing: want ?topics=apps,tree:NAMESPACE/NAME")
}
