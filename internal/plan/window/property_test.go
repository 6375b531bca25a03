package window_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/robfig/cron/v3"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/window"
)

// Schedules, durations and zones that meet in as many ways as can be: gaps and
// overlaps, days that are short and long.
var (
	someSchedules = []string{
		"0 22 * * *", "30 1 * * *", "0 2 * * *", "30 2 * * *", "*/20 * * * *", "* 10 * * *", "15,45 8-17/3 * * 1-5",
		"0 0 * * 0", "0 0 1 * *", "0 0 13 * 5", "59 23 31 * *", "0 0 ? nov sat,sun", "0 12 29 2 *", "* * * * *", "0 0 30 2 *", "0 0 * * 1-6",
	}
	someDurations = []string{"1s", "59s", "1m", "25m", "1h", "90m", "8h", "24h", "25h", "60h", "168h", "0s"}
	someZones     = []string{"", "UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca", "Pacific/Apia"}
)

func drawWindow(t *rapid.T) *v1alpha1.SyncWindow {
	return &v1alpha1.SyncWindow{
		Kind:         rapid.SampledFrom([]string{"allow", "deny"}).Draw(t, "kind"),
		Schedule:     rapid.SampledFrom(someSchedules).Draw(t, "schedule"),
		Duration:     rapid.SampledFrom(someDurations).Draw(t, "duration"),
		TimeZone:     rapid.SampledFrom(someZones).Draw(t, "zone"),
		ManualSync:   rapid.Bool().Draw(t, "manualSync"),
		SyncOverrun:  rapid.Bool().Draw(t, "syncOverrun"),
		Applications: []string{"shop"},
	}
}

// drawTime is mostly near a change of some clock.
func drawTime(t *rapid.T, label string) time.Time {
	near := rapid.SampledFrom([]time.Time{
		time.Date(2026, 11, 1, 6, 0, 0, 0, time.UTC), time.Date(2027, 3, 14, 7, 0, 0, 0, time.UTC), time.Date(2027, 3, 28, 1, 0, 0, 0, time.UTC),
		time.Date(2026, 10, 3, 15, 30, 0, 0, time.UTC), time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC), time.Date(2011, 12, 30, 10, 0, 0, 0, time.UTC),
		time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC), time.Date(2026, 12, 31, 23, 0, 0, 0, time.UTC),
	}).Draw(t, label)
	return near.Add(time.Duration(rapid.Int64Range(-72*3600, 72*3600).Draw(t, label+" seconds"))*time.Second + time.Duration(rapid.IntRange(0, 1).Draw(t, label+" ns")))
}

func drawInput(t *rapid.T) (v1alpha1.SyncWindows, window.Input) {
	windows := rapid.SliceOfN(rapid.Custom(drawWindow), 0, 4).Draw(t, "windows")
	return windows, window.Input{Windows: window.Read(windows), App: "shop", Manual: rapid.Bool().Draw(t, "manual"), Now: drawTime(t, "now")}
}

// active is what it means that a window is active, minute by minute: some minute of
// the schedule by the clock on the wall of the zone lies less than the duration ago.
func active(t *rapid.T, w *v1alpha1.SyncWindow, now time.Time) bool {
	zone, err := time.LoadLocation(w.TimeZone)
	if err != nil {
		t.Fatal(err)
	}
	duration, err := time.ParseDuration(w.Duration)
	if err != nil {
		t.Fatal(err)
	}
	schedule, err := cron.ParseStandard(w.Schedule)
	if err != nil {
		t.Fatal(err)
	}
	local := now.In(zone)
	wall := time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
	for m := wall.Truncate(time.Minute); wall.Sub(m) < duration; m = m.Add(-time.Minute) {
		if schedule.Next(m.Add(-time.Second)).Equal(m) {
			return true
		}
	}
	return false
}

func TestActiveIsWhatItMeans(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, now := drawWindow(t), drawTime(t, "now")
		got := window.Read(v1alpha1.SyncWindows{w}).Active(now)[0]
		if want := active(t, w, now); got != want {
			t.Fatalf("active is %v, want %v", got, want)
		}
	})
}

