package helmrepo

import (
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// shelf remembers values up to a total weight and a count, and forgets those longest
// unused first. A value that is being fetched is on it too, without weight.
type shelf[K comparable, V any] struct {
	max      int64
	maxCount int
	weight   func(V) int64

	mu    sync.Mutex
	tick  uint64
	total int64
	slots map[K]*slotOf[V]
}

// slotOf is the place of one value. Its fields are the shelf's to change.
type slotOf[V any] struct {
	// group is for those who fetch the value at the same time.
	group singleflight.Group
	known known[V]
	has   bool
	used  uint64
}

// known is a value and what is to be said when it is asked for again.
type known[V any] struct {
	value          V
	etag, modified string
	checked        time.Time
}

func newShelf[K comparable, V any](maxWeight int64, weight func(V) int64) *shelf[K, V] {
	return &shelf[K, V]{max: maxWeight, maxCount: maxRemembered, weight: weight, slots: map[K]*slotOf[V]{}}
}

// at is the slot of a key, which is made when there is none.
func (s *shelf[K, V]) at(key K) *slotOf[V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.slots[key]
	if !ok {
		slot = &slotOf[V]{}
		s.slots[key] = slot
	}
	s.tick++
	slot.used = s.tick
	s.shrink(key)
	return slot
}

// get is what is known; ok is false if nothing is.
func (s *shelf[K, V]) get(key K) (known[V], bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	slot, ok := s.slots[key]
	if !ok || !slot.has {
		return known[V]{}, false
	}
	return slot.known, true
}

// put remembers what is known now.
func (s *shelf[K, V]) put(key K, k known[V]) {
	slot := s.at(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.slots[key] != slot {
		return
	}
	if slot.has {
		s.total -= s.weight(slot.known.value)
	}
	slot.known, slot.has = k, true
	s.total += s.weight(k.value)
	s.shrink(key)
}

// shrink forgets until all is within bounds, but not the value of the key at hand,
// which somebody is about to use.
func (s *shelf[K, V]) shrink(keep K) {
	for len(s.slots) > 1 && (s.total > s.max || len(s.slots) > s.maxCount) {
		var oldest K
		var found *slotOf[V]
		for key, slot := range s.slots {
			if key != keep && (found == nil || slot.used < found.used) {
				oldest, found = key, slot
			}
		}
		if found.has {
			s.total -= s.weight(found.known.value)
		}
		delete(s.slots, oldest)
	}
}
