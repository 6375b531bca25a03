package inspect

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/health/field"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

const (
	// maxEvents bounds the events that are read about one object.
	maxEvents = 200
	// maxMessage bounds the message of one, in bytes.
	maxMessage = 1024
	// warningsFor is how long a warning is remembered, maxWarnings how many are: who looks
	// at a page does so more than once, and not alone.
	warningsFor = 5 * time.Second
	maxWarnings = 256
)

// Events are Kubernetes' events about one of the Application's objects, or about itself.
func (i *Inspector) Events(ctx context.Context, namespace, name string, q view.EventQuery) ([]map[string]any, error) {
	app, err := i.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if q.Name == "" && q.UID == "" {
		q = view.EventQuery{UID: string(app.UID), Namespace: app.Namespace, Name: app.Name}
	} else if !i.owns(namespace, name, q) {
		return nil, fault.New(fault.Invalid, "%q is not part of application %q", q.Name, name)
	}
	events, err := i.Cluster.Conn().Events(ctx, cmp.Or(q.Namespace, "default"), about(q, ""), maxEvents)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "reading events")
	}
	out := make([]map[string]any, len(events))
	for n, e := range events {
		e.SetManagedFields(nil)
		out[n] = e.Object
	}
	return out, nil
}

// owns says whether an object is in the tree of an Application. Events of others are none
// of the reader's business.
func (i *Inspector) owns(namespace, name string, q view.EventQuery) bool {
	for _, n := range i.Tree(namespace, name) {
		if n.UID == q.UID && n.UID != "" && n.Name == q.Name && n.Namespace == q.Namespace {
			return true
		}
	}
	return false
}

// about selects the events about an object, of a type unless that is empty. Those about a
// cluster-scoped object name no namespace, and are kept in "default".
func about(q view.EventQuery, kind string) string {
	set := fields.Set{"involvedObject.uid": q.UID, "involvedObject.name": q.Name, "involvedObject.namespace": q.Namespace}
	if kind != "" {
		set["type"] = kind
	}
	return set.AsSelector().String()
}

// LastWarning reads the last warning about an object; nil if there is none.
func LastWarning(ctx context.Context, conn *cluster.Conn, key resource.Key, uid string) (*view.Event, error) {
	q := view.EventQuery{UID: uid, Namespace: key.Namespace, Name: key.Name}
	events, err := conn.Events(ctx, cmp.Or(key.Namespace, "default"), about(q, "Warning"), maxEvents)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "reading events about %s", key.Human())
	}
	var last *view.Event
	for _, e := range events {
		if shown := eventOf(e, key); last == nil || shown.LastAt > last.LastAt {
			last = shown
		}
	}
	return last, nil
}

// eventOf is an event for people. There are two ways of telling when and how often: that of
// v1, and that of events.k8s.io, which the scheduler uses.
func eventOf(e *unstructured.Unstructured, key resource.Key) *view.Event {
	f := field.Of(e)
	series := f.Object("series")
	return &view.Event{
		Object: view.RefOf(key), Reason: f.Text("reason"), Message: clip(f.Text("message")),
		Source:  cmp.Or(f.Object("source").Text("component"), f.Text("reportingComponent")),
		Count:   cmp.Or(series.Number("count"), f.Number("count"), 1),
		FirstAt: seconds(cmp.Or(f.Text("firstTimestamp"), f.Text("eventTime"))),
		LastAt:  seconds(cmp.Or(series.Text("lastObservedTime"), f.Text("lastTimestamp"), f.Text("eventTime"))),
	}
}

func seconds(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ""
	}
	return stamp(t)
}

func clip(text string) string {
	if len(text) <= maxMessage {
		return text
	}
	return strings.ToValidUTF8(text[:maxMessage], "") + "…"
}

// warning is LastWarning, remembered for a moment.
func (i *Inspector) warning(ctx context.Context, key resource.Key, uid string) (*view.Event, error) {
	if e, ok := i.warnings.get(uid, time.Now()); ok {
		return e, nil
	}
	e, err := LastWarning(ctx, i.Cluster.Conn(), key, uid)
	if err == nil {
		i.warnings.put(uid, e, time.Now())
	}
	return e, err
}

// warnings remembers, by uid, what was read a moment ago.
type warnings struct {
	mu    sync.Mutex
	known map[string]warning
}

type warning struct {
	event *view.Event
	until time.Time
}

func (w *warnings) get(uid string, now time.Time) (*view.Event, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	x, ok := w.known[uid]
	return x.event, ok && now.Before(x.until)
}

func (w *warnings) put(uid string, e *view.Event, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.known == nil || len(w.known) >= maxWarnings {
		w.known = map[string]warning{}
	}
	w.known[uid] = warning{e, now.Add(warningsFor)}
}
