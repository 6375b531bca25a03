package repository

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

const interval = 2 * time.Minute

// server is a Store of remotes that are maps from target to commit.
type server struct {
	mu       sync.Mutex
	refs     map[string]map[string]string // URL -> target -> commit
	fail     map[string]error
	unfound  error         // of every Commit
	takes    time.Duration // for a listing
	lists    []string      // when which URL was listed, since start
	resolved []string
	start    time.Time
}

func (s *server) List(ctx context.Context, repo source.Repository) (Refs, error) {
	s.mu.Lock()
	s.lists = append(s.lists, fmt.Sprintf("%v %s", time.Since(s.start), name(repo)))
	refs, err, takes := s.refs[repo.URL], s.fail[repo.URL], s.takes
	s.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, err
	}
	return refs, nil
}

func name(repo source.Repository) string { return strings.TrimSuffix(repo.URL+" "+repo.Username, " ") }

func (s *server) Commit(_ context.Context, repo source.Repository, refs Refs, t source.Target) (string, error) {
	target := t.TagPrefix + t.Revision
	s.mu.Lock()
	defer s.mu.Unlock()
	s.resolved = append(s.resolved, name(repo)+" "+target)
	if s.unfound != nil {
		return "", s.unfound
	}
	if sha, ok := refs.(map[string]string)[target]; ok {
		return sha, nil
	}
	return "", fault.New(fault.NotFound, "revision %q is no branch, tag or commit", target)
}

// push makes a target another commit.
func (s *server) push(url, target, sha string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := map[string]string{}
	maps.Copy(next, s.refs[url])
	next[target] = sha
	s.refs[url] = next
}

func (s *server) break_(url string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail[url] = err
}

func (s *server) taken() (lists, resolved []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	lists, resolved = s.lists, s.resolved
	s.lists, s.resolved = nil, nil
	slices.Sort(resolved)
	return lists, resolved
}

// world is a Poller that runs, in a bubble of its own time.
type world struct {
	*Poller
	t     *testing.T
	store *server
	mu    sync.Mutex
	told  []string
	stop  func()
}

func run(t *testing.T, test func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, interval)
		test(w)
		w.stop()
	})
}

