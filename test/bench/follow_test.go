package bench

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/tools/cache"
)

// follower knows a set of objects by a watch. Keys are NAMESPACE/NAME.
type follower struct {
	mu      sync.Mutex
	state   map[string]*unstructured.Unstructured
	waiters map[*waiter]bool
}

// waiter waits until want is "" of each of its objects at the same time.
type waiter struct {
	want    func(*unstructured.Unstructured) string
	pending map[string]string // key -> what is not as wanted
	keys    map[string]bool
	done    chan struct{}
}

// follow begins to watch the objects with a label until ctx ends.
func follow(ctx context.Context, client dynamic.Interface, gvr schema.GroupVersionResource, value string) (*follower, error) {
	f := &follower{state: map[string]*unstructured.Unstructured{}, waiters: map[*waiter]bool{}}
	informer := dynamicinformer.NewFilteredDynamicInformer(client, gvr, metav1.NamespaceAll, 0, cache.Indexers{}, func(o *metav1.ListOptions) {
		o.LabelSelector = benchLabel + "=" + value
	}).Informer()
	_, err := informer.AddEventHandler(cache.ResourceEventHandlerFuncs{
		AddFunc:    func(o any) { f.saw(o, true) },
		UpdateFunc: func(_, o any) { f.saw(o, true) },
		DeleteFunc: func(o any) { f.saw(o, false) },
	})
	if err != nil {
		return nil, err
	}
	go informer.RunWithContext(ctx)
	if !cache.WaitForCacheSync(ctx.Done(), informer.HasSynced) {
		return nil, context.Cause(ctx)
	}
	return f, nil
}

func (f *follower) saw(o any, there bool) {
	if d, ok := o.(cache.DeletedFinalStateUnknown); ok {
		o = d.Obj
	}
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return
	}
	key := u.GetNamespace() + "/" + u.GetName()
	f.mu.Lock()
	defer f.mu.Unlock()
	if !there {
		delete(f.state, key)
		u = nil
	} else {
		f.state[key] = u
	}
	for w := range f.waiters {
		w.look(key, u)
	}
}

func (w *waiter) look(key string, u *unstructured.Unstructured) {
	if !w.keys[key] {
		return
	}
	if why := w.want(u); why != "" {
		w.pending[key] = why
		return
	}
	delete(w.pending, key)
	if len(w.pending) == 0 && w.done != nil {
		close(w.done)
		w.done = nil
	}
}

// until waits until want says "" of all objects, which are nil when they are not
// there, at the same time.
func (f *follower) until(ctx context.Context, keys []string, want func(*unstructured.Unstructured) string) error {
	w := &waiter{want: want, pending: map[string]string{}, keys: map[string]bool{}}
	done := make(chan struct{})
	f.mu.Lock()
	for _, k := range keys {
		w.keys[k] = true
		if why := want(f.state[k]); why != "" {
			w.pending[k] = why
		}
	}
	if len(w.pending) == 0 {
		f.mu.Unlock()
		return nil
	}
	w.done = done
	f.waiters[w] = true
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		delete(f.waiters, w)
		f.mu.Unlock()
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		defer f.mu.Unlock()
		return fmt.Errorf("%d of %d are not as wanted: %s", len(w.pending), len(keys), some(w.pending))
	}
}

func some(pending map[string]string) string {
	const few = 3
	keys := slices.Sorted(maps.Keys(pending))
	var parts []string
	for _, k := range keys[:min(few, len(keys))] {
		parts = append(parts, k+": "+pending[k])
	}
	return strings.Join(parts, "; ")
}
