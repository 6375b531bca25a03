package repository

import (
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// several wants targets given as pairs of a URL and a revision.
func (w *world) several(app string, pairs ...string) []State {
	var targets []Target
	for i := 0; i < len(pairs); i += 2 {
		targets = append(targets, Target{source.Repository{URL: pairs[i]}, source.Target{Revision: pairs[i+1]}})
	}
	return w.Want(app, targets...)
}

func (w *world) revisions(want ...string) {
	w.t.Helper()
	got := w.State("one")
	if len(got) != len(want) {
		w.t.Fatalf("got %+v, want %q", got, want)
	}
	for i, s := range got {
		if s.Revision != want[i] {
			w.t.Errorf("source %d is at %q, want %q", i, s.Revision, want[i])
		}
	}
}

func TestSeveralSources(t *testing.T) {
	run(t, func(w *world) {
		w.several("one", "a", "main", "b", "main", "a", "dev", "a", "main")
		w.expect("each repository once, each target once", []string{"0s a", "0s b"}, []string{"a dev", "a main", "b main"}, []string{"one"})
		w.revisions("a1", "b1", "a9", "a1")
		w.several("one", "a", "main", "b", "main", "a", "dev", "a", "main")
		w.expect("saying it again costs nothing", nil, nil, nil)

		w.store.push("b", "main", "b2")
		time.Sleep(interval)
		w.expect("a change of any is told", []string{"2m0s a", "2m0s b"}, []string{"a dev", "a main", "b main"}, []string{"one"})
		w.revisions("a1", "b2", "a9", "a1")

		w.several("one", "a", "dev", "b", "main")
		w.expect("what stays is not asked for again", nil, []string{"a dev"}, []string{"one"})
		w.revisions("a9", "b2")
		w.several("one", "b", "main")
		time.Sleep(interval)
		w.expect("a repository that no source is in is not looked at", []string{"4m0s b"}, []string{"b main"}, []string{"one"})
		w.Forget("one")
		w.several("one", "a", "main", "b", "main")
		w.Forget("one")
		time.Sleep(10 * interval)
		synctest.Wait()
		if w.store.taken(); len(w.State("one")) != 0 {
			t.Errorf("forgotten: %+v", w.State("one"))
		}
		time.Sleep(10 * interval)
		if lists, _ := w.store.taken(); lists != nil {
			t.Errorf("all of an Application's sources are forgotten, got %q", lists)
		}
	})
}

func TestARefreshOfSeveralSources(t *testing.T) {
	run(t, func(w *world) {
		w.several("one", "a", "main", "b", "main")
		w.expect("", []string{"0s a", "0s b"}, []string{"a main", "b main"}, []string{"one"})
		w.store.break_("b", fault.New(fault.Unavailable, "away"))
		w.Refresh("one")
		for i, s := range w.State("one") {
			if !s.Asked {
				t.Errorf("source %d was not asked for", i)
			}
		}
		w.expect("each of its repositories is listed", []string{"0s a", "0s b"}, []string{"a main"}, []string{"one"})
		for i, s := range w.State("one") {
			if s.Asked || (s.Err != nil) != (i == 1) {
				t.Errorf("source %d: %+v", i, s)
			}
		}
	})
}

// A refresh that is under way when the sources change is answered by a listing of
// what is wanted now, whatever the generations of the repositories are.
func TestARefreshOutlivesAChangeOfSources(t *testing.T) {
	run(t, func(w *world) {
		w.several("one", "a", "main")
		w.several("two", "b", "main")
		synctest.Wait()
		w.store.taken()
		w.store.takes = 10 * time.Second
		w.Refresh("one")
		synctest.Wait()
		w.several("one", "b", "main")
		synctest.Wait()
		if s := w.State("one")[0]; !s.Asked {
			t.Errorf("answered by refs of before: %+v", s)
		}
		w.store.push("b", "main", "b2")
		time.Sleep(20 * time.Second)
		synctest.Wait()
		if s := w.State("one")[0]; s.Asked || s.Revision == "" {
			t.Errorf("not answered: %+v", s)
		}
	})
}