func newWorld(t *testing.T, every time.Duration) *world {
	t.Helper()
	w := &world{t: t, store: &server{
		start: time.Now(), fail: map[string]error{},
		refs: map[string]map[string]string{"a": {"main": "a1", "dev": "a9"}, "b": {"main": "b1"}},
	}}
	w.Poller = New(Options{
		Store: w.store, Interval: func() time.Duration { return every }, Jitter: func() time.Duration { return 0 },
		Changed: func(app string) { w.mu.Lock(); w.told = append(w.told, app); w.mu.Unlock() },
		Log:     slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { w.Run(ctx); close(ended) }()
	w.stop = func() { cancel(); <-ended }
	synctest.Wait()
	return w
}

// expect compares what the store was asked for and who was told, since the last time.
func (w *world) expect(reason string, lists, resolved, told []string) {
	w.t.Helper()
	synctest.Wait()
	gotLists, gotResolved := w.store.taken()
	w.mu.Lock()
	gotTold := w.told
	w.told = nil
	w.mu.Unlock()
	slices.Sort(gotTold)
	slices.Sort(gotResolved)
	// An actor may answer the first of several wishes before the next is made, and then
	// answers the rest by itself: how often is left to the scheduler.
	gotTold, gotResolved = slices.Compact(gotTold), slices.Compact(gotResolved)
	// Nor does it matter which of two repositories is listed first.
	slices.Sort(gotLists)
	lists = slices.Sorted(slices.Values(lists))
	type asked struct{ Lists, Resolved, Told []string }
	if diff := cmp.Diff(asked{lists, resolved, told}, asked{gotLists, gotResolved, gotTold}); diff != "" {
		w.t.Errorf("%s (-want +got):\n%s", reason, diff)
	}
}

func (w *world) state(app, url, target, revision, err string) {
	w.t.Helper()
	got := w.Want(app, Target{source.Repository{URL: url}, source.Target{Revision: target}})[0]
	if got.Revision != revision || (got.Err == nil) != (err == "") || !strings.Contains(fmt.Sprint(got.Err), err) {
		w.t.Errorf("%s: got %q, %v, want %q, %q", app, got.Revision, got.Err, revision, err)
	}
}

// before is a Store that knows when processes before this one last listed repositories.
type before struct {
	*server
	at time.Time
}

func (b before) Since(t Target) time.Time {
	if t.Repo.URL != "a" || t.Revision != "main" {
		return time.Time{}
	}
	return b.at
}

// Until a listing succeeds a State is of when one did last, whichever process made it.
func TestStateOfAProcessBefore(t *testing.T) {
	run(t, func(w *world) {
		then := time.Now().Add(-time.Hour)
		w.o.Store = before{w.store, then}
		w.store.break_("a", errors.New("away"))
		targets := []Target{{source.Repository{URL: "a"}, source.Target{Revision: "main"}}, {source.Repository{URL: "a"}, source.Target{Revision: "dev"}}}
		w.Want("one", targets...)
		synctest.Wait()
		got := w.State("one")
		if !got[0].At.Equal(then) || got[0].Err == nil || !got[1].At.IsZero() {
			t.Errorf("away since the start: %+v", got)
		}
		for held, want := range map[bool]string{true: "stays in force", false: "not at hand"} {
			if err := got[0].Stale("https://ada:canary@example.com/a", held); !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "canary") {
				t.Error(err)
			}
			if err := got[1].Stale("a", held); !strings.Contains(err.Error(), "never read") {
				t.Error(err)
			}
		}
		w.store.break_("a", nil)
		w.Refresh("one")
		synctest.Wait()
		listed := time.Now()
		if got := w.State("one")[0]; !got.At.Equal(listed) || got.Err != nil {
			t.Errorf("back: %+v", got)
		}
		time.Sleep(time.Second)
		w.store.break_("a", errors.New("away"))
		w.Refresh("one")
		synctest.Wait()
		if got := w.State("one")[0]; !got.At.Equal(listed) || got.Err == nil {
			t.Errorf("away again: %+v", got)
		}
	})
}

func TestOneListingForAll(t *testing.T) {
	run(t, func(w *world) {
		a := source.Repository{URL: "a"}
		for _, app := range []string{"one", "two", "three"} {
			if got := w.Want(app, Target{a, source.Target{Revision: "main"}})[0]; got.Revision != "" || got.Err != nil {
				t.Errorf("known before it was asked for: %+v", got)
			}
		}
		w.Want("four", Target{a, source.Target{Revision: "dev"}})
		w.expect("one listing for a repository, one resolution for a target", []string{"0s a"}, []string{"a dev", "a main"}, []string{"four", "one", "three", "two"})
		w.state("one", "a", "main", "a1", "")
		w.state("four", "a", "dev", "a9", "")
		w.expect("asking again costs nothing", nil, nil, nil)

		time.Sleep(interval)
		w.expect("a quiet interval tells nobody", []string{"2m0s a"}, []string{"a dev", "a main"}, nil)

		w.store.push("a", "main", "a2")
		time.Sleep(interval)
		w.expect("a push tells those whom it concerns", []string{"4m0s a"}, []string{"a dev", "a main"}, []string{"one", "three", "two"})
		w.state("one", "a", "main", "a2", "")
		if got := w.Want("one", Target{a, source.Target{Revision: "main"}})[0]; got.Asked || time.Since(got.At) != 0 {
			t.Errorf("got %+v", got)
		}
	})
}

func TestCredentialsAreActorsOfTheirOwn(t *testing.T) {
	run(t, func(w *world) {
		w.Want("one", Target{source.Repository{URL: "a"}, source.Target{Revision: "main"}})
		w.Want("two", Target{source.Repository{URL: "a", Username: "ada"}, source.Target{Revision: "main"}})
		synctest.Wait()
		lists, _ := w.store.taken()
		slices.Sort(lists)
		if diff := cmp.Diff([]string{"0s a", "0s a ada"}, lists); diff != "" {
			t.Errorf("nobody reads with another's rights (-want +got):\n%s", diff)
		}
	})
}

func TestAFailedListingKeepsWhatIsKnown(t *testing.T) {
	run(t, func(w *world) {
		w.state("one", "a", "main", "", "")
		w.expect("", []string{"0s a"}, []string{"a main"}, []string{"one"})
		w.store.break_("a", fault.New(fault.Unavailable, "away"))
		time.Sleep(interval)
		w.expect("the error is news", []string{"2m0s a"}, nil, []string{"one"})
		w.state("one", "a", "main", "a1", "away")
		time.Sleep(29 * time.Second)
		w.expect("it is tried again soon, and ever later; the same error is no news", []string{"2m2s a", "2m6s a", "2m14s a"}, nil, nil)
		w.Want("two", Target{source.Repository{URL: "a"}, source.Target{Revision: "dev"}})
		w.expect("a new wish is answered from the refs that are known", nil, []string{"a dev"}, []string{"two"})
		time.Sleep(20 * time.Minute)
		synctest.Wait()
		lists, _ := w.store.taken()
		if n := len(lists); n < 9 || n > 13 {
			t.Errorf("in twenty minutes it was tried %d times: never less often than the interval says, %q", n, lists)
		}
		w.store.break_("a", fault.New(fault.Broken, "the credentials are refused"))
		w.store.push("a", "main", "a2")
		time.Sleep(interval)
		synctest.Wait()
		w.state("one", "a", "main", "a1", "refused")
		w.store.break_("a", nil)
		w.store.taken()
		w.mu.Lock()
		w.told = nil
		w.mu.Unlock()
		time.Sleep(interval)
		synctest.Wait()
		w.state("one", "a", "main", "a2", "")
		w.state("two", "a", "dev", "a9", "")
	})
}

func TestAFirstListingThatFails(t *testing.T) {
	run(t, func(w *world) {
		w.store.break_("a", fault.New(fault.Unavailable, "away"))
		w.state("one", "a", "main", "", "")
		w.expect("", []string{"0s a"}, nil, []string{"one"})
		w.state("one", "a", "main", "", "away")
		w.state("two", "a", "main", "", "")
		w.expect("whoever comes between two tries hears why there is nothing", nil, nil, []string{"two"})
		w.state("two", "a", "main", "", "away")
		w.store.break_("a", nil)
		time.Sleep(2 * time.Second)
		w.expect("", []string{"2s a"}, []string{"a main"}, []string{"one", "two"})
		w.state("two", "a", "main", "a1", "")
	})
}

// A registry is asked for each target and not for a list, and a commit or a chart is
// fetched after it: a failure there passes as one of a listing does, and what stays in
// force is as old as when it was last found, however often the list could be had.
func TestATargetThatCannotBeFetchedJustNow(t *testing.T) {
	run(t, func(w *world) {
		w.state("one", "a", "main", "", "")
		w.expect("", []string{"0s a"}, []string{"a main"}, []string{"one"})
		w.store.mu.Lock()
		w.store.unfound = fault.New(fault.Unavailable, "away")
		w.store.mu.Unlock()
		found := w.State("one")[0].At
		time.Sleep(interval)
		w.expect("it is news", []string{"2m0s a"}, []string{"a main"}, []string{"one"})
		time.Sleep(7 * time.Second)
		w.expect("it is tried again soon, and ever later", []string{"2m2s a", "2m6s a"}, []string{"a main"}, nil)
		w.state("one", "a", "main", "a1", "away")
		if got := w.State("one")[0].At; !got.Equal(found) || time.Since(got) != interval+7*time.Second {
			t.Errorf("it is of %v, and was found at %v", got, found)
		}
		w.store.mu.Lock()
		w.store.unfound = fault.New(fault.NotFound, "gone")
		w.store.mu.Unlock()
		time.Sleep(interval)
		w.expect("what asking again does not mend waits for its turn", []string{"2m14s a"}, []string{"a main"}, []string{"one"})
		w.store.mu.Lock()
		w.store.unfound = nil
		w.store.mu.Unlock()
		time.Sleep(interval)
		w.expect("and is mended then", []string{"4m14s a"}, []string{"a main"}, []string{"one"})
		w.state("one", "a", "main", "a1", "")
	})
}

func TestATargetThatIsNotThere(t *testing.T) {
	run(t, func(w *world) {
		w.state("one", "a", "main", "", "")
		w.state("two", "a", "nope", "", "")
		w.expect("", []string{"0s a"}, []string{"a main", "a nope"}, []string{"one", "two"})
		w.state("one", "a", "main", "a1", "")
		w.state("two", "a", "nope", "", `revision "nope" is no branch`)
		w.state("two", "a", "dev", "", "")
		w.expect("another target needs no listing", nil, []string{"a dev"}, []string{"two"})
		w.state("two", "a", "dev", "a9", "")
		w.store.push("a", "nope", "a5")
		w.state("two", "a", "nope", "", "")
		w.expect("the refs are those of the last listing", nil, []string{"a nope"}, []string{"two"})
		w.state("two", "a", "nope", "", "is no branch")
		time.Sleep(interval)
		w.expect("", []string{"2m0s a"}, []string{"a main", "a nope"}, []string{"two"})
		w.state("two", "a", "nope", "a5", "")
	})
}

func TestForget(t *testing.T) {
	run(t, func(w *world) {
		w.state("one", "a", "main", "", "")
		w.state("two", "a", "main", "", "")
		w.expect("", []string{"0s a"}, []string{"a main"}, []string{"one", "two"})
		w.Forget("one")
		w.Forget("one")
		w.Forget("nobody")
		time.Sleep(interval)
		w.expect("one is left", []string{"2m0s a"}, []string{"a main"}, nil)
		w.state("two", "b", "main", "", "")
		w.expect("a move to another repository", []string{"2m0s b"}, []string{"b main"}, []string{"two"})
		time.Sleep(interval)
		w.expect("what nobody wants is not looked at", []string{"4m0s b"}, []string{"b main"}, nil)
		w.Forget("two")
		time.Sleep(10 * interval)
		w.expect("nothing is", nil, nil, nil)
		w.Refresh("two")
		if got := w.State("two"); len(got) != 0 {
			t.Errorf("a refresh for nobody: %+v", got)
		}
		w.state("two", "b", "main", "", "")
		w.expect("and from the beginning", []string{"24m0s b"}, []string{"b main"}, []string{"two"})
	})
}

func TestRefresh(t *testing.T) {
	run(t, func(w *world) {
		a := source.Repository{URL: "a"}
		w.state("one", "a", "main", "", "")
		w.state("two", "a", "main", "", "")
		w.expect("", []string{"0s a"}, []string{"a main"}, []string{"one", "two"})
		w.Refresh("one")
		if got := w.Want("one", Target{a, source.Target{Revision: "main"}})[0]; !got.Asked || got.Revision != "a1" {
			t.Errorf("before the next listing: %+v", got)
		}
		w.expect("who asked is told although nothing changed", []string{"0s a"}, []string{"a main"}, []string{"one"})
		if got := w.Want("one", Target{a, source.Target{Revision: "main"}})[0]; got.Asked {
			t.Errorf("got %+v", got)
		}

		// While a listing is under way, which may have begun before a push.
		w.store.takes = 10 * time.Second
		w.Refresh("one")
		time.Sleep(time.Second)
		w.store.push("a", "main", "a2")
		for range 2 { // requests share a listing
			w.Refresh("two")
		}
		time.Sleep(9 * time.Second)
		w.expect("the first is answered by the listing that it asked for", []string{"0s a", "10s a"}, []string{"a main"}, []string{"one"})
		w.state("two", "a", "main", "a1", "")
		if !w.State("two")[0].Asked || w.State("one")[0].Asked {
			t.Errorf("the listing under way began before: %+v", w.State("two"))
		}
		time.Sleep(10 * time.Second)
		w.expect("the second by the next one", nil, []string{"a main"}, []string{"one", "two"})
		w.state("two", "a", "main", "a2", "")

		time.Sleep(interval - time.Second)
		w.expect("the interval begins anew with each listing", nil, nil, nil)
		time.Sleep(time.Second)
		w.expect("", []string{"2m20s a"}, nil, nil)
	})
}

func TestARefreshThatFailsIsAnswered(t *testing.T) {
	run(t, func(w *world) {
		w.state("one", "a", "main", "", "")
		w.expect("", []string{"0s a"}, []string{"a main"}, []string{"one"})
		w.store.break_("a", errors.New("away"))
		w.Refresh("one")
		w.expect("", []string{"0s a"}, nil, []string{"one"})
		w.Refresh("one")
		w.expect("the same error again is no news, but was asked for", []string{"0s a"}, nil, []string{"one"})
		if got := w.Want("one", Target{source.Repository{URL: "a"}, source.Target{Revision: "main"}})[0]; got.Asked || got.Revision != "a1" || got.Err == nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestWantBeforeRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &server{start: time.Now(), fail: map[string]error{}, refs: map[string]map[string]string{"a": {"main": "a1"}}}
		told := make(chan string, 10)
		p := New(Options{
			Store: store, Interval: func() time.Duration { return interval }, Jitter: func() time.Duration { return time.Minute },
			Changed: func(app string) { told <- app }, Log: slog.New(slog.DiscardHandler),
		})
		p.Want("one", Target{source.Repository{URL: "a"}, source.Target{Revision: "main"}})
		synctest.Wait()
		if len(told) != 0 {
			t.Error("it works before it runs")
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { p.Run(ctx); close(ended) }()
		synctest.Wait()
		if len(told) != 1 {
			t.Errorf("told %d", len(told))
		}
		time.Sleep(interval + time.Minute)
		synctest.Wait()
		if lists, _ := store.taken(); len(lists) != 2 {
			t.Errorf("with jitter: %q", lists)
		}
		// A listing that hangs does not keep it from ending.
		store.takes = time.Hour
		p.Refresh("one")
		synctest.Wait()
		cancel()
		<-ended
		if got := p.Want("one", Target{source.Repository{URL: "a"}, source.Target{Revision: "main"}})[0]; got.Revision != "a1" || got.Err != nil {
			t.Errorf("a listing that was cut off is no failure: %+v", got)
		}
	})
}

func TestWantWhileRunEnds(t *testing.T) {
	t.Parallel()
	p := New(Options{
		Store:    &server{start: time.Now(), refs: map[string]map[string]string{"a": {"main": "a1"}}},
		Interval: func() time.Duration { return interval }, Jitter: func() time.Duration { return 0 },
		Changed: func(string) {}, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); p.Run(ctx) }()
	var apps sync.WaitGroup
	for i := range 20 {
		apps.Go(func() {
			p.Want(fmt.Sprint(i), Target{source.Repository{URL: "a", Username: fmt.Sprint(i)}, source.Target{Revision: "main"}})
		})
	}
	cancel()
	apps.Wait()
	<-ended
	if p.ctx != nil {
		t.Error("an actor may still be started")
	}
}

func TestTheLogHasNoCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const url = "https://ada:hunter2@git.example.com/a"
		var log bytes.Buffer
		told := make(chan string, 1)
		p := New(Options{
			Store:    &server{start: time.Now(), fail: map[string]error{url: errors.New("away")}},
			Interval: func() time.Duration { return interval }, Jitter: func() time.Duration { return 0 },
			Changed: func(app string) { told <- app }, Log: slog.New(slog.NewTextHandler(&log, nil)),
		})
		p.Want("one", Target{source.Repository{URL: url}, source.Target{Revision: "main"}})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { p.Run(ctx); close(ended) }()
		<-told
		cancel()
		<-ended
		if text := log.String(); strings.Contains(text, "hunter2") || !strings.Contains(text, "git.example.com/a") {
			t.Errorf("got %s", text)
		}
	})
}

func TestRefsOfAnotherStore(t *testing.T) {
	if _, err := (Git{}).Commit(t.Context(), source.Repository{URL: "a"}, "nonsense", source.Target{Revision: "main"}); fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v", err)
	}
}
