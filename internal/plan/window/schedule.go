package window

import (
	"slices"
	"time"

	"github.com/robfig/cron/v3"
)

// Times in this file are readings of a clock on the wall, written as UTC. Such a
// clock is never put forward or back.

const day = 24 * time.Hour

// farthest is how far a date is looked for. 29 February is eight years apart at
// the turn of most centuries.
const farthest = 9 * 366 * day

// together is how far windows that join without a gap are followed.
const together = 2 * 366 * day

// starred is the bit by which the cron library marks a field that was a star.
const starred = 1 << 63

// schedule is when a window begins. It has at least one minute.
type schedule struct {
	spec *cron.SpecSchedule
	// minutes are those of a day of the schedule, ascending.
	minutes []int
	// widest is the longest pause between two of them on one day.
	widest time.Duration
	// daily says that every day is one of the schedule.
	daily bool
}

func newSchedule(spec *cron.SpecSchedule) *schedule {
	s := &schedule{spec: spec}
	for m := range 24 * 60 {
		if has(spec.Hour, m/60) && has(spec.Minute, m%60) {
			s.minutes = append(s.minutes, m)
		}
	}
	for i := 1; i < len(s.minutes); i++ {
		s.widest = max(s.widest, minutes(s.minutes[i]-s.minutes[i-1]))
	}
	s.daily = full(spec.Month, 1, 12) && full(spec.Dom, 1, 31) && full(spec.Dow, 0, 6)
	return s
}

func has(bits uint64, n int) bool { return bits&(1<<n) != 0 }

func full(bits uint64, from, to int) bool {
	for n := from; n <= to; n++ {
		if !has(bits, n) {
			return false
		}
	}
	return true
}

func minutes(n int) time.Duration { return time.Duration(n) * time.Minute }

func midnight(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// on says whether t's day is one of the schedule, by cron's rule: day of month and
// day of week both, or either of them when both are limited.
func (s *schedule) on(t time.Time) bool {
	month, week := has(s.spec.Dom, t.Day()), has(s.spec.Dow, int(t.Weekday()))
	if s.spec.Dom&starred != 0 || s.spec.Dow&starred != 0 {
		return month && week
	}
	return month || week
}

// after is the index of the first of the minutes that is later on its day than t.
func (s *schedule) after(t time.Time) int {
	i, _ := slices.BinarySearch(s.minutes, t.Hour()*60+t.Minute()+1)
	return i
}

// evening is the last of the minutes.
func (s *schedule) evening() time.Duration { return minutes(s.minutes[len(s.minutes)-1]) }

// last is the last beginning at t or before, if there is one.
func (s *schedule) last(t time.Time) (time.Time, bool) {
	d := midnight(t)
	if i := s.after(t); i > 0 && has(s.spec.Month, int(d.Month())) && s.on(d) {
		return d.Add(minutes(s.minutes[i-1])), true
	}
	limit := t.Add(-farthest)
	for d = d.Add(-day); d.After(limit); {
		if !has(s.spec.Month, int(d.Month())) {
			d = time.Date(d.Year(), d.Month(), 0, 0, 0, 0, 0, time.UTC)
			continue
		}
		if s.on(d) {
			return d.Add(s.evening()), true
		}
		d = d.Add(-day)
	}
	return time.Time{}, false
}

// next is the first beginning after t, if there is one.
func (s *schedule) next(t time.Time) (time.Time, bool) {
	d := midnight(t)
	if i := s.after(t); i < len(s.minutes) && has(s.spec.Month, int(d.Month())) && s.on(d) {
		return d.Add(minutes(s.minutes[i])), true
	}
	limit := t.Add(farthest)
	for d = d.Add(day); d.Before(limit); {
		if !has(s.spec.Month, int(d.Month())) {
			d = time.Date(d.Year(), d.Month()+1, 1, 0, 0, 0, 0, time.UTC)
			continue
		}
		if s.on(d) {
			return d.Add(minutes(s.minutes[0])), true
		}
		d = d.Add(day)
	}
	return time.Time{}, false
}

// never says that the schedule has no date. The year 2000 has them all.
func (s *schedule) never() bool {
	_, ok := s.next(time.Date(1999, time.December, 31, 23, 59, 0, 0, time.UTC))
	return !ok
}

// covers says whether a beginning lies less than long before t.
func (s *schedule) covers(t time.Time, long time.Duration) bool {
	at, ok := s.last(t)
	return ok && t.Sub(at) < long
}

// turn is the first time after t at which covers changes its answer, which it gives
// now. It is zero if there is none. When sure is false it is only the time up to
// which there is none.
func (s *schedule) turn(t time.Time, long time.Duration, now bool) (at time.Time, sure bool) {
	if !now {
		if long <= 0 {
			return time.Time{}, true
		}
		at, _ = s.next(t)
		return at, true
	}
	if s.daily && long >= s.widest && long >= day-s.evening()+minutes(s.minutes[0]) {
		return time.Time{}, true
	}
	from, _ := s.last(t) // it exists, as t is covered
	for limit := t.Add(together); from.Before(limit); {
		if long >= s.widest {
			from = midnight(from).Add(s.evening())
		}
		following, ok := s.next(from)
		if !ok || following.Sub(from) > long {
			return from.Add(long), true
		}
		from = following
	}
	return from, false
}
