package git

import (
	"container/list"
	"sync"
)

// lru remembers values up to a total weight and forgets those longest unused first.
type lru[K comparable, V any] struct {
	max    int
	weight func(V) int

	mu    sync.Mutex
	total int
	order *list.List
	items map[K]*list.Element
}

type lruItem[K comparable, V any] struct {
	key   K
	value V
}

func newLRU[K comparable, V any](maxWeight int, weight func(V) int) *lru[K, V] {
	return &lru[K, V]{max: maxWeight, weight: weight, order: list.New(), items: map[K]*list.Element{}}
}

// newSet is an lru of n keys.
func newSet[K comparable](n int) *lru[K, struct{}] {
	return newLRU[K](n, func(struct{}) int { return 1 })
}

func (l *lru[K, V]) get(key K) (V, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e, ok := l.items[key]
	if !ok {
		var none V
		return none, false
	}
	l.order.MoveToFront(e)
	return e.Value.(lruItem[K, V]).value, true
}

func (l *lru[K, V]) add(key K, value V) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.items[key]; ok {
		return
	}
	l.items[key] = l.order.PushFront(lruItem[K, V]{key, value})
	l.total += l.weight(value)
	for l.total > l.max && l.order.Len() > 1 {
		l.drop(l.order.Back())
	}
}

func (l *lru[K, V]) remove(key K) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e, ok := l.items[key]; ok {
		l.drop(e)
	}
}

func (l *lru[K, V]) clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.order.Init()
	clear(l.items)
	l.total = 0
}

func (l *lru[K, V]) drop(e *list.Element) {
	item := l.order.Remove(e).(lruItem[K, V])
	delete(l.items, item.key)
	l.total -= l.weight(item.value)
}
