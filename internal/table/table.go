package table

import (
	"hash/maphash"
	"math/bits"
)

// Table finds entries by a key that each holds itself. The zero Table cannot be used.
type Table[K comparable, E any] struct {
	key   func(*E) K
	seed  maphash.Seed
	slots []*E
	n     int
}

const (
	minSlots = 16
	// A Table is full when maxLoad of maxLoadOf slots are taken.
	maxLoad, maxLoadOf = 3, 4
)

// New makes a Table of entries with these keys. The key of an entry does not change while
// it is in the Table.
func New[K comparable, E any](key func(*E) K) Table[K, E] {
	return Table[K, E]{key: key, seed: maphash.MakeSeed()}
}

// Len is the number of entries.
func (t *Table[K, E]) Len() int { return t.n }

// home is the slot where the search for a key begins.
func (t *Table[K, E]) home(k K) int {
	hi, _ := bits.Mul64(maphash.Comparable(t.seed, k), uint64(len(t.slots)))
	return int(hi) //nolint:gosec // less than the number of slots
}

func (t *Table[K, E]) next(i int) int {
	if i++; i == len(t.slots) {
		return 0
	}
	return i
}

// slot is where the entry of a key is, or where it would go.
func (t *Table[K, E]) slot(k K) int {
	i := t.home(k)
	for t.slots[i] != nil && t.key(t.slots[i]) != k {
		i = t.next(i)
	}
	return i
}

// Find is the entry with a key, or nil.
func (t *Table[K, E]) Find(k K) *E {
	if t.n == 0 {
		return nil
	}
	return t.slots[t.slot(k)]
}

// Put takes an entry in, in place of another with the same key.
func (t *Table[K, E]) Put(e *E) {
	if (t.n+1)*maxLoadOf > len(t.slots)*maxLoad {
		t.resize(max(minSlots, len(t.slots)+len(t.slots)/2))
	}
	i := t.slot(t.key(e))
	if t.slots[i] == nil {
		t.n++
	}
	t.slots[i] = e
}

// Remove takes out an entry that has the key by which it was put in. One that is not there
// is left out of it, even if another has its key.
func (t *Table[K, E]) Remove(e *E) {
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
func (t *Table[K, E]) distance(from, to int) int {
	if to < from {
		to += len(t.slots)
	}
	return to - from
}

func (t *Table[K, E]) resize(slots int) {
	old := t.slots
	t.slots = make([]*E, slots)
	for _, e := range old {
		if e != nil {
			t.slots[t.slot(t.key(e))] = e
		}
	}
}
