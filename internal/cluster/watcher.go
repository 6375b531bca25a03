package cluster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/resource"
)

const (
	pageSize = "500"
	// A watch is renewed after 5 to 10 minutes, as client-go's reflectors do.
	watchSeconds = 300
	minBackoff   = 100 * time.Millisecond
	maxBackoff   = 5 * time.Second
	// silence is how long the API server may be out of reach before a kind counts
	// as failing. An answer that says no counts at once.
	silence = 30 * time.Second
)

// watcher keeps the records of one kind.
type watcher struct {
	conn  *Conn
	index *Index
	kind  Kind
	full  bool
	// anew says that what is known of the objects, until they were listed once, was
	// judged by rules that are no longer in force.
	anew bool
	// defined is told of CustomResourceDefinitions, aggregated of APIServices that
	// stand for another server; nil for other kinds.
	defined    func(definition)
	aggregated func()

	failingSince time.Time
}

func (w *watcher) gk() schema.GroupKind { return w.kind.GVK.GroupKind() }

// run lists and watches until ctx ends.
func (w *watcher) run(ctx context.Context) {
	backoff := minBackoff
	for ctx.Err() == nil {
		after, err := w.list(ctx)
		if err == nil {
			backoff = minBackoff
			err = w.follow(ctx, after)
		}
		if ctx.Err() != nil {
			return
		}
		if !apierrors.IsResourceExpired(err) && !apierrors.IsGone(err) {
			w.failed(err)
			wait(ctx, backoff)
			backoff = min(2*backoff, maxBackoff)
		}
	}
}

// wait ends after about d, or with ctx.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

func (w *watcher) failed(err error) {
	if w.failingSince.IsZero() {
		w.failingSince = time.Now()
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) && time.Since(w.failingSince) < silence {
		return
	}
	w.index.setKind(w.gk(), func(s *KindState) { s.Err = err })
}

func (w *watcher) succeeded() {
	w.failingSince = time.Time{}
	w.index.setKind(w.gk(), func(s *KindState) { s.Err, s.Synced = nil, true })
}

// list reads all objects and forgets those that are no longer there. Nothing is
// forgotten unless the list was read to its end.
func (w *watcher) list(ctx context.Context) (string, error) {
	gone := w.index.ofKind(w.gk())
	cont, version := "", ""
	for {
		p, err := w.conn.listPage(ctx, w.kind, w.full, cont)
		if err != nil {
			return "", err
		}
		for _, item := range p.Items {
			key, err := w.take(item)
			if err != nil {
				return "", err
			}
			delete(gone, key)
		}
		version, cont = p.Metadata.ResourceVersion, p.Metadata.Continue
		if cont == "" {
			break
		}
	}
	for key, uid := range gone {
		w.index.remove(key, uid)
	}
	w.anew = false
	w.succeeded()
	return version, nil
}

// follow watches from a resource version on, renewing the watch as it ends, until
// it cannot go on from where it is.
func (w *watcher) follow(ctx context.Context, after string) error {
	backoff := minBackoff
	for ctx.Err() == nil {
		seconds := strconv.Itoa(watchSeconds + rand.IntN(watchSeconds))
		stream, err := w.conn.watch(ctx, w.kind, w.full, after, seconds)
		if err == nil {
			w.succeeded()
			var last string
			last, err = w.events(stream, after)
			if last != after {
				after, backoff = last, minBackoff
			}
		}
		var status apierrors.APIStatus
		if errors.As(err, &status) && status.Status().Code != http.StatusTooManyRequests {
			return err
		}
		if err != nil && ctx.Err() == nil {
			w.failed(err)
		}
		wait(ctx, backoff)
		backoff = min(2*backoff, maxBackoff)
	}
	return ctx.Err()
}

// events takes in a stream's events and returns the last resource version. The
// end of the stream is no error.
func (w *watcher) events(stream io.ReadCloser, after string) (string, error) {
	defer stream.Close()
	lines := wire.NewFrames(stream)
	for {
		e, err := lines.Next(w.wants)
		if errors.Is(err, io.EOF) {
			return after, nil
		}
		if err != nil {
			return after, err
		}
		version, err := w.event(e, after)
		if err != nil {
			return after, err
		}
		after = cmp.Or(version, after)
	}
}

