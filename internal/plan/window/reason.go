package window

import (
	"fmt"
	"strings"
	"time"
)

// name is the window as people know it.
func (s seen) name() string {
	kind := s.Kind
	if kind != kindAllow && kind != kindDeny {
		kind = quote(kind)
	}
	var zone strings.Builder
	zone.WriteString(s.zone.String())
	for _, r := range s.remarks {
		zone.WriteString("; " + r)
	}
	text := fmt.Sprintf("%s window %s for %s (%s)", kind, quote(s.Schedule), cut(s.Duration), zone.String())
	if s.Description != "" {
		text += " " + quote(s.Description)
	}
	return text
}

// unreadable says what of the window cannot be read; empty if it is readable.
func (s seen) unreadable() string {
	switch {
	case len(s.flaws) > 0:
		return s.flaws[0]
	case s.reach == perhaps:
		return s.broken()[0]
	}
	return ""
}

func (s seen) doubtful() bool { return s.unreadable() != "" }

// on is a time in the window's zone.
func (s seen) on(t time.Time) string { return t.In(s.zone).Format(time.RFC3339) }

// free is why nothing blocks.
func (v views) free() string {
	if len(v.allow) > 0 {
		s := v.allow[0]
		for _, other := range v.allow[1:] {
			if s.before(other) {
				s = other
			}
		}
		return s.name() + " is open" + s.end()
	}
	if len(v.denyLater) == 0 {
		return "no sync window concerns the application"
	}
	s := earliest(v.denyLater)
	if s.until.IsZero() {
		return "no deny window is active"
	}
	return "no deny window is active; the next is " + s.name() + " from " + s.on(s.until)
}

// blocked is what blocks: of several windows the one that does so longest, or of
// those that are shut the one that opens first.
func (v views) blocked(manual bool) string {
	if len(v.deny) == 0 {
		s := earliest(v.allowLater)
		switch {
		case s.doubtful():
			return "no allow window is open: " + s.name() + " cannot be read: " + s.unreadable()
		case s.until.IsZero():
			return "no allow window is open, and " + s.name() + " never is"
		}
		return "no allow window is open; the next is " + s.name() + " from " + s.on(s.until)
	}
	var worst *seen
	for i := range v.deny {
		s := &v.deny[i]
		if manual && s.ManualSync {
			continue
		}
		if worst == nil || worst.before(*s) {
			worst = s
		}
	}
	if why := worst.unreadable(); why != "" {
		return worst.name() + " cannot be read, so it counts as active: " + why
	}
	return worst.name() + " is active" + worst.end()
}

// before says whether s ends, or begins, before other does.
func (s seen) before(other seen) bool {
	switch {
	case s.until.IsZero():
		return false
	case other.until.IsZero():
		return true
	}
	return s.until.Before(other.until)
}

// earliest is the first of windows to begin.
func earliest(windows []seen) seen {
	first := windows[0]
	for _, s := range windows[1:] {
		if s.before(first) {
			first = s
		}
	}
	return first
}

// end says until when an active window is.
func (s seen) end() string {
	switch {
	case s.until.IsZero():
		return " at all times"
	case s.open:
		return ""
	}
	return " until " + s.on(s.until)
}
