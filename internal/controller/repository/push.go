package repository

import (
	"time"

	"evenkeel.dev/internal/source/git/refs"
)

// Push is what a Git server or a registry told: something may have moved. It is
// believed no further than that. What has moved is what the listing says.
type Push struct {
	// Repository says whether it is about the repository of a URL.
	Repository func(url string) bool
	// Target says whether a target revision may have moved.
	Target func(target string) bool
	// Signed: the sender knows the webhook's secret.
	Signed bool
}

// Pushed has the refs of the repositories that a push is about listed, and returns
// how many these are. A repository of which no Application follows what moved is
// left alone. Pushes during a listing share the one that follows it.
//
// Whoever can reach the webhook can send a push, and one that was sent can be sent
// again. So each repository has a pace: of signed pushes ten at once are followed at
// once, and then one per second; of others one, and then one per ten seconds. The
// rest share the next listing, so none is lost.
func (p *Poller) Pushed(push Push) int {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	concerned := 0
	for _, a := range p.actors {
		if !push.Repository(a.repo.URL) || !a.follows(push.Target) {
			continue
		}
		concerned++
		a.pushed(now, push.Signed)
	}
	return concerned
}

// follows says whether an Application follows what moved, or has no revision: a push
// may be what it lacks.
func (a *actor) follows(moved func(target string) bool) bool {
	for w := range a.wants {
		if w.revision == "" || w.err != nil || w.mayMove(moved) {
			return true
		}
	}
	return false
}

// mayMove says whether what moved may be what a want means. Which tag a range means is
// known after the listing only.
func (w *want) mayMove(moved func(target string) bool) bool {
	if refs.IsRange(w.target.Revision) || moved(w.target.Revision) {
		return true
	}
	return w.target.TagPrefix != "" && moved(w.target.TagPrefix+w.target.Revision)
}

// pushed lists now, or as soon as the pace allows.
func (a *actor) pushed(now time.Time, signed bool) {
	if a.list {
		return // a listing that has not begun is later than the push
	}
	pace := &a.paces.unsigned
	if signed {
		pace = &a.paces.signed
	}
	at := pace.next(now, signed)
	if !a.due.IsZero() && !at.Before(a.due) {
		return
	}
	pace.take(at, signed)
	if at.After(now) {
		a.due = at
	} else {
		a.list = true
	}
	a.poke()
}

// sooner is next, or when a listing is due before that.
func (a *actor) sooner(next time.Time) time.Time {
	a.p.mu.Lock()
	defer a.p.mu.Unlock()
	if !a.due.IsZero() && a.due.Before(next) {
		return a.due
	}
	return next
}

// paces are those of one repository, apart so that strangers hold up nobody.
type paces struct{ signed, unsigned pace }

const (
	signedEvery   = time.Second
	signedBurst   = 10
	unsignedEvery = 10 * time.Second
)

// pace is when all that was let through will have been so at the even rate. (It is
// the generic cell rate algorithm, a token bucket without a clock of its own.)
type pace struct{ even time.Time }

// next is when something may go through, now or later.
func (p *pace) next(now time.Time, signed bool) time.Time {
	at := p.even
	if signed {
		at = at.Add(-(signedBurst - 1) * signedEvery)
	}
	if at.Before(now) {
		return now
	}
	return at
}

// take lets something through at a time that next gave.
func (p *pace) take(at time.Time, signed bool) {
	if p.even.Before(at) {
		p.even = at
	}
	if signed {
		p.even = p.even.Add(signedEvery)
	} else {
		p.even = p.even.Add(unsignedEvery)
	}
}
