package application

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
)

// remotes is a repository.Store, and the trees of what it ever gave out.
type remotes struct {
	mu    sync.Mutex
	heads map[string]string // URL -> commit of every target
	fail  map[string]error
	takes time.Duration
}

func (r *remotes) List(ctx context.Context, repo source.Repository) (repository.Refs, error) {
	r.mu.Lock()
	head, err, takes := r.heads[repo.URL], r.fail[repo.URL], r.takes
	r.mu.Unlock()
	select {
	case <-time.After(takes):
		return head, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *remotes) Commit(_ context.Context, _ source.Repository, refs repository.Refs, target source.Target) (string, error) {
	if head, ok := refs.(string); ok && target.Revision != "nope" {
		return head, nil
	}
	return "", fault.New(fault.NotFound, "revision %q is no branch, tag or commit", target.Revision)
}

func (*remotes) Tree(context.Context, repository.Place) (trace.Tree, error) {
	return nil, nil //nolint:nilnil // nobody reads it
}

func (r *remotes) set(url, head string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heads[url], r.fail[url] = head, err
}

// resolving is one Application with two sources, of repositories a and b.
type resolving struct {
	t     *testing.T
	store *remotes
	c     *Controller
	s     *appState
	app   *v1alpha1.Application
}

const everyMinute = time.Minute

func resolvingTwo(t *testing.T, test func(r *resolving)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &resolving{
			t: t, s: &appState{instance: "shop"}, app: &v1alpha1.Application{},
			store: &remotes{heads: map[string]string{"a": "a1", "b": "b1"}, fail: map[string]error{}},
		}
		r.app.Spec.Sources = []v1alpha1.ApplicationSource{{RepoURL: "a", Path: "."}, {RepoURL: "b", Ref: "values"}}
		kinds := serving(t, "Widget")
		r.c = &Controller{kinds: func() *cluster.Kinds { return kinds }, o: Options{
			Trees: r.store, Log: slog.New(slog.DiscardHandler),
			Credentials: func(_ settings.Snapshot, url, _ string) (source.Repository, error) {
				if url == "locked" {
					return source.Repository{}, fault.New(fault.Invalid, "no credentials")
				}
				return source.Repository{URL: url}, nil
			},
		}}
		r.c.poller = repository.New(repository.Options{
			Store: r.store, Log: r.c.o.Log, Changed: func(string) {},
			Interval: func() time.Duration { return everyMinute }, Jitter: func() time.Duration { return 0 },
		})
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); r.c.poller.Run(ctx) }()
		synctest.Wait()
		test(r)
		cancel()
		<-ended
	})
}

// resolve makes the step of a pass once what is under way has settled.
func (r *resolving) resolve() (*pass, outcome) {
	synctest.Wait()
	p := &pass{c: r.c, s: r.s, app: r.app, origin: resource.OriginOf(&r.app.Spec), now: time.Now()}
	out := p.resolve(r.t.Context())
	return p, out
}

func (r *resolving) expect(why string, want outcome, broken bool, revisions ...string) *pass {
	r.t.Helper()
	p, out := r.resolve()
	if out != want || p.broken != broken || !slices.Equal(p.revisions, revisions) {
		r.t.Errorf("%s: outcome %v, broken %t, revisions %q, conditions %v; want %v, %t, %q", why, out, p.broken, p.revisions, p.conditions, want, broken, revisions)
	}
	return p
}

// render takes what was resolved for rendered.
func (r *resolving) render(p *pass) {
	r.s.rendering = &rendering.Rendering{Origin: p.origin.At(p.revisions), Checked: p.revisions}
}

func TestResolveSeveral(t *testing.T) {
	resolvingTwo(t, func(r *resolving) {
		r.expect("nothing is known yet", wait, false)
		p := r.expect("all are known", proceed, false, "a1", "b1")
		r.render(p)
		r.store.set("b", "b2", nil)
		time.Sleep(everyMinute)
		p = r.expect("one has moved", proceed, false, "a1", "b2")
		r.render(p)

		r.store.set("a", "a1", errors.New("away"))
		r.store.set("b", "b3", nil)
		time.Sleep(everyMinute)
		p = r.expect("one cannot be listed: what is in force stays as a whole", proceed, true, "a1", "b2")
		if len(p.conditions) != 1 || !strings.Contains(p.conditions[0].Message, "away") || !slices.Equal(p.newest, []string{"a1", "b3"}) {
			t.Errorf("conditions %v, newest %q", p.conditions, p.newest)
		}
		r.s.failure, r.s.failed = errors.New("broken"), rendering.Inputs{Revisions: []string{"a1", "b3"}}
		r.expect("what cannot be rendered is not forgotten for that", proceed, true, "a1", "b3")
		r.s.failure = nil

		r.store.set("a", "a4", nil)
		time.Sleep(everyMinute)
		r.expect("it is back", proceed, false, "a4", "b3")
	})
}

func TestResolveWhatCannotBe(t *testing.T) {
	resolvingTwo(t, func(r *resolving) {
		r.app.Spec.Sources[1].TargetRevision = "nope"
		r.resolve()
		p := r.expect("nothing was ever in force", halt, true)
		if len(p.conditions) != 1 || !strings.Contains(p.conditions[0].Message, `"nope"`) {
			t.Errorf("conditions %v", p.conditions)
		}
		r.app.Status.Sync.Revisions = []string{"a0", "b0"}
		r.expect("after a restart that of the status is", proceed, true, "a0", "b0")
		r.app.Status.Sync.Revisions = []string{"a0"}
		r.expect("one revision is not that of two sources", halt, true)

		r.s.rendering = &rendering.Rendering{Origin: p.origin.At([]string{"a0", "b0"}), Checked: []string{"a0", "b0"}}
		r.expect("what is in force stays", proceed, true, "a0", "b0")
		r.app.Spec.Sources = []v1alpha1.ApplicationSource{{RepoURL: "a"}, {RepoURL: "locked"}, {RepoURL: "b"}}
		p = r.expect("of other repositories no revision is known", proceed, true)
		if got := p.render(t.Context()); got != proceed {
			t.Errorf("the last good rendering is not used: %v", got)
		}
	})
}

func TestARefreshIsAnsweredByAll(t *testing.T) {
	resolvingTwo(t, func(r *resolving) {
		r.resolve()
		r.expect("", proceed, false, "a1", "b1")
		r.store.mu.Lock()
		r.store.takes = 10 * time.Second
		r.store.mu.Unlock()
		r.app.Annotations = map[string]string{v1alpha1.AnnotationRefresh: v1alpha1.RefreshHard}
		if p := r.expect("it is asked for", wait, false); p.answered || !r.s.hard {
			t.Errorf("answered %t, hard %t", p.answered, r.s.hard)
		}
		r.expect("and waited for", wait, false)
		time.Sleep(10 * time.Second)
		if p := r.expect("all have answered", proceed, false, "a1", "b1"); !p.answered {
			t.Error("not answered")
		}
	})
}
