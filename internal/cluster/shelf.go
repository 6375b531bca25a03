package cluster

import (
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/table"
)

// shelf holds the entries and all ways to them. Its ways along owners are kept as entries
// come and go: what an object says of its relations stands in maps by what it names, be
// that there or not, so nothing is searched when an owner comes after what it owns.
type shelf struct {
	kinds   map[schema.GroupKind]map[string]*place // by kind and namespace
	spaces  map[string]map[*place]struct{}         // by namespace
	objects table.Table[objectName, entry]
	byUID   table.Table[uid, entry]        // those without uid excepted
	byApp   map[string]map[*entry]struct{} // Application instance -> what it tracks
	// children are the entries with an owner reference to a uid, inferred those that an
	// object of a key is inferred to own, claimers those that own by another name.
	children map[uid][]*entry
	inferred map[resource.Key][]*entry
	claimers map[resource.Key][]*entry
	texts    texts
}

type objectName struct {
	place *place
	name  string
}

func newShelf() shelf {
	return shelf{
		kinds: map[schema.GroupKind]map[string]*place{}, spaces: map[string]map[*place]struct{}{},
		objects: table.New(func(e *entry) objectName { return objectName{e.place, e.name} }),
		byUID:   table.New(func(e *entry) uid { return e.uid }), byApp: map[string]map[*entry]struct{}{},
		children: map[uid][]*entry{}, inferred: map[resource.Key][]*entry{}, claimers: map[resource.Key][]*entry{},
	}
}

func (s *shelf) find(key resource.Key) *entry {
	p := s.kinds[key.GroupKind()][key.Namespace]
	if p == nil {
		return nil
	}
	return s.objects.Find(objectName{p, key.Name})
}

// set makes an object's entry that of a record.
func (s *shelf) set(r *Record) {
	e := s.find(r.Key)
	if e == nil {
		e = s.add(r.Key, r.Version)
		e.fill(r, &s.texts)
		s.link(e)
		return
	}
	before := *e
	e.fill(r, &s.texts)
	if before.uid == e.uid && before.app() == e.app() && before.kin == e.kin {
		return
	}
	after := *e
	*e = before
	s.unlink(e)
	*e = after
	s.link(e)
}

// add makes an empty entry of an object that is read in a version.
func (s *shelf) add(key resource.Key, version string) *entry {
	gk := key.GroupKind()
	p := s.kinds[gk][key.Namespace]
	if p == nil {
		p = &place{namespace: s.texts.one(key.Namespace), apiVersion: s.texts.one(version)}
		p.kind = schema.GroupKind{Group: s.texts.one(gk.Group), Kind: s.texts.one(gk.Kind)}
		if s.kinds[p.kind] == nil {
			s.kinds[p.kind] = map[string]*place{}
		}
		s.kinds[p.kind][p.namespace] = p
		if s.spaces[p.namespace] == nil {
			s.spaces[p.namespace] = map[*place]struct{}{}
		}
		s.spaces[p.namespace][p] = struct{}{}
	}
	e := &entry{place: p, name: key.Name, at: int32(len(p.entries))} //nolint:gosec // no cluster has as many objects
	p.entries = append(p.entries, e)
	s.objects.Put(e)
	return e
}

// remove forgets an object.
func (s *shelf) remove(key resource.Key) {
	e := s.find(key)
	if e == nil {
		return
	}
	s.unlink(e)
	p := e.place
	s.objects.Remove(e)
	last := p.entries[len(p.entries)-1]
	p.entries[e.at], last.at = last, e.at
	p.entries[len(p.entries)-1] = nil
	p.entries = p.entries[:len(p.entries)-1]
	if len(p.entries) > 0 {
		return
	}
	drop(s.kinds, p.kind, p.namespace)
	drop(s.spaces, p.namespace, p)
}

// link makes an entry known by all that it says of itself.
func (s *shelf) link(e *entry) {
	if e.uid != (uid{}) { // some aggregated APIs have none
		s.byUID.Put(e)
	}
	if app := e.app(); app != "" {
		if s.byApp[app] == nil {
			s.byApp[app] = map[*entry]struct{}{}
		}
		s.byApp[app][e] = struct{}{}
	}
	for _, o := range e.owners() {
		if o != (uid{}) {
			s.children[o] = append(s.children[o], e)
		}
	}
	if key := e.inferred(); key != (resource.Key{}) {
		s.inferred[key] = append(s.inferred[key], e)
	}
	for _, c := range e.claims() {
		key := claimKey(e.place.namespace, c)
		s.claimers[key] = append(s.claimers[key], e)
	}
}

// unlink undoes link; the entry is as it was then.
func (s *shelf) unlink(e *entry) {
	s.byUID.Remove(e)
	drop(s.byApp, e.app(), e)
	for _, o := range e.owners() {
		without(s.children, o, e)
	}
	if key := e.inferred(); key != (resource.Key{}) {
		without(s.inferred, key, e)
	}
	for _, c := range e.claims() {
		without(s.claimers, claimKey(e.place.namespace, c), e)
	}
}

func drop[K, N comparable, V any](m map[K]map[N]V, k K, n N) {
	if delete(m[k], n); len(m[k]) == 0 {
		delete(m, k)
	}
}

func without[K comparable](m map[K][]*entry, k K, e *entry) {
	list := m[k]
	i := slices.Index(list, e)
	if i < 0 {
		return
	}
	last := len(list) - 1
	list[i], list[last] = list[last], nil
	if m[k] = list[:last]; last == 0 {
		delete(m, k)
	}
}
