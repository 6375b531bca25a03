package cluster

import (
	"math"
	"reflect"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/resource"
)

// entry is a Record as the index keeps it. There are a hundred thousand of them, most of
// which have neither owner nor verdict, so what few have is behind a pointer. An entry
// stays the same one while its object is there; the index's lock guards it.
type entry struct {
	place *place
	name  string
	uid   uid
	// version is the resource version where that is a number, as it nearly always is.
	version uint64
	// at is where it stands in its place.
	at int32
	// created is in seconds since 1970, until 2106.
	created uint32
	kin     *kin
	opinion *opinion
	rare    *rare
}

// place is where the objects of one kind in one namespace lie.
type place struct {
	kind      schema.GroupKind
	namespace string
	// apiVersion is the one in which those are read that have no other in rare.
	apiVersion string
	entries    []*entry
}

// rare is what few objects have, and those often in common: one may be of many entries.
type rare struct {
	app      string
	deleting bool
	// apiVersion is the one in which the object is read, if not that of its place.
	apiVersion    string
	hasAPIVersion bool
	hints         Hints
	odd           odd
}

// odd are the texts of a uid that is no UUID and a resource version that is no number.
type odd struct {
	uid        types.UID
	version    string
	hasVersion bool
}

// kin is what an object says of its relations.
type kin struct {
	owners []uid
	more   *moreKin
}

type moreKin struct {
	inferred resource.Key
	claims   []string
	// owners are the texts of the owners' uids, if not all of them are UUIDs.
	owners []types.UID
}

func (e *entry) key() resource.Key {
	return resource.Key{Group: e.place.kind.Group, Kind: e.place.kind.Kind, Namespace: e.place.namespace, Name: e.name}
}

func (e *entry) uidText() types.UID {
	if e.rare != nil && e.rare.odd.uid != "" {
		return e.rare.odd.uid
	}
	return e.uid.text()
}

// app is the Application instance that tracks the object, or empty.
func (e *entry) app() string {
	if e.rare == nil {
		return ""
	}
	return e.rare.app
}

func (e *entry) owners() []uid {
	if e.kin == nil {
		return nil
	}
	return e.kin.owners
}

// inferred is the key of the owner that convention tells of.
func (e *entry) inferred() resource.Key {
	if e.kin == nil || e.kin.more == nil {
		return resource.Key{}
	}
	return e.kin.more.inferred
}

func (e *entry) claims() []string {
	if e.kin == nil || e.kin.more == nil {
		return nil
	}
	return e.kin.more.claims
}

// record is the entry for others; nil for none.
func (e *entry) record() *Record {
	if e == nil {
		return nil
	}
	r := &Record{
		Key: e.key(), Version: e.place.apiVersion, UID: e.uidText(), ResourceVersion: strconv.FormatUint(e.version, 10),
		Created: int64(e.created), Inferred: e.inferred(), Claims: e.claims(), Verdict: e.opinion.verdict(),
	}
	switch {
	case e.kin == nil:
	case e.kin.more != nil && e.kin.more.owners != nil:
		r.Owners = e.kin.more.owners
	case len(e.kin.owners) > 0:
		r.Owners = make([]types.UID, len(e.kin.owners))
		for i, o := range e.kin.owners {
			r.Owners[i] = o.text()
		}
	}
	if e.rare == nil {
		return r
	}
	r.App, r.Deleting, r.Hints = e.rare.app, e.rare.deleting, e.rare.hints
	if e.rare.hasAPIVersion {
		r.Version = e.rare.apiVersion
	}
	if e.rare.odd.hasVersion {
		r.ResourceVersion = e.rare.odd.version
	}
	return r
}

// fill takes over a record, its place and name excepted. What is equal to what the entry
// has stays, so that an update leaves little behind.
func (e *entry) fill(r *Record, texts *texts) {
	uid, isUUID := uidOf(r.UID)
	version, err := strconv.ParseUint(r.ResourceVersion, 10, 64)
	isNumber := err == nil && strconv.FormatUint(version, 10) == r.ResourceVersion
	few := rare{app: r.App, deleting: r.Deleting, hints: r.Hints}
	if !isUUID {
		few.odd.uid = r.UID
	}
	if !isNumber {
		version, few.odd.version, few.odd.hasVersion = 0, r.ResourceVersion, true
	}
	if r.Version != e.place.apiVersion {
		few.apiVersion, few.hasAPIVersion = r.Version, true
	}
	e.uid, e.version, e.created = uid, version, uint32(min(max(r.Created, 0), math.MaxUint32)) //nolint:gosec // it is in bounds
	if k := kinOf(r, texts); !reflect.DeepEqual(k, e.kin) {
		e.kin = k
	}
	e.rare = texts.rare(few, e.rare)
	e.opinion = opinionOf(r.Verdict, e.opinion, texts)
}

func kinOf(r *Record, texts *texts) *kin {
	if len(r.Owners) == 0 && len(r.Claims) == 0 && r.Inferred == (resource.Key{}) {
		return nil
	}
	k := &kin{}
	all := true
	for _, o := range r.Owners {
		u, isUUID := uidOf(o)
		k.owners = append(k.owners, u)
		all = all && isUUID
	}
	if !all || len(r.Claims) > 0 || r.Inferred != (resource.Key{}) {
		i := r.Inferred
		i.Group, i.Kind, i.Namespace = texts.one(i.Group), texts.one(i.Kind), texts.one(i.Namespace)
		k.more = &moreKin{inferred: i, claims: r.Claims}
	}
	if !all {
		k.more.owners = slices.Clone(r.Owners)
	}
	return k
}

// texts gives equal texts one memory. It forgets them all when there are too many, so
// that texts nobody has any more do not gather.
type texts struct {
	known map[string]string
	// pods are what Pods of the same labels have in common.
	pods map[string]*Network
	// rares are those that many entries may have.
	rares map[rare]*rare
}

const (
	maxTexts = 1 << 14
	maxRares = 1 << 12
	// maxText is the longest that is looked up; longer ones are rarely equal.
	maxText = 256
)

func (t *texts) one(s string) string {
	if s == "" || len(s) > maxText {
		return s
	}
	if have, ok := t.known[s]; ok {
		return have
	}
	if t.known == nil || len(t.known) >= maxTexts {
		t.known = map[string]string{}
	}
	t.known[s] = s
	return s
}

// rare is one that is equal to now, and before if that is; nil for an empty one.
func (t *texts) rare(now rare, before *rare) *rare {
	switch {
	case now == rare{}:
		return nil
	case before != nil && now == *before:
		return before
	case now.odd != odd{}: // nobody else has it
		return &now
	}
	if have, ok := t.rares[now]; ok {
		return have
	}
	if t.rares == nil || len(t.rares) >= maxRares {
		t.rares = map[rare]*rare{}
	}
	t.rares[now] = &now
	return &now
}