// allowed is the decision by Argo CD's rules, told from the start.
func allowed(t *rapid.T, windows v1alpha1.SyncWindows, in window.Input, now time.Time) bool {
	manual, overrun := true, !in.Started.IsZero()
	deny, open, shut := false, false, false
	for _, w := range windows {
		is := active(t, w, now)
		deny = deny || w.Kind == "deny" && is
		open = open || w.Kind == "allow" && is
		shut = shut || w.Kind == "allow" && !is
	}
	if !deny && (open || !shut) {
		return true
	}
	for _, w := range windows {
		blocks := active(t, w, now)
		if !deny {
			blocks = w.Kind == "allow"
		}
		if blocks && (w.Kind == "deny") == deny {
			manual, overrun = manual && w.ManualSync, overrun && w.SyncOverrun
		}
	}
	if in.Manual && manual {
		return true
	}
	before := in
	before.Started = time.Time{}
	return overrun && allowed(t, windows, before, in.Started)
}

func TestDecisionIsArgos(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows, in := drawInput(t)
		if rapid.Bool().Draw(t, "runs") {
			in.Started = in.Now.Add(-time.Duration(rapid.Int64Range(0, 100000).Draw(t, "for")) * time.Second)
		}
		d := window.Decide(in)
		if want := allowed(t, windows, in, in.Now); d.Allowed != want {
			t.Fatalf("allowed is %v, want %v: %s", d.Allowed, want, d.Reason)
		}
		if d.Reason == "" || strings.Contains(d.Reason, "\n") {
			t.Fatalf("no sentence: %q", d.Reason)
		}
	})
}

// TestChanges: nothing is another before Changes, and something is at it.
func TestChanges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, in := drawInput(t)
		if rapid.Bool().Draw(t, "runs") {
			in.Started = in.Now.Add(-time.Hour)
		}
		d := window.Decide(in)
		until := d.Changes
		if until.IsZero() {
			until = in.Now.Add(1000 * 24 * time.Hour)
		}
		if !until.After(in.Now) {
			t.Fatalf("changes at %v, it is %v", until, in.Now)
		}
		probe := func(at time.Time) window.Decision {
			next := in
			next.Now = at
			return window.Decide(next)
		}
		times := []time.Time{until.Add(-time.Nanosecond)}
		for range 5 {
			times = append(times, in.Now.Add(time.Duration(rapid.Int64Range(0, int64(until.Sub(in.Now)-1)).Draw(t, "later"))))
		}
		for _, at := range times {
			if got := probe(at); got.Allowed != d.Allowed || got.Reason != d.Reason {
				t.Fatalf("at %v, before %v, it is %+v, was %+v", at, until, got, d)
			}
		}
		before, after := in.Windows.Active(until.Add(-time.Nanosecond)), in.Windows.Active(until)
		// What joins for longer than two years is looked at again without a change.
		if !d.Changes.IsZero() && until.Sub(in.Now) < 700*24*time.Hour && cmp.Equal(before, after) {
			t.Fatalf("no window changes at %v", until)
		}
	})
}

func TestOrderOfWindowsIsNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows, in := drawInput(t)
		d := window.Decide(in)
		slices.Reverse(windows)
		in.Windows = window.Read(windows)
		if r := window.Decide(in); r.Allowed != d.Allowed || !r.Changes.Equal(d.Changes) {
			t.Fatalf("%+v, reversed %+v", d, r)
		}
	})
}

// TestDenyWins: an active deny window without exemptions blocks whatever else there is.
func TestDenyWins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows, in := drawInput(t)
		in.Started = in.Now.Add(-time.Hour)
		in.Windows = window.Read(append(windows, &v1alpha1.SyncWindow{Kind: "deny", Schedule: "* * * * *", Duration: "1h", Applications: []string{"*"}}))
		if d := window.Decide(in); d.Allowed {
			t.Fatal(d.Reason)
		}
	})
}

