package repository

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/refs"
)

const (
	one  = "1111111111111111111111111111111111111111"
	tagA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	tagB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// listed are the refs of a repository in which an annotated tag, a light one and a branch
// name the same commit.
func listed(t *testing.T, tag string) *refs.Refs {
	t.Helper()
	r, err := refs.Parse([]byte(one + "\trefs/heads/main\n" + one + "\trefs/tags/light\n" +
		tag + "\trefs/tags/v1.2.0\n" + one + "\trefs/tags/v1.2.0^{}\n"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTagOf(t *testing.T) {
	annotated := Tag{ID: tagA, Ref: "refs/tags/v1.2.0"}
	for target, want := range map[string]Tag{
		"v1.2.0": annotated, "v1.*": annotated, "refs/tags/v1.2.0": annotated,
		"main": {}, "light": {}, one: {}, "nope": {},
	} {
		if got := TagOf(listed(t, tagA), source.Target{Revision: target}); got != want {
			t.Errorf("%s: %v, want %v", target, got, want)
		}
	}
	if got := TagOf("refs of another store", source.Target{Revision: "v1.2.0"}); got != (Tag{}) {
		t.Error(got)
	}
}

// retagged is a Store of one repository in which nothing changes but the tag's object.
type retagged struct {
	mu   sync.Mutex
	refs *refs.Refs
}

func (r *retagged) List(context.Context, source.Repository) (Refs, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refs, nil
}

func (*retagged) Commit(context.Context, source.Repository, Refs, source.Target) (string, error) {
	return one, nil
}

// TestTagIsNews: a tag that is made again for the same commit may be signed now.
func TestTagIsNews(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store, woken := &retagged{refs: listed(t, tagA)}, 0
		p := New(Options{
			Store: store, Log: slog.New(slog.DiscardHandler), Changed: func(string) { woken++ },
			Interval: func() time.Duration { return time.Minute }, Jitter: func() time.Duration { return 0 },
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); p.Run(ctx) }()
		p.Want("app", Target{Repo: source.Repository{URL: "u"}, Target: source.Target{Revision: "v1.2.0"}})
		for _, tc := range []struct {
			tag  string
			want int
		}{{tagA, 1}, {tagA, 1}, {tagB, 2}} {
			store.mu.Lock()
			store.refs = listed(t, tc.tag)
			store.mu.Unlock()
			time.Sleep(time.Minute + time.Second)
			synctest.Wait()
			if got := p.State("app")[0]; got.Tag.ID != tc.tag || got.Revision != one || woken != tc.want {
				t.Errorf("tag %v of %s, woken %d times, want %s and %d", got.Tag, got.Revision, woken, tc.tag, tc.want)
			}
		}
		cancel()
		<-ended
	})
}
