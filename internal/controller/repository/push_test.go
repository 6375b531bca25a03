package repository

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// push is one of a branch of a repository.
func push(url, branch string, signed bool) Push {
	return Push{
		Repository: func(u string) bool { return u == url },
		Target:     func(target string) bool { return target == branch },
		Signed:     signed,
	}
}

// begin has two Applications on branches of a, and one of b.
func begin(w *world) {
	w.Want("one", Target{source.Repository{URL: "a"}, source.Target{Revision: "main"}})
	w.Want("two", Target{source.Repository{URL: "a"}, source.Target{Revision: "dev"}})
	w.Want("other", Target{source.Repository{URL: "b"}, source.Target{Revision: "main"}})
	synctest.Wait()
	w.store.taken()
	w.mu.Lock()
	w.told = nil
	w.mu.Unlock()
}

func (w *world) pushed(p Push, want int) {
	w.t.Helper()
	if got := w.Pushed(p); got != want {
		w.t.Errorf("%d repositories are concerned, want %d", got, want)
	}
}

func TestAPushMakesOneListing(t *testing.T) {
	run(t, func(w *world) {
		begin(w)
		time.Sleep(time.Second) // so that the listings of a and b are told apart below
		w.store.push("a", "main", "a2")
		w.pushed(push("a", "main", true), 1)
		w.expect("one listing, and exactly those whom it concerns are told", []string{"1s a"}, []string{"a dev", "a main"}, []string{"one"})
		w.state("one", "a", "main", "a2", "")

		w.pushed(push("a", "main", true), 1)
		w.expect("an event that was wrong tells nobody", []string{"1s a"}, []string{"a dev", "a main"}, nil)
		w.pushed(push("a", "feature", true), 0)
		w.pushed(push("c", "main", true), 0)
		w.expect("nobody follows that branch, or that repository", nil, nil, nil)

		time.Sleep(interval)
		w.expect("the interval goes on", []string{"2m0s b", "2m1s a"}, []string{"a dev", "a main", "b main"}, nil)
	})
}

func TestAPushForEachCredential(t *testing.T) {
	run(t, func(w *world) {
		begin(w)
		w.Want("private", Target{source.Repository{URL: "a", Username: "ada"}, source.Target{Revision: "main"}})
		w.expect("", []string{"0s a ada"}, []string{"a ada main"}, []string{"private"})
		w.pushed(push("a", "main", true), 2)
		synctest.Wait()
		if lists, _ := w.store.taken(); len(lists) != 2 {
			t.Errorf("each credential lists for itself: %q", lists)
		}
	})
}

// What cannot be resolved may be cured by the push, whatever that says it is about.
func TestAPushForWhoHasNoRevision(t *testing.T) {
	run(t, func(w *world) {
		begin(w)
		w.Want("pinned", Target{source.Repository{URL: "b"}, source.Target{Revision: "b7"}})
		w.expect("", nil, []string{"b b7"}, []string{"pinned"})
		w.store.push("b", "b7", "b7")
		w.pushed(push("b", "feature", true), 1)
		w.expect("the commit has come", []string{"0s b"}, []string{"b b7", "b main"}, []string{"pinned"})
		w.state("pinned", "b", "b7", "b7", "")
		w.pushed(push("b", "feature", true), 0)
	})
}

func TestPushesDuringAListingShareTheNext(t *testing.T) {
	run(t, func(w *world) {
		begin(w)
		w.store.takes = 10 * time.Second
		w.pushed(push("a", "main", true), 1)
		time.Sleep(time.Second)
		w.store.push("a", "main", "a2")
		for range 100 {
			w.pushed(push("a", "main", true), 1)
		}
		time.Sleep(30 * time.Second)
		w.expect("one that was under way, and one more", []string{"0s a", "10s a"}, []string{"a dev", "a main"}, []string{"one"})
		w.state("one", "a", "main", "a2", "")
	})
}

