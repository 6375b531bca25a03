package cluster

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp/cmpopts"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"pgregory.net/rapid"

	gocmp "github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// watched is an observer that checks that it hears of each object in order: what
// was before is what it heard last.
type watched struct {
	t     testing.TB
	mu    sync.Mutex
	known map[resource.Key]*Record
	kinds []schema.GroupKind
	calls int
}

func newWatched(t testing.TB) *watched { return &watched{t: t, known: map[resource.Key]*Record{}} }

func (o *watched) ObjectChanged(before, after *Record) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls++
	if before == nil && after == nil {
		o.t.Error("nothing became nothing")
		return
	}
	key := keyOf(before, after)
	if have := o.known[key]; have != nil && before != nil && have.UID != before.UID || (have == nil) != (before == nil) {
		o.t.Errorf("%s: before is %v, told was %v", key, before, have)
	}
	if o.known[key] = after; after == nil {
		delete(o.known, key)
	}
}

func keyOf(before, after *Record) resource.Key {
	if before != nil {
		return before.Key
	}
	return after.Key
}

func (o *watched) KindChanged(gk schema.GroupKind) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.kinds = append(o.kinds, gk)
}

func judgeNothing(*unstructured.Unstructured, *Record) Verdict { return Verdict{} }

// consistent checks that all ways into the index lead to the same entries, and that none
// leads to what is not there.
func consistent(t interface{ Errorf(string, ...any) }, x *Index) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s, there := &x.shelf, map[*entry]bool{}
	for gk, spaces := range s.kinds {
		for namespace, p := range spaces {
			if _, ok := s.spaces[namespace][p]; !ok || p.kind != gk || p.namespace != namespace || len(p.entries) == 0 {
				t.Errorf("%v in %q is %+v", gk, namespace, p)
			}
			for at, e := range p.entries {
				there[e] = true
				if int(e.at) != at || e.place != p || s.objects.Find(objectName{p, e.name}) != e {
					t.Errorf("%s is astray", e.key())
				}
			}
		}
	}
	if len(there) != s.objects.Len() {
		t.Errorf("%d entries, of which %d have places", s.objects.Len(), len(there))
	}
	for e := range there {
		if _, ok := s.byApp[e.app()][e]; ok != (e.app() != "") {
			t.Errorf("%s of %q is listed with it: %v", e.key(), e.app(), ok)
		}
		for _, o := range e.owners() {
			if slices.Contains(s.children[o], e) != (o != uid{}) {
				t.Errorf("%s is no child of %x, or one of none", e.key(), o)
			}
		}
		if i := e.inferred(); i != (resource.Key{}) && !slices.Contains(s.inferred[i], e) {
			t.Errorf("%s is not listed with %s", e.key(), i)
		}
		for _, c := range e.claims() {
			if !slices.Contains(s.claimers[claimKey(e.place.namespace, c)], e) {
				t.Errorf("%s is not listed as the owner of claims %s", e.key(), c)
			}
		}
	}
	uids := map[uid]bool{}
	for e := range there {
		if by := s.byUID.Find(e.uid); by != nil {
			uids[e.uid] = true
			if !there[by] || by.uid != e.uid || e.uid == (uid{}) {
				t.Errorf("byUID leads from %x to %s", e.uid, by.key())
			}
		}
	}
	if len(uids) != s.byUID.Len() {
		t.Errorf("%d entries by uid, of which %d are there", s.byUID.Len(), len(uids))
	}
	leads(t, "byApp", s.byApp, func(app string, list map[*entry]struct{}) bool {
		return len(list) > 0 && all(maps.Keys(list), func(e *entry) bool { return there[e] && e.app() == app && app != "" })
	})
	leads(t, "children", s.children, func(u uid, list []*entry) bool {
		return len(list) > 0 && all(slices.Values(list), func(e *entry) bool { return there[e] && slices.Contains(e.owners(), u) })
	})
	leads(t, "inferred", s.inferred, func(key resource.Key, list []*entry) bool {
		return len(list) > 0 && all(slices.Values(list), func(e *entry) bool { return there[e] && e.inferred() == key })
	})
	leads(t, "claimers", s.claimers, func(key resource.Key, list []*entry) bool {
		return len(list) > 0 && all(slices.Values(list), func(e *entry) bool {
			return there[e] && e.place.namespace == key.Namespace && slices.Contains(e.claims(), key.Name)
		})
	})
}

func leads[K comparable, V any](t interface{ Errorf(string, ...any) }, name string, m map[K]V, right func(K, V) bool) {
	for k, v := range m {
		if !right(k, v) {
			t.Errorf("%s leads from %v to %v", name, k, v)
		}
	}
}

