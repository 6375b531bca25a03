package repository

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git"
	"evenkeel.dev/test/gitserver"
)

// A new tag in the range that an Application follows wakes it with the next
// listing; one that is not in it wakes nobody.
func TestNewTagWakesThoseWhoFollowItsRange(t *testing.T) {
	ctx := t.Context()
	server, err := gitserver.New(ctx, gitserver.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	repo, err := server.Repo(ctx, "app")
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(server)
	defer web.Close()
	tag := func(name, content string) string {
		t.Helper()
		sha, err := repo.Commit(ctx, map[string]string{"a": content}, "change")
		if err == nil {
			err = repo.Tag(ctx, name, sha, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		return sha
	}
	one := tag("svc-a/v1.0.0", "1")
	store, err := git.Open(ctx, git.Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	changed := make(chan string, 9)
	p := New(Options{
		Store: Git{Store: store}, Interval: func() time.Duration { return time.Hour }, Jitter: func() time.Duration { return 0 },
		Changed: func(app string) { changed <- app }, Log: slog.New(slog.DiscardHandler),
	})
	running, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); p.Run(running) }()
	defer func() { cancel(); <-ended }()

	follow := source.Target{Revision: "^1", TagPrefix: "svc-a/"}
	from := source.Repository{URL: web.URL + "/app.git"}
	p.Want("web", Target{from, follow})
	p.Want("branch", Target{from, source.Target{Revision: "refs/tags/svc-a/v1.0.0"}})
	for range 2 {
		<-changed
	}
	if s := p.State("web")[0]; s.Revision != one || s.Err != nil {
		t.Fatalf("got %+v, want %s", s, one)
	}
	tag("svc-b/v1.5.0", "2")
	tag("svc-a/v2.0.0", "3")
	two := tag("svc-a/v1.2.0", "4")
	p.Refresh("branch") // its listing serves everybody
	woken := map[string]bool{<-changed: true, <-changed: true}
	if s := p.State("web")[0]; !woken["web"] || s.Revision != two || s.Err != nil {
		t.Errorf("woken %v, got %+v, want %s", woken, s, two)
	}
	if s := p.State("branch")[0]; s.Revision != one || s.Err != nil {
		t.Errorf("got %+v, want %s", s, one)
	}
}
