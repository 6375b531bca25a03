package cluster

import "k8s.io/apimachinery/pkg/types"

// maxTombstones bounds how many deleted uids are remembered. An answer that is
// overtaken by that many deletions does not happen.
const maxTombstones = 4096

// tombstones remembers the uids deleted last.
type tombstones struct {
	set  map[types.UID]struct{}
	ring []types.UID
	next int
}

func (t *tombstones) has(uid types.UID) bool {
	_, ok := t.set[uid]
	return ok
}

func (t *tombstones) add(uid types.UID) {
	if t.set == nil {
		t.set = map[types.UID]struct{}{}
	}
	if uid == "" || t.has(uid) {
		return
	}
	t.set[uid] = struct{}{}
	if len(t.ring) < maxTombstones {
		t.ring = append(t.ring, uid)
		return
	}
	delete(t.set, t.ring[t.next])
	t.ring[t.next] = uid
	t.next = (t.next + 1) % maxTombstones
}
