package rest

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server/stream"
	"evenkeel.dev/internal/view"
)

const (
	watchBeat    = 15 * time.Second
	watchTimeout = 30 * time.Second
	// maxWatches is how many of these streams may be open at a time.
	maxWatches = 256
)

// watchEvent is Argo CD's ApplicationWatchEvent as grpc-gateway wraps it.
type watchEvent struct {
	Result watchResult `json:"result"`
}

type watchResult struct {
	Type        string                `json:"type"`
	Application *v1alpha1.Application `json:"application"`
}

// watcher is one open stream of Applications.
type watcher struct {
	api       *api
	selection selection
	fields    *fieldMask
	known     map[string]bool // NAMESPACE/NAME of what the client has
	send      func([]byte) error
	beat      func() error
}

// watch streams the Applications that a query selects: all of them as ADDED, then
// what changes. Clients that accept text/event-stream get that, others a line of
// JSON per event.
func (a *api) watch(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s, err := selectionOf(q)
	if err != nil {
		Fail(w, r, err)
		return
	}
	select {
	case a.watches <- struct{}{}:
		defer func() { <-a.watches }()
	default:
		Fail(w, r, fault.New(fault.Unavailable, "too many open streams: %d", maxWatches))
		return
	}
	sub := a.View.Subscribe(r.Context(), []string{view.TopicVersions}, "")
	defer sub.Close()
	o := &watcher{api: a, selection: s, fields: parseFields(q.Get("fields")), known: map[string]bool{}}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		o.asEvents(w)
	} else {
		o.asLines(w)
	}
	if err := o.run(r.Context(), sub); r.Context().Err() == nil {
		a.Log.DebugContext(r.Context(), "application stream ended", "error", err)
	}
}

func (o *watcher) asEvents(w http.ResponseWriter) {
	out := stream.NewWriter(w, watchTimeout)
	o.send = func(b []byte) error { return out.Event("", "", b) }
	o.beat = func() error { return out.Comment("ping") }
}

// asLines needs no heartbeat: nothing but events may stand between the lines.
func (o *watcher) asLines(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	control := http.NewResponseController(w)
	o.send = func(b []byte) error { return stream.Send(w, control, append(b, '\n'), watchTimeout) }
	o.beat = control.Flush
}

// run ends with the error of whichever end is gone first.
func (o *watcher) run(ctx context.Context, sub *view.Subscription) error {
	if err := o.beat(); err != nil {
		return err
	}
	for {
		m, err := nextWithin(ctx, sub, watchBeat)
		switch {
		case errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil:
			err = o.beat()
		case err == nil:
			err = o.handle(ctx, m)
		}
		if err != nil {
			return err
		}
	}
}

func nextWithin(ctx context.Context, sub *view.Subscription, d time.Duration) (view.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return sub.Next(ctx)
}

func (o *watcher) handle(ctx context.Context, m view.Message) error {
	present := map[string]bool{}
	for _, raw := range slices.Concat(m.Items, m.Upsert) {
		var v view.Version
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		present[v.Namespace+"/"+v.Name] = true
		if err := o.changed(ctx, v); err != nil {
			return err
		}
	}
	gone := m.Delete
	if m.Event == view.EventSnapshot {
		for key := range o.known {
			if !present[key] {
				gone = append(gone, key)
			}
		}
	}
	for _, key := range gone {
		if err := o.removed(key); err != nil {
			return err
		}
	}
	return nil
}

// changed tells of an Application's present state. One that the client has and
// that is not selected any more is gone for it.
func (o *watcher) changed(ctx context.Context, v view.Version) error {
	key := v.Namespace + "/" + v.Name
	app, err := o.api.Apps.Get(ctx, v.Namespace, v.Name)
	if fault.KindOf(err) == fault.NotFound {
		return nil // its deletion is the next thing to come
	}
	if err != nil {
		return err
	}
	if !o.selection.matches(app) {
		return o.removed(key)
	}
	kind := "MODIFIED"
	if !o.known[key] {
		kind = "ADDED"
	}
	o.known[key] = true
	return o.tell(kind, shown(app))
}

func (o *watcher) removed(key string) error {
	if !o.known[key] {
		return nil
	}
	delete(o.known, key)
	namespace, name, _ := strings.Cut(key, "/")
	return o.tell("DELETED", &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}})
}

func (o *watcher) tell(kind string, app *v1alpha1.Application) error {
	masked, err := o.fields.apply(watchEvent{Result: watchResult{Type: kind, Application: app}})
	if err != nil {
		return err
	}
	b, err := json.Marshal(masked)
	if err != nil {
		return err
	}
	return o.send(b)
}
