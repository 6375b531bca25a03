package cluster

import (
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
	// at is where it stands in its place.
	at       int32
	deleting bool
	name     string
	uid      uid
	// version is the resource version where that is a number, as it nearly always is.
	version    uint64
	created    int64
	apiVersion string
	app        string
	kin        *kin
	hints      *Hints
	verdict    *Verdict
	odd        *odd
}

// place is where the objects of one kind in one namespace lie.
type place struct {
	kind      schema.GroupKind
	namespace string
	entries   []*entry
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

// odd are the texts of a uid that is no UUID and a resource version that is no number.
type odd struct {
	uid     types.UID
	version string
}

func (e *entry) key() resource.Key {
	return resource.Key{Group: e.place.kind.Group, Kind: e.place.kind.Kind, Namespace: e.place.namespace, Name: e.name}
}

func (e *entry) uidText() types.UID {
	if e.odd != nil && e.odd.uid != "" {
		return e.odd.uid
	}
	return e.uid.text()
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
		Key: e.key(), Version: e.apiVersion, UID: e.uidText(), ResourceVersion: strconv.FormatUint(e.version, 10),
		Created: e.created, Deleting: e.deleting, App: e.app, Inferred: e.inferred(), Claims: e.claims(),
	}
	if e.odd != nil && e.odd.version != numeric {
		r.ResourceVersion = e.odd.version
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
	if e.hints != nil {
		r.Hints = *e.hints
	}
	if e.verdict != nil {
		r.Verdict = *e.verdict
	}
	return r
}

// numeric stands in odd.version for a version that is a number; no API server has it.
const numeric = "\x00"

// fill takes over a record, its place and name excepted. What is equal to what the entry
// has stays, so that an update leaves little behind.
func (e *entry) fill(r *Record, texts *texts) {
	uid, isUUID := uidOf(r.UID)
	version, err := strconv.ParseUint(r.ResourceVersion, 10, 64)
	isNumber := err == nil && strconv.FormatUint(version, 10) == r.ResourceVersion
	e.odd = nil
	if !isUUID || !isNumber {
		e.odd = &odd{version: numeric}
		if !isUUID {
			e.odd.uid = r.UID
		}
		if !isNumber {
			version, e.odd.version = 0, r.ResourceVersion
		}
	}
	e.uid, e.version, e.created, e.deleting = uid, version, r.Created, r.Deleting
	e.apiVersion, e.app = texts.one(r.Version), texts.one(r.App)
	if k := kinOf(r, texts); !reflect.DeepEqual(k, e.kin) {
		e.kin = k
	}
	switch {
	case r.Hints == Hints{}:
		e.hints = nil
	case e.hints == nil || *e.hints != r.Hints:
		h := r.Hints
		h.SyncOptions, h.CompareOptions, h.HookRun = texts.one(h.SyncOptions), texts.one(h.CompareOptions), texts.one(h.HookRun)
		e.hints = &h
	}
	e.verdict = condensed(r.Verdict, e.verdict, texts)
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

// condensed is a verdict with texts that are shared with others; nil for an empty one.
// Lists are copied, as others read those of the verdict that it is made of, and are those
// of before where they are equal.
func condensed(v Verdict, before *Verdict, texts *texts) *Verdict {
	if reflect.ValueOf(v).IsZero() {
		return nil
	}
	if before == nil {
		before = &Verdict{}
	}
	v.Message, v.Blocked = texts.one(v.Message), texts.one(v.Blocked)
	v.Trouble = texts.trouble(v.Trouble, before.Trouble)
	v.Network = texts.network(v.Network, before.Network)
	v.Images = kept(v.Images, before.Images, texts.one)
	v.Info = kept(v.Info, before.Info, func(i Info) Info { return Info{Name: texts.one(i.Name), Value: texts.one(i.Value)} })
	return &v
}

// kept is before where it is equal to now, else a copy of now with shared texts.
func kept[T comparable](now, before []T, share func(T) T) []T {
	switch {
	case len(now) == 0:
		return nil
	case slices.Equal(now, before):
		return before
	}
	out := make([]T, len(now))
	for i, v := range now {
		out[i] = share(v)
	}
	return out
}

// texts gives equal texts one memory. It forgets them all when there are too many, so
// that texts nobody has any more do not gather.
type texts struct {
	known map[string]string
	// pods are what Pods of the same labels have in common.
	pods map[string]*Network
}

const (
	maxTexts = 1 << 14
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

// trouble is t with shared texts, or before where that is equal. A broken image has as many
// Pods in one trouble as there are replicas.
func (t *texts) trouble(now, before *Trouble) *Trouble {
	switch {
	case now == nil:
		return nil
	case before != nil && *now == *before:
		return before
	}
	c := *now
	c.Reason, c.Container, c.Image, c.Detail = t.one(c.Reason), t.one(c.Container), t.one(c.Image), t.one(c.Detail)
	return &c
}

// network is n, or one that is equal to it.
func (t *texts) network(n, before *Network) *Network {
	switch {
	case n == nil:
		return nil
	case reflect.DeepEqual(n, before):
		return before
	case n.Labels == "" || n.Selector != "" || n.Targets != nil || n.Addresses != nil || n.URLs != nil:
		return n
	}
	if have, ok := t.pods[n.Labels]; ok {
		return have
	}
	if t.pods == nil || len(t.pods) >= maxTexts {
		t.pods = map[string]*Network{}
	}
	t.pods[n.Labels] = n
	return n
}