func all[T any](seq iter.Seq[T], right func(T) bool) bool {
	for v := range seq {
		if !right(v) {
			return false
		}
	}
	return true
}

// TestIndexProperties does at random what watchers, applies and readers do, and
// compares with a map that knows the rule: the newest version of the object with
// the last uid, unless that is gone.
func TestIndexProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		observer := newWatched(t)
		x := newIndex(Options{Judge: judgeNothing, Observer: observer})
		model := map[resource.Key]*Record{}
		gone := map[types.UID]bool{}
		keyGen := rapid.Custom(func(t *rapid.T) resource.Key {
			return resource.Key{Kind: rapid.SampledFrom([]string{"Pod", "Service"}).Draw(t, "kind"), Namespace: "ns", Name: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")}
		})
		uidGen := rapid.SampledFrom([]types.UID{"", "u1", "u2", "u3"})
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				r := &Record{
					Key: keyGen.Draw(t, "key"), UID: uidGen.Draw(t, "uid"), ResourceVersion: strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "version")),
					App: rapid.SampledFrom([]string{"", "one", "two"}).Draw(t, "app"), Owners: rapid.SliceOfNDistinct(uidGen, 0, 2, rapid.ID).Draw(t, "owners"),
					Inferred: rapid.SampledFrom([]resource.Key{{}, {Kind: "Service", Namespace: "ns", Name: "a"}, claimKey("ns", "a")}).Draw(t, "inferred"),
					Claims:   rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b"}), 0, 2, rapid.ID).Draw(t, "claims"),
				}
				// One uid is one object's.
				r.UID = types.UID(cmp.Or(string(r.UID), "") + map[bool]string{true: "", false: "/" + r.Key.String()}[r.UID == ""])
				x.put(r)
				have := model[r.Key]
				if gone[r.UID] || have != nil && have.UID == r.UID && have.ResourceVersion > r.ResourceVersion {
					return
				}
				if have != nil && have.UID == r.UID && r.UID != "" {
					r.Deleting = r.Deleting || have.Deleting
				}
				model[r.Key] = r
			},
			"remove": func(t *rapid.T) {
				key := keyGen.Draw(t, "key")
				uid := uidGen.Draw(t, "uid")
				if uid != "" {
					uid = types.UID(string(uid) + "/" + key.String())
					gone[uid] = true
				}
				x.remove(key, uid)
				if have := model[key]; have != nil && have.UID == uid {
					delete(model, key)
				}
			},
			"amend": func(t *rapid.T) {
				key, version := keyGen.Draw(t, "key"), strconv.Itoa(rapid.IntRange(1, 9).Draw(t, "version"))
				done := x.Amend(key, version, func(v *Verdict) { v.Message = "amended" })
				have := model[key]
				if done != (have != nil && have.ResourceVersion == version) {
					t.Errorf("amended %s at %s: %v, is %v", key, version, done, have)
				}
				if done {
					after := *have
					after.Verdict.Message = "amended"
					model[key] = &after
				}
			},
			"going": func(t *rapid.T) {
				key := keyGen.Draw(t, "key")
				if have := model[key]; have != nil {
					x.Going(key, have.UID)
					after := *have
					after.Deleting = true
					model[key] = &after
				}
				x.Going(key, "another")
			},
			"": func(t *rapid.T) {
				consistent(t, x)
				if diff := gocmp.Diff(model, observer.known, cmpopts.EquateEmpty()); diff != "" {
					t.Errorf("the observer was told something else (-rule +told):\n%s", diff)
				}
				for key, want := range model {
					if diff := gocmp.Diff(want, x.Get(key), cmpopts.EquateEmpty()); diff != "" {
						t.Errorf("%s (-rule +got):\n%s", key, diff)
					}
				}
				byApp := map[string]int{}
				for _, r := range model {
					byApp[r.App]++
				}
				for _, app := range []string{"one", "two"} {
					if got := len(x.Tracked(app)); got != byApp[app] {
						t.Errorf("%s has %d, want %d", app, got, byApp[app])
					}
				}
			},
		})
	})
}

