package cluster

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/resource"
)

// Observer hears of changes. Its methods are called without locks held and must
// return soon; for one object in order, for different objects at once.
type Observer interface {
	// ObjectChanged tells of an object that came (before is nil), changed, or
	// went (after is nil).
	ObjectChanged(before, after *Record)
	// KindChanged tells that a kind came, went, was read for the first time, began
	// to fail or recovered.
	KindChanged(gk schema.GroupKind)
}

// Judge concludes a Verdict from a body. before is the object's record until now,
// or nil.
type Judge func(obj *unstructured.Unstructured, before *Record) Verdict

// KindState is how well a kind is known.
type KindState struct {
	Kind Kind
	// Served says whether the API server serves it at all.
	Served bool
	// Synced says whether it was listed once.
	Synced bool
	// Err is why it cannot be read now, if so.
	Err error
}

// Index knows a Record of each object. All methods are safe for concurrent use.
type Index struct {
	mu    sync.RWMutex
	shelf shelf
	kinds map[schema.GroupKind]KindState
	gone  tombstones
	held  heldBodies

	judge        Judge
	wants        func(resource.Key, map[string]string) bool
	observer     Observer
	installation func() string
}

func newIndex(o Options) *Index {
	installation := o.Installation
	if installation == nil {
		installation = func() string { return "" }
	}
	return &Index{
		shelf: newShelf(), kinds: map[schema.GroupKind]KindState{},
		judge: o.Judge, wants: o.Wants, observer: o.Observer, installation: installation,
	}
}

// Get is the record of an object, or nil.
func (x *Index) Get(key resource.Key) *Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.shelf.find(key).record()
}

// Kind is how well a kind is known.
func (x *Index) Kind(gk schema.GroupKind) KindState {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.kinds[gk]
}

// Tracked are the records that carry an Application instance's tracking id.
func (x *Index) Tracked(app string) []*Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]*Record, 0, len(x.shelf.byApp[app]))
	for e := range x.shelf.byApp[app] {
		out = append(out, e.record())
	}
	return out
}

// Counts are the numbers of records by kind.
func (x *Index) Counts() map[schema.GroupKind]int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[schema.GroupKind]int{}
	for gk, spaces := range x.shelf.kinds {
		for _, p := range spaces {
			out[gk] += len(p.entries)
		}
	}
	return out
}

// Observe takes in a body that did not come from a watch: the answer to an apply
// or a read. A body older than what is known is left aside.
func (x *Index) Observe(obj *unstructured.Unstructured) *Record {
	key := resource.KeyOf(obj)
	before := x.Get(key)
	if before != nil && before.UID == obj.GetUID() && overtaken(before, obj.GetResourceVersion()) {
		return before
	}
	r := x.record(key, wire.MetaOf(obj))
	r.Version, r.Claims = obj.GroupVersionKind().Version, claimsOf(obj)
	r.Verdict = x.judge(obj, before)
	return x.put(r)
}

// Amend changes an object's verdict when the object is still at the given
// resource version, and tells whether it was.
func (x *Index) Amend(key resource.Key, resourceVersion string, change func(*Verdict)) bool {
	return x.change(key, true, func(r *Record) bool {
		if r.ResourceVersion != resourceVersion {
			return false
		}
		change(&r.Verdict)
		return true
	})
}

// Applied notes which desired object was applied last to the object with this uid.
func (x *Index) Applied(key resource.Key, uid types.UID, hash uint64) {
	x.change(key, false, func(r *Record) bool {
		r.Verdict.Applied = hash
		return r.UID == uid
	})
}

// Going notes that the API server has accepted the deletion of the object with this
// uid, before a watch tells of it.
func (x *Index) Going(key resource.Key, uid types.UID) {
	x.change(key, true, func(r *Record) bool {
		if r.UID != uid || r.Deleting {
			return false
		}
		r.Deleting = true
		return true
	})
}

// change has a copy of a record changed, and that put in its place if it was.
func (x *Index) change(key resource.Key, tell bool, change func(*Record) bool) bool {
	x.mu.Lock()
	before := x.shelf.find(key).record()
	if before == nil {
		x.mu.Unlock()
		return false
	}
	after := *before
	if !change(&after) {
		x.mu.Unlock()
		return false
	}
	x.shelf.set(&after)
	x.mu.Unlock()
	if tell {
		x.observer.ObjectChanged(before, &after)
	}
	return true
}

// put stores r unless the object is known to be newer or gone.
func (x *Index) put(r *Record) *Record {
	x.mu.Lock()
	before := x.shelf.find(r.Key).record()
	if x.gone.has(r.UID) || before != nil && before.UID == r.UID && overtaken(before, r.ResourceVersion) {
		x.mu.Unlock()
		return before
	}
	if before != nil && before.UID == r.UID {
		// They may have been noted while r was judged by an older record, as when a watch
		// tells of what is just being applied.
		r.Verdict.Applied, r.Verdict.Agreed = before.Verdict.Applied, before.Verdict.Agreed
		// No deletion is taken back: this is an event from before it.
		r.Deleting = r.Deleting || before.Deleting && r.UID != ""
	}
	x.shelf.set(r)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, r)
	return r
}

// remove forgets the object with this uid, and for good: a late answer of an
// earlier request does not bring it back.
func (x *Index) remove(key resource.Key, uid types.UID) {
	x.mu.Lock()
	before := x.shelf.find(key).record()
	x.gone.add(uid)
	if before == nil || before.UID != uid {
		x.mu.Unlock()
		return
	}
	x.shelf.remove(key)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, nil)
}

// ofKind are the keys of all records of a kind.
func (x *Index) ofKind(gk schema.GroupKind) map[resource.Key]types.UID {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[resource.Key]types.UID{}
	for _, p := range x.shelf.kinds[gk] {
		for _, e := range p.entries {
			out[e.key()] = e.uidText()
		}
	}
	return out
}

func (x *Index) setKind(gk schema.GroupKind, change func(*KindState)) {
	x.mu.Lock()
	before := x.kinds[gk]
	after := before
	change(&after)
	x.kinds[gk] = after
	x.mu.Unlock()
	if before.Served != after.Served || before.Synced != after.Synced || (before.Err == nil) != (after.Err == nil) {
		x.observer.KindChanged(gk)
	}
}
