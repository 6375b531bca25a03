package application

import (
	"cmp"
	"context"
	"slices"
	"time"

	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/telemetry"
)

// render makes sure that the rendering is that of the revisions. When it cannot be
// made, the last good one stays in force and nothing is pruned.
func (p *pass) render(ctx context.Context) outcome {
	if len(p.c.kinds().All()) == 0 {
		return wait // a chart may ask what the cluster serves, and must not be told that it is nothing
	}
	have := p.s.rendering
	if have != nil && p.revisions == nil {
		return p.use(have)
	}
	want := rendering.Inputs{Revisions: p.revisions, Spec: p.c.maker.Digest(p.request(), have)}
	if have != nil && want.Equal(rendering.Inputs{Revisions: have.Checked, Spec: have.Spec}) && !p.s.hard && !p.moved {
		return p.use(have)
	}
	if p.failedBefore(want) {
		return p.unrendered(p.s.failure)
	}
	made, err := p.renew(ctx, have, want)
	if ctx.Err() != nil {
		return wait
	}
	if err != nil {
		if !fault.KindOf(err).Transient() {
			p.remember(err, want)
		} else {
			p.passing()
		}
		return p.unrendered(err)
	}
	p.s.failure, p.s.failed, p.s.hard, p.s.goodAt = nil, rendering.Inputs{}, false, p.now
	if made != have {
		p.adopt(made)
	}
	return p.use(made)
}

// failureStands is how long a failure stands that nothing seen here has changed. A
// submodule or a large file may be of another repository, whose credentials somebody has
// mended since.
const failureStands = time.Hour

// remember keeps what failed from being tried again until its inputs are others. What may
// lie outside of the sources is looked at again as often as repositories are: what was
// asked for there nobody watches while there is no rendering, and what is missing or
// denied may be given.
func (p *pass) remember(err error, want rendering.Inputs) {
	stands := failureStands
	if kind := fault.KindOf(err); p.fetcher.asked || kind == fault.NotFound || kind == fault.Denied {
		stands = cmp.Or(p.settings.ReconciliationTimeout, stands)
	}
	p.s.failure, p.s.failed, p.s.failedUntil, p.s.failedNear = err, p.whole(want), p.now.Add(stands), p.near
	p.wakeIn(stands)
}

// failedBefore says whether a rendering of the same inputs failed.
func (p *pass) failedBefore(want rendering.Inputs) bool {
	if p.s.failure == nil || !p.s.failed.Equal(p.whole(want)) || p.s.failedNear != p.near {
		return false
	}
	if left := p.s.failedUntil.Sub(p.now); left > 0 {
		p.wakeIn(left)
		return true
	}
	return false
}

// whole is want with all that a rendering may depend on. What the last good one did not
// look at, such as the kinds that the cluster serves, may be why this one failed.
func (p *pass) whole(want rendering.Inputs) rendering.Inputs {
	want.Spec = p.c.maker.Digest(p.request(), nil)
	return want
}

func (p *pass) use(r *rendering.Rendering) outcome {
	p.conditions = append(p.conditions, r.Conditions...)
	return proceed
}

// unrendered tells why, and goes on with the last good rendering if there is one.
func (p *pass) unrendered(err error) outcome {
	p.problemOf("revision "+resource.ShortRevisions(p.revisions)+": ", p.aged(err))
	p.broken = true
	if p.s.rendering == nil {
		return halt
	}
	return proceed
}

// aged is err, which if it may pass says what stays in force meanwhile, and how old that
// is, without a time that changes.
func (p *pass) aged(err error) error {
	if r := p.s.rendering; r != nil && fault.KindOf(err).Transient() && !p.s.goodAt.IsZero() {
		return fault.Keep(fault.Unavailable, err, "%s of %s stays in force", resource.ShortRevisions(r.Checked), p.s.goodAt.UTC().Format(time.RFC3339))
	}
	return err
}

// adopt puts a new rendering in force.
func (p *pass) adopt(r *rendering.Rendering) {
	p.c.mu.Lock() // for Plan, which is no pass
	p.s.rendering = r
	p.c.mu.Unlock()
	for _, other := range p.c.claims.Put(p.s.instance, r.Claims) {
		p.c.wakeInstance(other)
	}
	p.c.setKinds(p.s, r)
	p.c.o.View.TreeChanged(p.key.Namespace, p.key.Name)
}

// renew is the rendering for want: the one there is, if nothing that it read has
// changed, else a new one.
func (p *pass) renew(ctx context.Context, have *rendering.Rendering, want rendering.Inputs) (*rendering.Rendering, error) {
	trees, err := p.trees(ctx, p.origin.At(want.Revisions), p.repos)
	if err != nil {
		return nil, err
	}
	if have != nil && have.Spec == want.Spec && !p.s.hard && !p.moved {
		same, err := have.StillHolds(trees, want.Revisions)
		if err == nil && same {
			p.c.mu.Lock() // for Plan, which is no pass
			have.Checked = want.Revisions
			p.c.mu.Unlock()
			p.c.o.Metrics.Rendered(telemetry.RenderHeld, len(trees))
			return have, nil
		}
	}
	made, err := p.make(ctx, trees, want.Revisions)
	if err != nil {
		return nil, err
	}
	if last := p.lastShown(); have == nil && last != nil && !slices.Equal(last, want.Revisions) {
		// After a restart: the revisions shown are the last that changed something.
		if old, err := p.trees(ctx, p.origin.At(last), p.repos); err == nil {
			if same, err := made.StillHolds(old, last); err == nil && same {
				made.Origin.Revisions = last
			}
		}
	}
	return made, nil
}

func (p *pass) make(ctx context.Context, trees []trace.Tree, revisions []string) (*rendering.Rendering, error) {
	req := p.request()
	req.Origin = req.Origin.At(revisions)
	return p.c.maker.Make(ctx, trees, req)
}

// request is what the rendering depends on besides the repositories' content.
func (p *pass) request() rendering.Request {
	return rendering.Request{
		App: p.app, Instance: p.s.instance, Origin: p.origin, Project: p.project, Rules: p.rules, Settings: p.settings,
		Fetcher: p.beyond(), Fresh: p.s.hard,
	}
}
