package application

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// apis is the discovery of an API server that serves one kind.
type apis struct{ kind string }

func (a apis) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"items":[]}`
	if r.URL.Path == "/apis" {
		body = `{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[{"resource":"things","scope":"Namespaced",
			"responseKind":{"group":"example.com","version":"v1","kind":"` + a.kind + `"},"verbs":["list","watch"]}]}]}]}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func serving(t *testing.T, kind string) *cluster.Kinds {
	t.Helper()
	conn, err := cluster.Connect(&rest.Config{Host: "http://model", Transport: apis{kind}})
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := conn.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// rendered is a pass of an Application with a rendering in force.
func rendered(t *testing.T) (p *pass, serve func(kind string)) {
	t.Helper()
	kinds := serving(t, "Widget")
	c := &Controller{kinds: func() *cluster.Kinds { return kinds }}
	c.maker = &rendering.Maker{Kinds: c.kinds, KubeVersion: func() string { return "v1.35.0" }}
	app := &v1alpha1.Application{}
	p = &pass{
		c: c, s: &appState{rendering: &rendering.Rendering{Checked: []string{"aaaaaaaaaaaa"}}}, app: app, project: &v1alpha1.AppProject{},
		origin: resource.Origin{Sources: []v1alpha1.ApplicationSource{{}}}, now: time.Unix(1_700_000_000, 0), revisions: []string{"bbbbbbbbbbbb"},
	}
	return p, func(kind string) { kinds = serving(t, kind) }
}

// TestFailuresEndWithTheirCauses is the part of the table in doc.go about renderings.
func TestFailuresEndWithTheirCauses(t *testing.T) {
	broken := fault.New(fault.Broken, "no")
	for _, tt := range []struct {
		reason string
		beyond bool // what lies beyond the sources was asked for
		then   func(p *pass, serve func(string))
		want   bool // still stands
	}{
		{"nothing changed", false, func(*pass, func(string)) {}, true},
		{"soon after nothing changed", false, func(p *pass, _ func(string)) { p.now = p.now.Add(59 * time.Minute) }, true},
		{"nor later, but a submodule's credentials may have", false, func(p *pass, _ func(string)) { p.now = p.now.Add(time.Hour) }, false},
		{"another commit", false, func(p *pass, _ func(string)) { p.revisions = []string{"cccccccccccc"} }, false},
		{"the cluster serves the kind that was missing, which the last good rendering did not look at", false, func(_ *pass, serve func(string)) { serve("Gadget") }, false},
		{"a base beyond the sources moved", false, func(p *pass, _ func(string)) { p.near = "dddd " }, false},
		{"the source itself is another", false, func(p *pass, _ func(string)) { p.origin.Sources[0].Path = "x" }, false},
		{"what lies beyond was asked for a moment ago", true, func(p *pass, _ func(string)) { p.now = p.now.Add(time.Minute) }, true},
		{"and long ago", true, func(p *pass, _ func(string)) { p.now = p.now.Add(3 * time.Minute) }, false},
	} {
		p, serve := rendered(t)
		p.settings.ReconciliationTimeout = 2 * time.Minute
		p.fetcher.asked = tt.beyond
		want := func() rendering.Inputs { return rendering.Inputs{Revisions: p.revisions, Spec: "of what is in force"} }
		p.remember(broken, want())
		if p.again == 0 {
			t.Errorf("%s: nobody looks again", tt.reason)
		}
		tt.then(p, serve)
		if got := p.failedBefore(want()); got != tt.want {
			t.Errorf("%s: it stands: %v", tt.reason, got)
		}
	}
}

// A passing failure says what stays in force and how old that is; the same failure says
// the same a minute later.
func TestHowOldIsWhatStays(t *testing.T) {
	away := &fault.Error{Kind: fault.Unavailable, Message: "chart redis: away …", Whole: "chart redis: away\nfor long"}
	p, _ := rendered(t)
	for reason, tt := range map[string]struct {
		good time.Time
		err  error
		want string
	}{
		"it may pass":                          {p.now, away, "aaaaaaaa of 2023-11-14T22:13:20Z stays in force: chart redis: away …"},
		"it will not":                          {p.now, fault.New(fault.Broken, "no"), "no"},
		"nothing was good since the start":     {time.Time{}, away, "chart redis: away …"},
		"it is of no kind, so will not either": {p.now, errors.New("no"), "no"},
	} {
		p.s.goodAt = tt.good
		if got := p.aged(tt.err); got.Error() != tt.want || fault.KindOf(got) != fault.KindOf(tt.err) {
			t.Errorf("%s: got %v", reason, got)
		}
	}
	p.s.goodAt = p.now
	before := p.aged(away).Error()
	p.now = p.now.Add(time.Minute)
	if after := p.aged(away).Error(); after != before {
		t.Errorf("it flaps: %q, then %q", before, after)
	}
	p.unrendered(away)
	if len(p.conditions) != 1 || len(p.longer) != 1 || p.longer[0].Message != p.conditions[0].Message || !strings.HasSuffix(p.longer[0].Text, "in force: chart redis: away\nfor long") {
		t.Errorf("got %v and %v", p.conditions, p.longer)
	}
}

// What the cluster serves is not known yet: nothing is rendered, as a chart may ask for
// it, and the first kind that is listed makes another pass.
func TestNothingIsServedYet(t *testing.T) {
	p, _ := rendered(t)
	none := cluster.New(cluster.Options{}).Kinds
	p.c.kinds = none
	if got := p.render(t.Context()); got != wait {
		t.Errorf("outcome %v", got)
	}
	if waiting := (&appState{}); !waiting.uses(schema.GroupKind{Kind: "Pod"}) {
		t.Error("nothing wakes it")
	}
}