func TestPaces(t *testing.T) {
	times := func(w *world) []string {
		synctest.Wait()
		lists, _ := w.store.taken()
		for i, l := range lists {
			lists[i] = strings.TrimSuffix(l, " a")
		}
		return lists
	}
	for _, tt := range []struct {
		name   string
		signed bool
		at     []time.Duration
		want   string
	}{
		{"unsigned, far apart", false, []time.Duration{0, 10 * time.Second, 25 * time.Second}, "0s 10s 25s"},
		{"unsigned, the second waits and the third shares", false, []time.Duration{0, time.Second, 2 * time.Second}, "0s 10s"},
		{"unsigned, waiting does not add up", false, []time.Duration{0, time.Second, 11 * time.Second, 30 * time.Second}, "0s 10s 20s 30s"},
		{"signed, ten at once and then one a second", true, []time.Duration{
			0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 1500 * time.Millisecond,
		}, "0s 1ns 2ns 3ns 4ns 5ns 6ns 7ns 8ns 9ns 1s 2s"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			run(t, func(w *world) {
				begin(w)
				start := time.Now()
				for _, at := range tt.at {
					time.Sleep(time.Until(start.Add(at)))
					w.pushed(push("a", "main", tt.signed), 1)
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				if got := strings.Join(times(w), " "); got != tt.want {
					t.Errorf("listed at %s, want %s", got, tt.want)
				}
			})
		})
	}
	t.Run("strangers hold up nobody", func(t *testing.T) {
		run(t, func(w *world) {
			begin(w)
			w.pushed(push("a", "main", false), 1)
			synctest.Wait()
			time.Sleep(time.Second)
			w.pushed(push("a", "main", false), 1)
			w.pushed(push("a", "main", true), 1)
			synctest.Wait()
			time.Sleep(time.Minute)
			if got, want := strings.Join(times(w), " "), "0s 1s"; got != want {
				t.Errorf("listed at %s, want %s: the signed one is the answer to both", got, want)
			}
		})
	})
}

// An interval of 0 is no interval: only what asks for it makes a listing, and a
// failure is still tried again.
func TestNoInterval(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 0)
		defer w.stop()
		begin(w)
		time.Sleep(30 * 24 * time.Hour)
		w.expect("a month without a listing", nil, nil, nil)
		w.store.break_("a", fault.New(fault.Unavailable, "away"))
		w.pushed(push("a", "main", true), 1)
		time.Sleep(3 * time.Second)
		w.expect("tried again", []string{"720h0m0s a", "720h0m2s a"}, nil, []string{"one", "two"})
	})
}

// Whether a tag is in a range is known after the listing only, so that any push
// of the repository is followed by one.
func TestAPushMayMoveARange(t *testing.T) {
	for _, tc := range []struct {
		reason string
		target source.Target
		pushed string
		want   int
	}{
		{"a range", source.Target{Revision: "^1"}, "v1.2.0", 1},
		{"a range with a prefix", source.Target{Revision: "1.*", TagPrefix: "svc/"}, "svc/v1.2.0", 1},
		{"a version with a prefix", source.Target{Revision: "v1.2.0", TagPrefix: "svc/"}, "svc/v1.2.0", 1},
		{"another version with a prefix", source.Target{Revision: "v1.2.0", TagPrefix: "svc/"}, "svc/v1.3.0", 0},
		{"a version", source.Target{Revision: "v1.2.0"}, "v1.3.0", 0},
		{"a branch", source.Target{Revision: "main"}, "v1.3.0", 0},
	} {
		run(t, func(w *world) {
			w.store.push("a", tc.target.TagPrefix+tc.target.Revision, "a1")
			w.Want("app", Target{source.Repository{URL: "a"}, tc.target})
			synctest.Wait()
			if got := w.Pushed(push("a", tc.pushed, true)); got != tc.want {
				t.Errorf("%s: %d repositories are concerned, want %d", tc.reason, got, tc.want)
			}
			synctest.Wait()
		})
	}
}
