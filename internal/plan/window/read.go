package window

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // the image may have no zone database, and UTC would be a silent error

	"github.com/robfig/cron/v3"

	"evenkeel.dev/api/v1alpha1"
)

// The kinds of windows.
const (
	kindAllow = "allow"
	kindDeny  = "deny"
)

// Set are the windows of a project, read once. It is immutable; nil is no windows.
type Set struct {
	windows []*window
}

// window is a sync window, read.
type window struct {
	*v1alpha1.SyncWindow
	lists    []list
	schedule *schedule
	duration time.Duration
	zone     *time.Location
	// flaws are why it cannot be read; then the fields above may be missing.
	flaws []string
	// remarks are what else its author should know.
	remarks []string
}

// Read reads the windows of a project. What cannot be read is no error: it is a
// problem, and counts as what blocks.
func Read(windows v1alpha1.SyncWindows) *Set {
	s := &Set{windows: make([]*window, len(windows))}
	for i, w := range windows {
		if w == nil {
			continue
		}
		s.windows[i] = read(w.DeepCopy())
	}
	return s
}

func read(w *v1alpha1.SyncWindow) *window {
	out := &window{SyncWindow: w, zone: time.UTC}
	if w.Kind != kindAllow && w.Kind != kindDeny {
		out.flaw("kind %s: want allow or deny", quote(w.Kind))
	}
	out.readZone()
	out.readSchedule()
	d, err := time.ParseDuration(w.Duration)
	switch {
	case err != nil:
		out.flaw("duration %s: want something like 90m or 1h30m", quote(w.Duration))
	case d <= 0:
		out.remark("duration %s: the window is never active", quote(w.Duration))
	}
	out.duration = d
	out.readLists()
	return out
}

func (w *window) flaw(format string, args ...any) {
	w.flaws = append(w.flaws, fmt.Sprintf(format, args...))
}

func (w *window) remark(format string, args ...any) {
	w.remarks = append(w.remarks, fmt.Sprintf(format, args...))
}

// readZone reads timeZone. What is not known is UTC, as in Argo CD.
func (w *window) readZone() {
	zone, err := zoneNamed(w.TimeZone)
	if err != nil {
		w.remark("timeZone %s is not known, UTC is taken", quote(w.TimeZone))
		return
	}
	w.zone = zone
}

func zoneNamed(name string) (*time.Location, error) {
	if name == "Local" {
		return nil, errors.New("it is another one on each machine")
	}
	return time.LoadLocation(name)
}

// readSchedule reads the schedule: the five fields of cron, with a time zone before
// them if need be, which the library in Argo CD allows. That prefix is not left to
// the library, which panics when nothing follows it.
func (w *window) readSchedule() {
	fields := w.Schedule
	if strings.HasPrefix(fields, "TZ=") || strings.HasPrefix(fields, "CRON_TZ=") {
		prefix, rest, _ := strings.Cut(fields, " ")
		_, name, _ := strings.Cut(prefix, "=")
		zone, err := zoneNamed(name)
		switch {
		case err != nil:
			w.flaw("schedule %s: time zone %s is not known", quote(w.Schedule), quote(name))
			return
		case w.zone != time.UTC && w.zone.String() != zone.String():
			w.flaw("schedule %s names another time zone than timeZone %s", quote(w.Schedule), quote(w.TimeZone))
			return
		}
		w.zone, fields = zone, strings.TrimSpace(rest)
	}
	if strings.Contains(fields, "=") {
		w.flaw("schedule %s: want five fields of cron", quote(w.Schedule))
		return
	}
	parsed, err := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow).Parse(fields)
	spec, ok := parsed.(*cron.SpecSchedule)
	if err != nil || !ok {
		w.flaw("schedule %s: %s", quote(w.Schedule), cut(fmt.Sprint(err)))
		return
	}
	s := newSchedule(spec)
	if len(s.minutes) == 0 { // the library reads "," as a list of nothing
		w.flaw("schedule %s has no minute or hour", quote(w.Schedule))
		return
	}
	w.schedule = s
	if s.never() {
		w.remark("schedule %s has no date: the window is never active", quote(w.Schedule))
	}
}

// Problems are what the authors of the windows should know: each says which field
// of which window it is about, and what comes of it.
func (s *Set) Problems() []string {
	if s == nil {
		return nil
	}
	var out []string
	for i, w := range s.windows {
		if w == nil {
			out = append(out, fmt.Sprintf("syncWindows[%d]: the window is empty, and ignored", i))
			continue
		}
		effect := "; until that is mended the window counts as active"
		if w.Kind == kindAllow {
			effect = "; until that is mended the window counts as shut"
		}
		for _, f := range w.flaws {
			out = append(out, fmt.Sprintf("syncWindows[%d]: %s%s", i, f, effect))
		}
		for _, b := range w.broken() {
			out = append(out, fmt.Sprintf("syncWindows[%d]: %s; until that is mended it may mean anybody", i, b))
		}
		for _, r := range w.idle() {
			out = append(out, fmt.Sprintf("syncWindows[%d]: %s", i, r))
		}
	}
	return out
}

// Check says what is wrong with a window that somebody is about to write.
func Check(w *v1alpha1.SyncWindow) []string {
	r := read(w.DeepCopy())
	return slices.Concat(r.flaws, r.broken(), r.idle())
}

// broken are the patterns that cannot be read.
func (w *window) broken() []string {
	var out []string
	for _, l := range w.lists {
		for _, b := range l.broken {
			out = append(out, b+" is no pattern")
		}
	}
	return out
}

// idle is why the window may not do what its author thinks.
func (w *window) idle() []string {
	if len(w.lists) > 0 {
		return w.remarks
	}
	return append(slices.Clone(w.remarks), "it lists no applications, namespaces or clusters, so it concerns nobody")
}

// quote is what somebody wrote, in a length that a sentence can bear.
func quote(s string) string { return fmt.Sprintf("%q", cut(s)) }

func cut(s string) string {
	const most = 80
	if r := []rune(s); len(r) > most {
		return string(r[:most]) + "…"
	}
	return s
}