// TestDoubtBlocks: what is blocked stays so when a window becomes unreadable.
func TestDoubtBlocks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		windows, in := drawInput(t)
		if rapid.Bool().Draw(t, "runs") {
			in.Started = in.Now.Add(-time.Duration(rapid.Int64Range(0, 100000).Draw(t, "for")) * time.Second)
		}
		windows = append(windows, drawWindow(t))
		in.Windows = window.Read(windows)
		was := window.Decide(in)
		i := rapid.IntRange(0, len(windows)-1).Draw(t, "which")
		w := *windows[i]
		switch rapid.IntRange(0, 3).Draw(t, "what") {
		case 0:
			w.Schedule = "61 * * * *"
		case 1:
			w.Duration = "x"
		case 2:
			w.Kind = strings.ToUpper(w.Kind)
		case 3:
			w.Applications = []string{"[shop"}
		}
		windows[i] = &w
		in.Windows = window.Read(windows)
		if now := window.Decide(in); now.Allowed && !was.Allowed {
			t.Fatalf("%s\nand before: %s", now.Reason, was.Reason)
		}
		if len(in.Windows.Problems()) == 0 {
			t.Fatal("and nobody is told")
		}
	})
}

// TestPeopleMayMore: a manual sync, and one that runs, may all that a new automated one may.
func TestPeopleMayMore(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, in := drawInput(t)
		in.Manual = false
		if !window.Decide(in).Allowed {
			return
		}
		in.Manual = rapid.Bool().Draw(t, "by hand")
		in.Started = in.Now.Add(-time.Hour)
		if d := window.Decide(in); !d.Allowed {
			t.Fatal(d.Reason)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, s := range someSchedules {
		f.Add("deny", s, "1h", "Europe/Berlin", int64(1795435200))
	}
	f.Add("deny", ", 0 1 1 *", "0", "?", int64(1795435283))
	f.Add("allow", "TZ=UTC", "2562047h47m16.854775807s", "Local", int64(0))
	f.Add("Deny", "CRON_TZ=Asia/Tokyo 0-59/99999999999999 0 1,2,3 */5 mon-FRI", "-1ns", "../../etc/passwd", int64(-62135596800))
	f.Fuzz(func(t *testing.T, kind, schedule, duration, zone string, unix int64) {
		const first, last = -62135596800, 253402300799 // the years 1 to 9999
		now := time.Unix(min(max(unix, first), last), 0)
		w := &v1alpha1.SyncWindow{Kind: kind, Schedule: schedule, Duration: duration, TimeZone: zone, Applications: []string{"*"}}
		in := window.Input{Windows: window.Read(v1alpha1.SyncWindows{w}), App: "shop", Now: now, Started: now.Add(-time.Minute)}
		d := window.Decide(in)
		if !d.Changes.IsZero() && !d.Changes.After(now) {
			t.Errorf("changes at %v, it is %v", d.Changes, now)
		}
		if kind != "allow" && kind != "deny" && d.Allowed {
			t.Errorf("a window of kind %q allows: %s", kind, d.Reason)
		}
		if _, err := time.ParseDuration(duration); err != nil && d.Allowed {
			t.Errorf("a window of duration %q allows: %s", duration, d.Reason)
		}
		if len(d.Reason) > 3000 {
			t.Errorf("a reason of %d bytes", len(d.Reason))
		}
		for _, p := range in.Windows.Problems() {
			if len(p) > 1000 {
				t.Errorf("a problem of %d bytes", len(p))
			}
		}
	})
}

func BenchmarkDecide(b *testing.B) {
	windows := v1alpha1.SyncWindows{
		{Kind: "deny", Schedule: "0 22 * * *", Duration: "8h", TimeZone: "Europe/Amsterdam", Applications: []string{"*-prod"}},
		{Kind: "allow", Schedule: "* * * * *", Duration: "1h", Namespaces: []string{"*"}},
		{Kind: "deny", Schedule: "0 0 29 2 *", Duration: "24h", TimeZone: "America/New_York", Clusters: []string{"https://*"}},
		{Kind: "deny", Schedule: "0 0 * * 5", Duration: "60h", Applications: []string{"till", "shop"}},
	}
	in := window.Input{Windows: window.Read(windows), App: "shop", Namespace: "prod", Server: "https://kubernetes.default.svc", Now: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)}
	b.ReportAllocs()
	for b.Loop() {
		window.Decide(in)
	}
}
