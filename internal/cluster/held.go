package cluster

import (
	"encoding/json"
	"sync"
	"time"

	"evenkeel.dev/internal/resource"
)

const (
	// maxHeld bounds the bodies that are held together, in bytes, and holdFor how long.
	maxHeld = 64 << 20
	holdFor = time.Minute
)

// heldBodies keeps, for a moment, the bodies of tracked objects that passed by
// before anybody had said what they are to be compared with. After a restart the
// kinds are listed before the Applications are rendered, and without this each
// object would have to be read again.
type heldBodies struct {
	mu     sync.Mutex
	bodies map[resource.Key]heldBody
	size   int
	// until is when all are let go; zero when there is none.
	until time.Time
}

type heldBody struct {
	version string
	raw     json.RawMessage
}

func (h *heldBodies) hold(key resource.Key, version string, raw json.RawMessage, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.until.IsZero() {
		h.bodies, h.until = map[resource.Key]heldBody{}, now.Add(holdFor)
	}
	h.expire(now)
	if h.bodies == nil || h.size+len(raw) > maxHeld {
		return
	}
	h.size += len(raw) - len(h.bodies[key].raw)
	h.bodies[key] = heldBody{version: version, raw: raw}
}

// take gives a body back, once, if it is that of the resource version.
func (h *heldBodies) take(key resource.Key, version string, now time.Time) (json.RawMessage, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.expire(now)
	b, ok := h.bodies[key]
	if !ok {
		return nil, false
	}
	delete(h.bodies, key)
	h.size -= len(b.raw)
	return b.raw, b.version == version
}

// expire lets everything go when the time is over, and holds nothing from then on:
// what is listed later is listed for Applications that are known.
func (h *heldBodies) expire(now time.Time) {
	if now.After(h.until) {
		h.bodies, h.size = nil, 0
	}
}

// Rejudge judges an object again by the body that passed by last, if that is still
// held, and says whether it was.
func (x *Index) Rejudge(key resource.Key) bool {
	before := x.Get(key)
	if before == nil {
		return false
	}
	raw, ok := x.held.take(key, before.ResourceVersion, time.Now())
	if !ok {
		return false
	}
	obj, err := decode(raw)
	if err != nil {
		return false
	}
	obj.SetGroupVersionKind(key.GroupKind().WithVersion(before.Version))
	verdict := x.judge(obj, before)
	return x.Amend(key, before.ResourceVersion, func(v *Verdict) {
		verdict.Applied, verdict.Agreed = v.Applied, v.Agreed
		*v = verdict
	})
}