// event takes in one wire.Event and returns the resource version to go on from.
func (w *watcher) event(e wire.Event, after string) (string, error) {
	switch e.Type {
	case "ERROR":
		return "", &apierrors.StatusError{ErrStatus: e.Status}
	case "DELETED":
		w.drop(e)
		return e.Meta.ResourceVersion, nil
	case "BOOKMARK":
		return e.Meta.ResourceVersion, nil
	}
	r, err := w.takeIn(e.Meta, e.Body, nil)
	if err != nil {
		return "", err
	}
	if r != nil {
		if n, known := newer(r.ResourceVersion, after); n || !known {
			return r.ResourceVersion, nil
		}
	}
	return after, nil
}

func (w *watcher) key(m wire.Meta) resource.Key {
	return resource.Key{Group: w.kind.GVK.Group, Kind: w.kind.GVK.Kind, Namespace: m.Namespace, Name: m.Name}
}

var errNoName = errors.New("an object from the API server has no name")

// wants says whether an object's body is to be decoded.
func (w *watcher) wants(m wire.Meta) bool {
	switch {
	case !w.full:
		return false
	case w.defined != nil || w.aggregated != nil || w.index.wants == nil || m.DeletionTimestamp != nil:
		return true
	}
	key := w.key(m)
	return w.index.appIn(m.Annotations, key) != "" || w.index.wants(key, m.Annotations)
}

// take brings the record of an item of a list up to date. Its body is decoded only if it
// is not known: a list is read anew when a watch could not go on, and then most is.
func (w *watcher) take(raw []byte) (resource.Key, error) {
	m, err := wire.DecodeMeta(raw)
	if err != nil {
		return resource.Key{}, err
	}
	key := w.key(m)
	if w.known(w.index.Get(key), m) || !w.wants(m) {
		_, err := w.takeIn(m, nil, nil)
		return key, err
	}
	obj, err := decode(raw)
	if err != nil {
		return key, err
	}
	_, err = w.takeIn(m, obj.Object, raw)
	return key, err
}

// known says whether this very object has been taken in, with a verdict on what is
// desired if bodies are read.
func (w *watcher) known(before *Record, m wire.Meta) bool {
	return !w.anew && before != nil && before.UID == m.UID && before.ResourceVersion == m.ResourceVersion && (!w.full || before.Verdict.Desired != 0)
}

// takeIn brings one object's record up to date and returns it, or nil if it is known to be
// gone; body is nil where it is not wanted, raw the same as JSON if that is at hand.
func (w *watcher) takeIn(m wire.Meta, body map[string]any, raw []byte) (*Record, error) {
	key := w.key(m)
	if key.Name == "" {
		return nil, errNoName
	}
	before := w.index.Get(key)
	if w.known(before, m) {
		return before, nil
	}
	r := w.index.record(key, m)
	r.Version = w.kind.GVK.Version
	if !w.full && !w.anew && before != nil && before.UID == r.UID {
		r.Verdict = before.Verdict
		r.Verdict.Desired = 0 // compared with an earlier body
	}
	if body != nil {
		obj := &unstructured.Unstructured{Object: body}
		// Items of a list carry neither.
		obj.SetGroupVersionKind(w.kind.GVK)
		r.Claims, r.Verdict = claimsOf(obj), w.index.judge(obj, before)
		if r.App != "" && r.Verdict.Desired == 0 {
			w.hold(r, body, raw)
		}
		w.define(body)
	}
	return w.index.put(r), nil
}

// hold keeps a body for when it is known what it is to be compared with.
func (w *watcher) hold(r *Record, body map[string]any, raw []byte) {
	if raw == nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return // it was JSON a moment ago
		}
	}
	w.index.held.hold(r.Key, r.ResourceVersion, raw, time.Now())
}

func (w *watcher) drop(e wire.Event) {
	w.index.remove(w.key(e.Meta), e.Meta.UID)
	if meta, ok := e.Body["metadata"].(map[string]any); ok {
		meta["deletionTimestamp"] = "now"
		w.define(e.Body)
	}
}

func (w *watcher) define(obj map[string]any) {
	if w.defined != nil {
		if d, ok := definitionOf(obj); ok {
			w.defined(d)
		}
	}
	if w.aggregated != nil {
		if spec, _ := obj["spec"].(map[string]any); spec["service"] != nil {
			w.aggregated()
		}
	}
}
