package cluster

import (
	"hash/maphash"
	"math/bits"
)

// table finds entries by a key that each holds itself, so that no copy of it is kept: a
// map with such keys takes some four times the memory, which counts with a hundred thousand
// objects. It is a hash table with linear probing. The zero table cannot be used.
type table[K comparable] struct {
	key   func(*entry) K
	seed  maphash.Seed
	slots []*entry
	n     int
}

const (
	minSlots = 16
	// A table is full when maxLoad of maxLoadOf slots are taken.
	maxLoad, maxLoadOf = 3, 4
)

func newTable[K comparable](key func(*entry) K) table[K] {
	return table[K]{key: key, seed: maphash.MakeSeed()}
}

// home is the slot where the search for a key begins.
func (t *table[K]) home(k K) int {
	hi, _ := bits.Mul64(maphash.Comparable(t.seed, k), uint64(len(t.slots)))
	return int(hi) //nolint:gosec // less than the number of slots
}

func (t *table[K]) next(i int) int {
	if i++; i == len(t.slots) {
		return 0
	}
	return i
}

// slot is where the entry of a key is, or where it would go.
func (t *table[K]) slot(k K) int {
	i := t.home(k)
	for t.slots[i] != nil && t.key(t.slots[i]) != k {
		i = t.next(i)
	}
	return i
}

// find is the entry with a key, or nil.
func (t *table[K]) find(k K) *entry {
	if t.n == 0 {
		return nil
	}
	return t.slots[t.slot(k)]
}

// put takes an entry in, in place of another with the same key.
func (t *table[K]) put(e *entry) {
	if (t.n+1)*maxLoadOf > len(t.slots)*maxLoad {
		t.resize(max(minSlots, len(t.slots)+len(t.slots)/2))
	}
	i := t.slot(t.key(e))
	if t.slots[i] == nil {
		t.n++
	}
	t.slots[i] = e
}

// remove takes out an entry that has the key by which it was put in. One that is not there
// is left out of it, even if another has its key.
func (t *table[K]) remove(e *entry) {
	if t.n == 0 {
		return
	}
	hole := t.slot(t.key(e))
	if t.slots[hole] != e {
		return
	}
	t.n--
	t.slots[hole] = nil
	// Those behind the hole are found through it if their search begins before it.
	for i := t.next(hole); t.slots[i] != nil; i = t.next(i) {
		if t.distance(t.home(t.key(t.slots[i])), i) >= t.distance(hole, i) {
			t.slots[hole], t.slots[i], hole = t.slots[i], nil, i
		}
	}
	if small := len(t.slots) / 4; t.n*maxLoadOf < small*maxLoad && small >= minSlots {
		t.resize(2 * small)
	}
}

// distance is the number of steps from one slot to another.
func (t *table[K]) distance(from, to int) int {
	if to < from {
		to += len(t.slots)
	}
	return to - from
}

func (t *table[K]) resize(slots int) {
	old := t.slots
	t.slots = make([]*entry, slots)
	for _, e := range old {
		if e != nil {
			t.slots[t.slot(t.key(e))] = e
		}
	}
}
