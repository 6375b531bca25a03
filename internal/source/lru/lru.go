// Package lru remembers values up to a total weight and forgets those that were not
// used longest. Everything in it is safe for concurrent use.
package lru

import (
	"container/list"
	"sync"
)

// Cache is a map with a bound. New makes one.
type Cache[K comparable, V any] struct {
	max    int64
	weight func(V) int64

	mu    sync.Mutex
	total int64
	order *list.List // of item, used last first
	items map[K]*list.Element
}

type item[K comparable, V any] struct {
	key   K
	value V
}

// New makes a Cache of values that together weigh no more than limit; the newest
// stays even if it is heavier. Without weight every value weighs 1.
func New[K comparable, V any](limit int64, weight func(V) int64) *Cache[K, V] {
	if weight == nil {
		weight = func(V) int64 { return 1 }
	}
	return &Cache[K, V]{max: limit, weight: weight, order: list.New(), items: map[K]*list.Element{}}
}

// Get is the value of a key, which counts as used.
func (c *Cache[K, V]) Get(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[key]
	if !ok {
		var none V
		return none, false
	}
	c.order.MoveToFront(e)
	return e.Value.(item[K, V]).value, true
}

// Add remembers a value unless there is one.
func (c *Cache[K, V]) Add(key K, value V) { c.GetOrAdd(key, value) }

// GetOrAdd remembers a value unless there is one, and is the one that is remembered.
func (c *Cache[K, V]) GetOrAdd(key K, value V) V {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		c.order.MoveToFront(e)
		return e.Value.(item[K, V]).value
	}
	c.items[key] = c.order.PushFront(item[K, V]{key, value})
	c.total += c.weight(value)
	for c.total > c.max && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
	return value
}

// Remove forgets a key.
func (c *Cache[K, V]) Remove(key K) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e, ok := c.items[key]; ok {
		c.drop(e)
	}
}

// Clear forgets everything.
func (c *Cache[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.order.Init()
	clear(c.items)
	c.total = 0
}

func (c *Cache[K, V]) drop(e *list.Element) {
	last := c.order.Remove(e).(item[K, V])
	delete(c.items, last.key)
	c.total -= c.weight(last.value)
}
