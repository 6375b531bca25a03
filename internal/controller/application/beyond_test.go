package application

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
)

// follow makes the step of a pass with what the project allows, so that what lies
// beyond the sources is followed.
func (r *resolving) follow() *pass {
	synctest.Wait()
	p := &pass{
		c: r.c, s: r.s, app: r.app, origin: resource.OriginOf(&r.app.Spec), now: time.Now(),
		rules: project.New(&v1alpha1.AppProject{Spec: project.Default()}),
	}
	p.resolve(r.t.Context())
	return p
}

// What a rendering needed beyond its sources and may move is looked at with them: one
// that moved is rendered anew; one that cannot be asked is told, and nothing else happens.
func TestFollowBeyondTheSources(t *testing.T) {
	const base, chart = "https://git.example/base.git", "https://charts.example"
	resolvingTwo(t, func(r *resolving) {
		r.c.o.Sources = &repository.Sources{}
		r.store.set(base, "c1", nil)
		r.store.set(chart, "1.0.0", nil)
		expect := func(why string, moved bool, conditions ...string) {
			t.Helper()
			r.follow()
			p := r.follow() // what was wanted for the first time is known now
			var got []string
			for _, c := range p.conditions {
				got = append(got, c.Message)
			}
			fits := slices.EqualFunc(got, conditions, strings.Contains)
			if p.moved != moved || !fits || p.broken || !slices.Equal(p.revisions, []string{"a1", "b1"}) {
				t.Errorf("%s: moved %t, broken %t, revisions %q, conditions %q; want %t, %q", why, p.moved, p.broken, p.revisions, got, moved, conditions)
			}
		}
		expect("nothing is rendered yet", false)
		r.s.rendering = &rendering.Rendering{
			Origin: resource.OriginOf(&r.app.Spec).At([]string{"a1", "b1"}), Checked: []string{"a1", "b1"},
			Wants: []cache.Wanted{
				{Want: remote.Want{Kind: remote.Git, URL: base, Version: "main"}, Version: "c1"},
				{Want: remote.Want{Kind: remote.Chart, URL: chart, Name: "lib", Version: "^1"}, Version: "1.0.0"},
				{Want: remote.Want{Kind: remote.Chart, URL: "https://elsewhere.example", Name: "lib", Version: "1.0.0"}, Version: "1.0.0"},
				{Want: remote.Want{Kind: remote.File, URL: "https://elsewhere.example/values.yaml"}},
				{Want: remote.Want{Kind: remote.Git, URL: "locked", Version: "main"}, Version: "c1"}, // its credentials cannot be read
			},
		}
		expect("nothing has moved", false)
		if got := len(r.c.poller.State("shop")); got != 4 {
			t.Errorf("%d targets, want two sources, a branch and a range", got)
		}
		r.store.set(base, "c2", nil)
		time.Sleep(everyMinute)
		expect("the base has moved", true)
		r.s.rendering.Wants[0].Version = "c2"
		expect("it is rendered", false)
		r.store.set(chart, "1.1.0", nil)
		time.Sleep(everyMinute)
		expect("a version is new", true)
		r.s.rendering.Wants[1].Version = "1.1.0"
		r.store.set(base, "c3", errors.New("away"))
		time.Sleep(everyMinute)
		expect("the base's repository is away", false, "away")

		r.s.rendering = nil
		r.follow()
		if got := len(r.c.poller.State("shop")); got != 2 {
			t.Errorf("%d targets without a rendering, want those of the sources", got)
		}
	})
}

// A rendering that failed is tried again when its inputs are others; and if something
// was fetched for it, that it follows has moved, or as often as repositories are looked at.
func TestFailedRenderingIsTriedAgain(t *testing.T) {
	const interval = 3 * time.Minute
	start := time.Unix(1_800_000_000, 0)
	want := rendering.Inputs{Revisions: []string{"a1"}}
	conn, err := cluster.Connect(&rest.Config{Host: "http://nobody"})
	if err != nil {
		t.Fatal(err)
	}
	kinds := cluster.New(cluster.Options{Conn: conn}).Kinds
	c := &Controller{maker: &rendering.Maker{Kinds: kinds, KubeVersion: func() string { return "v1.37.2" }}}
	for _, tc := range []struct {
		reason string
		asked  bool
		after  time.Duration
		near   string
		inputs rendering.Inputs
		failed bool
		again  time.Duration
	}{
		{"of its sources alone: not for an hour", false, failureStands - time.Second, "", want, true, time.Second},
		{"of its sources alone: after an hour", false, failureStands, "", want, false, 0},
		{"of its sources alone, which are others", false, 0, "", rendering.Inputs{Revisions: []string{"a2"}}, false, 0},
		{"something was fetched: not yet", true, interval - time.Second, "", want, true, time.Second},
		{"something was fetched: now", true, interval, "", want, false, 0},
		{"something was fetched that has moved", true, time.Second, "c2 ", want, false, 0},
	} {
		p := &pass{c: c, s: &appState{}, app: &v1alpha1.Application{}, project: &v1alpha1.AppProject{}, now: start, settings: settings.Snapshot{ReconciliationTimeout: interval}}
		p.fetcher.asked = tc.asked
		p.remember(fault.New(fault.Broken, "no"), want)
		if soon := p.again == interval; soon != tc.asked {
			t.Errorf("%s: another pass in %s", tc.reason, p.again)
		}
		next := &pass{c: c, s: p.s, app: p.app, project: p.project, now: start.Add(tc.after), near: tc.near, settings: p.settings}
		if got := next.failedBefore(tc.inputs); got != tc.failed || next.again != tc.again {
			t.Errorf("%s: failed before %t, another pass in %s; want %t, %s", tc.reason, got, next.again, tc.failed, tc.again)
		}
	}
}
