package reconcile

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/klog/v2"
)

// The wait after an object's first failure, doubled for each further one.
const (
	firstRetry = 20 * time.Millisecond
	lastRetry  = 5 * time.Second
)

// Sync brings the world in line with one object, which is the cache's own and
// must not be changed. It is called for one version of an object at a time and
// asks to be called again in again, if that is positive.
type Sync[T any] func(ctx context.Context, object T) (again time.Duration, err error)

// Start runs informer and calls sync, from as many goroutines as workers says,
// for each object that it shows. It returns at once; all ends with ctx. name is
// for the log.
func Start[T any](ctx context.Context, name string, informer cache.SharedIndexInformer, workers int, sync Sync[T]) error {
	queue := workqueue.NewTypedRateLimitingQueue(
		workqueue.NewTypedItemExponentialFailureRateLimiter[string](firstRetry, lastRetry))
	enqueue := func(obj any) {
		if key, err := cache.MetaNamespaceKeyFunc(obj); err == nil {
			queue.Add(key)
		}
	}
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    enqueue,
		UpdateFunc: func(_, obj any) { enqueue(obj) },
	})
	if err != nil {
		return fmt.Errorf("watch %s: %w", name, err)
	}
	l := loop[T]{name: name, store: informer.GetIndexer(), queue: queue, sync: sync}
	go informer.RunWithContext(ctx)
	for range workers {
		go l.run(ctx)
	}
	context.AfterFunc(ctx, queue.ShutDown)
	return nil
}

type loop[T any] struct {
	name  string
	store cache.Store
	queue workqueue.TypedRateLimitingInterface[string]
	sync  Sync[T]
}

func (l loop[T]) run(ctx context.Context) {
	for {
		key, stopped := l.queue.Get()
		if stopped {
			return
		}
		l.process(ctx, key)
		l.queue.Done(key)
	}
}

func (l loop[T]) process(ctx context.Context, key string) {
	obj, found, err := l.store.GetByKey(key)
	if err != nil || !found {
		l.queue.Forget(key)
		return
	}
	again, err := l.sync(ctx, obj.(T))
	if err != nil {
		l.retry(ctx, key, err)
		return
	}
	l.queue.Forget(key)
	if again > 0 {
		l.queue.AddAfter(key, again)
	}
}

// retry tells of a failure unless it is only that the object was newer than
// the cache, which is nobody's fault.
func (l loop[T]) retry(ctx context.Context, key string, err error) {
	l.queue.AddRateLimited(key)
	if ctx.Err() != nil || apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
		return
	}
	klog.ErrorS(err, "playground", "kind", l.name, "object", key)
}
