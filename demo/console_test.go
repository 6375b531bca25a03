package main

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestDuring(t *testing.T) {
	for _, tc := range []struct {
		reason string
		err    error
		want   string
	}{
		{"what was done", nil, "  ✓ two CRDs   T\n"},
		{"what was tried", errors.New("no"), "  ✗ CRDs   T\n"},
	} {
		var out strings.Builder
		err := newConsole(&out, false).during("CRDs", func() (string, error) { return "two CRDs", tc.err })
		if !errors.Is(err, tc.err) {
			t.Errorf("%s: error is %v", tc.reason, err)
		}
		if diff := cmp.Diff(tc.want, timeless(out.String())); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
		}
	}
}

func TestBoardSaysWhatChanged(t *testing.T) {
	var out strings.Builder
	b := newConsole(&out, false).board("a", "b")
	b.set(0, "a: OutOfSync")
	b.set(0, "a: OutOfSync")
	b.end(1, markDone, "b: Synced")
	b.set(1, "b: OutOfSync")
	b.end(0, markDone, "a: Synced")
	b.close()
	want := "  · a: OutOfSync   T\n  ✓ b: Synced   T\n  · b: OutOfSync   T\n  ✓ a: Synced   T\n"
	if diff := cmp.Diff(want, timeless(out.String())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestTerminalRedrawsInPlace(t *testing.T) {
	var out strings.Builder
	c := newConsole(&out, false)
	c.terminal = func() (int, bool) { return 20, true }
	b := c.open(&board{untimed: true}, "something that is longer than the line")
	b.end(0, markDone, "done")
	b.close()
	screen := out.String()
	if !strings.HasSuffix(screen, "\x1b[1A\r\x1b[K  ✓ done\n") {
		t.Errorf("the last drawing is %q", screen)
	}
	for line := range strings.Lines(screen) {
		if n := len([]rune(strings.TrimLeft(line, "\r\x1b[1AK"))); n > 20 {
			t.Errorf("%q has %d columns: it wraps", line, n)
		}
	}
}

func TestSeconds(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.00 s", 47 * time.Millisecond: "0.05 s", 1234 * time.Millisecond: "1.23 s", 75 * time.Second: "75.0 s",
	} {
		if got := seconds(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// timeless is a transcript without what differs from run to run.
func timeless(text string) string {
	for _, r := range []struct{ what, with string }{
		{` {2,}\d+\.\d+ s`, "   T"},
		{`\d+\.\d+ s`, "T"},
		{`\b[0-9a-f]{7,8}\b`, "COMMIT"},
		{`generation \d+`, "generation N"},
		{`(?m)^    Evenkeel waits between heals.*\n.*\n`, ""},
	} {
		text = regexp.MustCompile(r.what).ReplaceAllString(text, r.with)
	}
	return text
}
