package kube

import (
	"context"
	"iter"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

const (
	firstPause = 500 * time.Millisecond
	lastPause  = 15 * time.Second
)

// Watch gives the Application as it is, then each state that follows. Once begun
// it goes on through lost connections and restarts of the API server; states in between may
// then be left out, never the last one. It ends when the consumer stops, and with
// an error when ctx ends, when there is no such Application or no more
// (NotFound), and for what trying again does not mend.
func (c *Client) Watch(ctx context.Context, namespace, name string) iter.Seq2[*v1alpha1.Application, error] {
	return func(yield func(*v1alpha1.Application, error) bool) {
		w := follower{client: c, namespace: namespace, name: name, yield: yield}
		pause := firstPause
		for {
			progressed, err := w.once(ctx)
			if w.stopped {
				return
			}
			if ctx.Err() != nil {
				err = fault.Wrap(fault.Unavailable, ctx.Err(), "watch application %s/%s", namespace, name)
			}
			if err != nil && (ctx.Err() != nil || !w.began || !fault.KindOf(err).Transient()) {
				yield(nil, err)
				return
			}
			if progressed {
				pause = firstPause
			}
			if err == nil && progressed {
				continue
			}
			sleep(ctx, pause)
			pause = min(2*pause, lastPause)
		}
	}
}

// sleep waits for a while or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// follower is one consumer's watch.
type follower struct {
	client          *Client
	namespace, name string
	yield           func(*v1alpha1.Application, error) bool
	// last is the resource version that was given last, uid the Application's: one
	// that was deleted and made anew is another one.
	last string
	uid  types.UID
	// began says that the Application was read once. A cluster that cannot be
	// reached at all is not waited for.
	began   bool
	stopped bool
}

// once reads the Application and follows it until the connection ends. It says
// whether any event came, so that a server that only hangs up is not hammered.
func (w *follower) once(ctx context.Context) (progressed bool, err error) {
	apps := w.client.apps.Namespace(w.namespace)
	only := fields.OneTermEqualSelector("metadata.name", w.name).String()
	list, err := apps.List(ctx, metav1.ListOptions{FieldSelector: only})
	if err != nil {
		return false, explain(err, w.what())
	}
	if len(list.Items) == 0 {
		return false, w.gone()
	}
	if err := w.give(&list.Items[0]); err != nil || w.stopped {
		return false, err
	}
	events, err := apps.Watch(ctx, metav1.ListOptions{FieldSelector: only, ResourceVersion: list.GetResourceVersion(), AllowWatchBookmarks: true})
	if expired(err) {
		return false, nil
	}
	if err != nil {
		return false, explain(err, w.what())
	}
	defer events.Stop()
	for {
		select {
		case <-ctx.Done():
			return progressed, ctx.Err()
		case event, open := <-events.ResultChan():
			if !open {
				return progressed, nil
			}
			progressed = true
			if done, err := w.handle(event); done || err != nil {
				return progressed, err
			}
		}
	}
}

// handle says whether this connection is done with.
func (w *follower) handle(event watch.Event) (done bool, err error) {
	switch event.Type {
	case watch.Deleted:
		return true, w.gone()
	case watch.Bookmark:
		return false, nil
	case watch.Error:
		err := apierrors.FromObject(event.Object)
		if expired(err) {
			return true, nil
		}
		return true, explain(err, w.what())
	}
	obj, ok := event.Object.(*unstructured.Unstructured)
	if !ok {
		return true, fault.New(fault.Internal, "%s: got a %T", w.what(), event.Object)
	}
	err = w.give(obj)
	return w.stopped, err
}

func (w *follower) give(obj *unstructured.Unstructured) error {
	if v := obj.GetResourceVersion(); v != "" && v == w.last {
		return nil
	}
	if w.uid != "" && obj.GetUID() != w.uid {
		return w.gone()
	}
	w.uid = obj.GetUID()
	app, err := decode(obj)
	if err != nil {
		return err
	}
	w.began, w.last = true, obj.GetResourceVersion()
	w.stopped = !w.yield(app, nil)
	return nil
}

func (w *follower) what() string { return "watch application " + w.namespace + "/" + w.name }

func (w *follower) gone() error {
	return fault.New(fault.NotFound, "application %s/%s does not exist", w.namespace, w.name)
}
