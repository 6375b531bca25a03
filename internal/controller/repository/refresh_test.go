package repository

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/source"
)

// held is a Store whose commits take until somebody gives them.
type held struct{ commits chan string }

func (held) List(context.Context, source.Repository) (Refs, error) { return "refs", nil }

func (h held) Commit(ctx context.Context, _ source.Repository, _ Refs, _ source.Target) (string, error) {
	select {
	case c := <-h.commits:
		return c, nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// A refresh is answered by the revision that its listing led to, and not by the one
// before while that is being fetched.
func TestRefreshWaitsForItsRevision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, changed := held{make(chan string)}, make(chan string, 9)
		never := func() time.Duration { return time.Hour }
		p := New(Options{
			Store: store, Interval: never, Jitter: func() time.Duration { return 0 },
			Changed: func(app string) { changed <- app }, Log: slog.New(slog.DiscardHandler),
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); p.Run(ctx) }()
		p.Want("web", Target{source.Repository{URL: "r"}, source.Target{Revision: "main"}})
		store.commits <- "old"
		<-changed
		p.Refresh("web")
		synctest.Wait() // it is listed, and the commit is being fetched
		if s := p.State("web")[0]; !s.Asked {
			t.Errorf("answered with revision %q of before", s.Revision)
		}
		store.commits <- "new"
		<-changed
		if s := p.State("web")[0]; s.Asked || s.Revision != "new" {
			t.Errorf("got %+v", s)
		}
		cancel()
		<-done
	})
}
