package window

import "time"

// state is how a window stands at some time.
type state struct {
	active bool
	// until is when active changes; zero means never.
	until time.Time
	// open says that until is only as far as was looked.
	open bool
}

// transitions bounds how many changes of a zone's clock are looked beyond: more
// than there are in nine years, of which Morocco has four in each.
const transitions = 64

// at says how w, which must be readable, stands at an instant.
func (w *window) at(now time.Time) state {
	s := state{active: w.covers(now)}
	for range transitions {
		local := now.In(w.zone)
		_, offset := local.Zone()
		_, end := local.ZoneBounds()
		shift := time.Duration(offset) * time.Second
		turn, certain := w.schedule.turn(now.UTC().Add(shift), w.duration, s.active)
		if turn.IsZero() {
			return s
		}
		turn = turn.Add(-shift)
		if end.IsZero() || turn.Before(end) {
			s.until, s.open = turn, !certain
			return s
		}
		// The clock is put forward or back before it gets there.
		if w.covers(end) != s.active {
			s.until = end
			return s
		}
		now = end
	}
	s.until, s.open = now, true
	return s
}

// covers says whether w is active at an instant.
func (w *window) covers(t time.Time) bool {
	_, offset := t.In(w.zone).Zone()
	return w.schedule.covers(t.UTC().Add(time.Duration(offset)*time.Second), w.duration)
}