func TestOwners(t *testing.T) {
	x := newIndex(Options{Judge: judgeNothing, Observer: newWatched(t)})
	add := func(name string, uid types.UID, app string, owners ...types.UID) *Record {
		return x.put(&Record{Key: resource.Key{Kind: "Thing", Name: name}, UID: uid, ResourceVersion: "1", App: app, Owners: owners})
	}
	root := add("root", "1", "shop")
	middle := add("middle", "2", "", "1")
	leaf := add("leaf", "3", "", "2", "9", "")
	ping, pong := add("ping", "4", "", "5"), add("pong", "5", "team", "4")
	add("other", "6", "", "")
	for _, tt := range []struct {
		reason string
		of     *Record
		want   []string
	}{
		{"its own", root, []string{"shop"}},
		{"its owner's", middle, []string{"shop"}},
		{"its owner's owner's, and owners that are not there have none", leaf, []string{"shop"}},
		{"owners in a circle", ping, []string{"team"}},
		{"owners in a circle, from the other side", pong, []string{"team"}},
		{"nothing", nil, nil},
	} {
		if diff := gocmp.Diff(tt.want, x.AppsOf(tt.of)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
		}
	}
	if got := x.Children("1"); len(got) != 1 || got[0].Key != middle.Key {
		t.Errorf("children: %v", got)
	}
	if got := x.Children(""); len(got) != 0 {
		t.Errorf("children of no uid: %v", got)
	}
	chain := types.UID("c0")
	last := add("c0", chain, "far")
	for i := 1; i < 40; i++ {
		next := types.UID(fmt.Sprintf("c%d", i))
		last = add(string(next), next, "", chain)
		chain = next
	}
	if got := x.AppsOf(last); len(got) != 0 {
		t.Errorf("a walk of forty steps: %v", got)
	}
	want := map[schema.GroupKind]int{{Kind: "Thing"}: 46}
	if diff := gocmp.Diff(want, x.Counts()); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
}

// object is a body as a watch or an apply brings it.
func object(name, uid, version, tracking string) *unstructured.Unstructured {
	meta := map[string]any{"name": name, "namespace": "ns", "uid": uid, "resourceVersion": version, "creationTimestamp": "2026-01-01T00:00:00Z"}
	if tracking != "" {
		meta["annotations"] = map[string]any{v1alpha1.AnnotationTrackingID: tracking, v1alpha1.AnnotationSyncWave: "3", v1alpha1.AnnotationSyncOptions: "Prune=false"}
	}
	return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}}
}

func TestObserve(t *testing.T) {
	key := resource.Key{Kind: "ConfigMap", Namespace: "ns", Name: "a"}
	var judged []string
	x := newIndex(Options{Judge: func(obj *unstructured.Unstructured, before *Record) Verdict {
		judged = append(judged, fmt.Sprintf("%s after %v", obj.GetResourceVersion(), before != nil))
		return Verdict{Message: obj.GetResourceVersion()}
	}, Observer: newWatched(t)})
	for _, tt := range []struct {
		reason  string
		obj     *unstructured.Unstructured
		message string
	}{
		{"the answer to an apply", object("a", "u1", "10", "shop:/ConfigMap:ns/a"), "10"},
		{"an older answer that comes late is left aside", object("a", "u1", "9", ""), "10"},
		{"the same version is judged anew: desired may have moved", object("a", "u1", "10", ""), "10"},
		{"a newer one counts", object("a", "u1", "11", ""), "11"},
		{"so does another object of that name", object("a", "u2", "12", ""), "12"},
		{"and a version that is no number, which cannot be told apart", object("a", "u2", "abc", ""), "abc"},
		{"and the next of that sort", object("a", "u2", "abd", ""), "abd"},
	} {
		x.Observe(tt.obj)
		if got := x.Get(key); got == nil || got.Verdict.Message != tt.message {
			t.Errorf("%s: got %+v", tt.reason, got)
		}
	}
	if len(judged) != 6 || judged[0] != "10 after false" || judged[1] != "10 after true" {
		t.Errorf("judged %q", judged)
	}
	x.remove(key, "u2")
	if x.Observe(object("a", "u2", "13", "")); x.Get(key) != nil {
		t.Error("an answer about an object that is gone brought it back")
	}
	if x.Observe(object("a", "u3", "14", "")); x.Get(key) == nil {
		t.Error("another object of that name is not taken")
	}
}

func TestAppliedBelongsToOneObject(t *testing.T) {
	x := newIndex(Options{Judge: judgeNothing, Observer: newWatched(t)})
	key := resource.Key{Kind: "ConfigMap", Namespace: "ns", Name: "a"}
	x.Applied(key, "u1", 5)
	x.Observe(object("a", "u1", "1", ""))
	x.Applied(key, "u2", 6)
	if got := x.Get(key).Verdict.Applied; got != 0 {
		t.Errorf("of another object: %d", got)
	}
	x.Applied(key, "u1", 7)
	if got := x.Get(key).Verdict.Applied; got != 7 {
		t.Errorf("got %d", got)
	}
	consistent(t, x)
}

