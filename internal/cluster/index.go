package cluster

import (
	"sync"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

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

// Index holds a Record of each object. All methods are safe for concurrent use.
type Index struct {
	mu       sync.RWMutex
	byKey    map[resource.Key]*Record
	byUID    map[types.UID]*Record
	children map[types.UID]map[resource.Key]struct{} // uid of an owner -> keys of what it owns
	byApp    map[string]map[resource.Key]struct{}    // Application instance -> keys of what it tracks
	kinds    map[schema.GroupKind]KindState
	gone     tombstones
	names    map[string]string // groups and kinds, so that records share one copy
	held     heldBodies

	judge        Judge
	observer     Observer
	installation func() string
}

func newIndex(o Options) *Index {
	installation := o.Installation
	if installation == nil {
		installation = func() string { return "" }
	}
	return &Index{
		byKey: map[resource.Key]*Record{}, byUID: map[types.UID]*Record{},
		children: map[types.UID]map[resource.Key]struct{}{}, byApp: map[string]map[resource.Key]struct{}{},
		kinds: map[schema.GroupKind]KindState{}, names: map[string]string{},
		judge: o.Judge, observer: o.Observer, installation: installation,
	}
}

// Get is the record of an object, or nil.
func (x *Index) Get(key resource.Key) *Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.byKey[key]
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
	out := make([]*Record, 0, len(x.byApp[app]))
	for key := range x.byApp[app] {
		out = append(out, x.byKey[key])
	}
	return out
}

// Children are the records of the objects that name uid as an owner.
func (x *Index) Children(uid types.UID) []*Record {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := make([]*Record, 0, len(x.children[uid]))
	for key := range x.children[uid] {
		out = append(out, x.byKey[key])
	}
	return out
}

// maxOwners bounds a walk along owner references, which may form a circle.
const maxOwners = 16

// AppsOf are the Application instances to whose trees a record belongs: its own
// and those of its owners.
func (x *Index) AppsOf(r *Record) []string {
	x.mu.RLock()
	defer x.mu.RUnlock()
	var apps []string
	seen := map[types.UID]bool{}
	var walk func(r *Record, depth int)
	walk = func(r *Record, depth int) {
		if r == nil || depth > maxOwners || seen[r.UID] {
			return
		}
		seen[r.UID] = true
		if r.App != "" {
			apps = append(apps, r.App)
		}
		for _, o := range r.Owners {
			walk(x.byUID[o], depth+1)
		}
	}
	walk(r, 0)
	return apps
}

// Counts are the numbers of records by kind.
func (x *Index) Counts() map[schema.GroupKind]int {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[schema.GroupKind]int{}
	for key := range x.byKey {
		out[key.GroupKind()]++
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
	m := metaOf(obj)
	r := x.record(key, m)
	r.Version = obj.GroupVersionKind().Version
	r.Verdict = x.judge(obj, before)
	return x.put(r)
}

// Amend changes an object's verdict when the object is still at the given
// resource version, and tells whether it was.
func (x *Index) Amend(key resource.Key, resourceVersion string, change func(*Verdict)) bool {
	x.mu.Lock()
	before := x.byKey[key]
	if before == nil || before.ResourceVersion != resourceVersion {
		x.mu.Unlock()
		return false
	}
	after := *before
	change(&after.Verdict)
	x.replace(before, &after)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, &after)
	return true
}

// Applied notes which desired object was applied last to the object with this uid.
func (x *Index) Applied(key resource.Key, uid types.UID, hash uint64) {
	x.mu.Lock()
	defer x.mu.Unlock()
	before := x.byKey[key]
	if before == nil || before.UID != uid {
		return
	}
	after := *before
	after.Verdict.Applied = hash
	x.replace(before, &after)
}

// Going notes that the API server has accepted the deletion of the object with this
// uid, before a watch tells of it.
func (x *Index) Going(key resource.Key, uid types.UID) {
	x.mu.Lock()
	before := x.byKey[key]
	if before == nil || before.UID != uid || before.Deleting {
		x.mu.Unlock()
		return
	}
	after := *before
	after.Deleting = true
	x.replace(before, &after)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, &after)
}

// put stores r unless the object is known to be newer or gone.
func (x *Index) put(r *Record) *Record {
	x.mu.Lock()
	before := x.byKey[r.Key]
	if x.gone.has(r.UID) || before != nil && before.UID == r.UID && overtaken(before, r.ResourceVersion) {
		x.mu.Unlock()
		return before
	}
	if before != nil && before.UID == r.UID {
		// They may have been noted while r was judged by an older record, as when a watch
		// tells of what is just being applied.
		r.Verdict.Applied, r.Verdict.Agreed = before.Verdict.Applied, before.Verdict.Agreed
	}
	x.replace(before, r)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, r)
	return r
}

// remove forgets the object with this uid, and for good: a late answer of an
// earlier request does not bring it back.
func (x *Index) remove(key resource.Key, uid types.UID) {
	x.mu.Lock()
	before := x.byKey[key]
	x.gone.add(uid)
	if before == nil || before.UID != uid {
		x.mu.Unlock()
		return
	}
	x.replace(before, nil)
	x.mu.Unlock()
	x.observer.ObjectChanged(before, nil)
}

// replace swaps records; the lock is held. Either may be nil.
func (x *Index) replace(before, after *Record) {
	if before != nil {
		delete(x.byKey, before.Key)
		if x.byUID[before.UID] == before {
			delete(x.byUID, before.UID)
		}
		unlink(x.byApp, before.App, before.Key)
		for _, o := range before.Owners {
			unlink(x.children, o, before.Key)
		}
	}
	if after == nil {
		return
	}
	x.byKey[after.Key] = after
	if after.UID != "" { // some aggregated APIs have none
		x.byUID[after.UID] = after
	}
	link(x.byApp, after.App, after.Key)
	for _, o := range after.Owners {
		link(x.children, o, after.Key)
	}
}

func link[K comparable](m map[K]map[resource.Key]struct{}, k K, key resource.Key) {
	var zero K
	if k == zero {
		return
	}
	if m[k] == nil {
		m[k] = map[resource.Key]struct{}{}
	}
	m[k][key] = struct{}{}
}

func unlink[K comparable](m map[K]map[resource.Key]struct{}, k K, key resource.Key) {
	delete(m[k], key)
	if len(m[k]) == 0 {
		delete(m, k)
	}
}

// ofKind are the keys of all records of a kind.
func (x *Index) ofKind(gk schema.GroupKind) map[resource.Key]types.UID {
	x.mu.RLock()
	defer x.mu.RUnlock()
	out := map[resource.Key]types.UID{}
	for key, r := range x.byKey {
		if key.Group == gk.Group && key.Kind == gk.Kind {
			out[key] = r.UID
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

// intern returns one shared copy of a string of which there are few; the lock is held.
func (x *Index) intern(s string) string {
	if have, ok := x.names[s]; ok {
		return have
	}
	x.names[s] = s
	return s
}

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
