package cluster

import (
	"reflect"
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
)

// opinion is a Verdict as the index keeps it: apart what only those have that are not
// healthy, that are compared, and that differ.
type opinion struct {
	health   v1alpha1.HealthStatusCode
	images   []string
	info     []Info
	network  *Network
	ill      *illness
	compared *compared
}

type illness struct {
	message, blocked string
	trouble          *Trouble
}

type compared struct {
	desired, applied, agreed  uint64
	sync                      v1alpha1.SyncStatusCode
	confirmed, legacy, unsure bool
	differs                   *differs
}

type differs struct {
	drift   []Drift
	unruled string
	since   time.Time
}

// verdict is the opinion for others.
func (o *opinion) verdict() Verdict {
	if o == nil {
		return Verdict{}
	}
	v := Verdict{Health: o.health, Images: o.images, Info: o.info, Network: o.network}
	if i := o.ill; i != nil {
		v.Message, v.Blocked, v.Trouble = i.message, i.blocked, i.trouble
	}
	c := o.compared
	if c == nil {
		return v
	}
	v.Desired, v.Applied, v.Agreed, v.Sync = c.desired, c.applied, c.agreed, c.sync
	v.Confirmed, v.Legacy, v.Unsure = c.confirmed, c.legacy, c.unsure
	if d := c.differs; d != nil {
		v.Drift, v.Unruled, v.Since = d.drift, d.unruled, d.since
	}
	return v
}

// opinionOf keeps a verdict, with texts that are shared with others; nil for an empty one.
// Lists are copied, as others read those of the verdict that it is made of, and are those
// of before where they are equal.
func opinionOf(v Verdict, before *opinion, texts *texts) *opinion {
	if before == nil {
		before = &opinion{}
	}
	o := opinion{
		health: v.Health, network: texts.network(v.Network, before.network),
		images: kept(v.Images, before.images, texts.one),
		info:   kept(v.Info, before.info, func(i Info) Info { return Info{Name: texts.one(i.Name), Value: texts.one(i.Value)} }),
		ill:    illnessOf(v, before.ill, texts), compared: comparedOf(v, before.compared),
	}
	if o.empty() {
		return nil
	}
	return &o
}

func (o *opinion) empty() bool {
	return o.health == "" && o.images == nil && o.info == nil && o.network == nil && o.ill == nil && o.compared == nil
}

func illnessOf(v Verdict, before *illness, texts *texts) *illness {
	if v.Message == "" && v.Blocked == "" && v.Trouble == nil {
		return nil
	}
	if before == nil {
		before = &illness{}
	}
	return &illness{message: texts.one(v.Message), blocked: texts.one(v.Blocked), trouble: texts.trouble(v.Trouble, before.trouble)}
}

func comparedOf(v Verdict, before *compared) *compared {
	c := compared{
		desired: v.Desired, applied: v.Applied, agreed: v.Agreed, sync: v.Sync,
		confirmed: v.Confirmed, legacy: v.Legacy, unsure: v.Unsure,
	}
	if v.Drift != nil || v.Unruled != "" || !v.Since.IsZero() {
		c.differs = &differs{drift: v.Drift, unruled: v.Unruled, since: v.Since}
	}
	switch {
	case c == compared{}:
		return nil
	case before != nil && c == *before:
		return before
	}
	return &c
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