// TestAppliedWhileJudging: what is applied while a watch's body is being judged is not
// forgotten. A sync back to what was applied before would find nothing to do.
func TestAppliedWhileJudging(t *testing.T) {
	key := resource.Key{Kind: "ConfigMap", Namespace: "ns", Name: "a"}
	var x *Index
	x = newIndex(Options{Judge: func(obj *unstructured.Unstructured, before *Record) Verdict {
		if before == nil {
			return Verdict{Desired: 1}
		}
		v := Verdict{Desired: 2, Applied: before.Verdict.Applied, Agreed: before.Verdict.Agreed}
		if obj.GetResourceVersion() == "2" {
			x.Applied(key, "u1", 2)
			x.Amend(key, "1", func(v *Verdict) { v.Agreed = 9 })
		}
		return v
	}, Observer: newWatched(t)})
	x.Observe(object("a", "u1", "1", ""))
	x.Applied(key, "u1", 1)
	x.Observe(object("a", "u1", "2", ""))
	if got := x.Get(key).Verdict; got.Applied != 2 || got.Agreed != 9 {
		t.Errorf("got %+v", got)
	}
}

// TestGoingStays: what the API server has agreed to delete is not there again because of an
// event that was under way then. It would be deleted twice.
func TestGoingStays(t *testing.T) {
	x := newIndex(Options{Judge: judgeNothing, Observer: newWatched(t)})
	key := resource.Key{Kind: "ConfigMap", Namespace: "ns", Name: "a"}
	x.Observe(object("a", "u1", "1", ""))
	x.Going(key, "u1")
	x.Observe(object("a", "u1", "2", ""))
	if got := x.Get(key); !got.Deleting || got.ResourceVersion != "2" {
		t.Errorf("got %+v", got)
	}
	x.Observe(object("a", "u2", "3", ""))
	if got := x.Get(key); got.Deleting || got.UID != "u2" {
		t.Errorf("another of its name: %+v", got)
	}
}

// TestTombstonesAreBounded: the last are remembered, and no more of them.
func TestTombstonesAreBounded(t *testing.T) {
	var s tombstones
	for i := range 3 * maxTombstones {
		uid := types.UID(strconv.Itoa(i))
		s.add(uid)
		s.add(uid)
	}
	s.add("")
	if len(s.set) != maxTombstones || len(s.ring) != maxTombstones || s.has("") {
		t.Errorf("%d remembered, %d in the ring", len(s.set), len(s.ring))
	}
	if !s.has(types.UID(strconv.Itoa(2*maxTombstones))) || s.has(types.UID(strconv.Itoa(2*maxTombstones-1))) {
		t.Error("not the last ones")
	}
}

func TestKindChangesAreTold(t *testing.T) {
	observer := newWatched(t)
	x := newIndex(Options{Judge: judgeNothing, Observer: observer})
	gk := schema.GroupKind{Kind: "Moon"}
	steps := []func(*KindState){
		func(s *KindState) { s.Served = true },
		func(s *KindState) { s.Served = true },             // nothing new
		func(s *KindState) { s.Synced = true },             // read for the first time
		func(s *KindState) { s.Err = errNoName },           // begins to fail
		func(s *KindState) { s.Err = fmt.Errorf("other") }, // still fails
		func(s *KindState) { s.Err = nil },                 // recovers
		func(s *KindState) { *s = KindState{} },            // is gone
	}
	for _, step := range steps {
		x.setKind(gk, step)
	}
	if len(observer.kinds) != 5 {
		t.Errorf("told %d times", len(observer.kinds))
	}
	if got := x.Kind(gk); got != (KindState{}) {
		t.Errorf("got %+v", got)
	}
}

func TestOfKind(t *testing.T) {
	x := newIndex(Options{Judge: judgeNothing, Observer: newWatched(t)})
	for i, kind := range []string{"Pod", "Pod", "Service"} {
		x.put(&Record{Key: resource.Key{Kind: kind, Name: strconv.Itoa(i)}, UID: types.UID(strconv.Itoa(i)), ResourceVersion: "1"})
	}
	x.put(&Record{Key: resource.Key{Group: "other", Kind: "Pod", Name: "x"}, UID: "x", ResourceVersion: "1"})
	got := slices.Sorted(maps.Values(x.ofKind(schema.GroupKind{Kind: "Pod"})))
	if diff := gocmp.Diff([]types.UID{"0", "1"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
