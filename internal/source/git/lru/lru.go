package lru

import (
	"container/list"
	"sync"
)

// Cache remembers values up to a total weight and forgets those longest unused first.
type Cache[K comparable, V any] struct {
	max    int
	weight func(V) int

	mu    sync.Mutex
	total int
	order *list.List
	items map[K]*list.Element
}

type item[K comparable, V any] struct {
	key   K
	value V
}

// New is a Cache of values whose weights add up to maxWeight at most.
func New[K comparable, V any](maxWeight int, weight func(V) int) *Cache[K, V] {
	return &Cache[K, V]{max: maxWeight, weight: weight, order: list.New(), items: map[K]*list.Element{}}
}

// NewSet is a Cache of n keys.
func NewSet[K comparable](n int) *Cache[K, struct{}] {
	return New[K](n, func(struct{}) int { return 1 })
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

// Add remembers a value, unless the key has one.
func (c *Cache[K, V]) Add(key K, value V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[key]; ok {
		return
	}
	c.items[key] = c.order.PushFront(item[K, V]{key, value})
	c.total += c.weight(value)
	for c.total > c.max && c.order.Len() > 1 {
		c.drop(c.order.Back())
	}
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
	item := c.order.Remove(e).(item[K, V])
	delete(c.items, item.key)
	c.total -= c.weight(item.value)
}
