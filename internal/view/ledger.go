package view

import (
	"bytes"
	"container/list"
	"encoding/json"
	"slices"
)

// maxTombstones is how many deletions a ledger remembers. Whoever stands before
// a forgotten one starts over with a snapshot.
const maxTombstones = 4096

// record is a key's last change: a value, or a deletion when raw is nil.
type record struct {
	key      string
	position uint64
	raw      json.RawMessage
}

// ledger is the state of one topic as a compacted log. The zero value is not
// usable; its lists are ordered by position, and a key is in one of them at most.
type ledger struct {
	elements map[string]*list.Element // key -> its place in live or gone
	live     *list.List
	gone     *list.List
	// floor is the oldest position from which deltas lead to the present state.
	floor uint64
}

func newLedger(floor uint64) *ledger {
	return &ledger{elements: map[string]*list.Element{}, live: list.New(), gone: list.New(), floor: floor}
}

// put records a value and says whether it differs from the last one.
func (l *ledger) put(key string, raw json.RawMessage, position uint64) bool {
	e, known := l.elements[key]
	if known {
		r := e.Value.(*record)
		if r.raw != nil {
			if bytes.Equal(r.raw, raw) {
				return false
			}
			r.raw, r.position = raw, position
			l.live.MoveToBack(e)
			return true
		}
		l.gone.Remove(e)
	}
	l.elements[key] = l.live.PushBack(&record{key: key, position: position, raw: raw})
	return true
}

// remove records a deletion and says whether there was anything to delete.
func (l *ledger) remove(key string, position uint64) bool {
	e, known := l.elements[key]
	if !known || e.Value.(*record).raw == nil {
		return false
	}
	l.live.Remove(e)
	l.elements[key] = l.gone.PushBack(&record{key: key, position: position})
	if l.gone.Len() > maxTombstones {
		oldest := l.gone.Remove(l.gone.Front()).(*record)
		delete(l.elements, oldest.key)
		l.floor = oldest.position
	}
	return true
}

// since is what changed after position, oldest first: each key once.
func (l *ledger) since(position uint64) (upsert []json.RawMessage, removed []string) {
	for e := l.live.Back(); e != nil && e.Value.(*record).position > position; e = e.Prev() {
		upsert = append(upsert, e.Value.(*record).raw)
	}
	for e := l.gone.Back(); e != nil && e.Value.(*record).position > position; e = e.Prev() {
		removed = append(removed, e.Value.(*record).key)
	}
	slices.Reverse(upsert)
	slices.Reverse(removed)
	return upsert, removed
}

// snapshot is every value in the order of keys.
func (l *ledger) snapshot() []json.RawMessage {
	items := make([]json.RawMessage, 0, l.live.Len())
	for _, key := range l.keys() {
		items = append(items, l.elements[key].Value.(*record).raw)
	}
	return items
}

// keys are the keys that have a value, sorted.
func (l *ledger) keys() []string {
	keys := make([]string, 0, l.live.Len())
	for e := l.live.Front(); e != nil; e = e.Next() {
		keys = append(keys, e.Value.(*record).key)
	}
	slices.Sort(keys)
	return keys
}
