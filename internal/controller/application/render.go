package application

import (
	"context"
	"slices"

	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
)

// render makes sure that the rendering is that of the revisions. When it cannot be
// made, the last good one stays in force and nothing is pruned.
func (p *pass) render(ctx context.Context) outcome {
	have := p.s.rendering
	if have != nil && p.revisions == nil {
		return p.use(have)
	}
	want := rendering.Inputs{Revisions: p.revisions, Spec: p.c.maker.Digest(p.request(), have)}
	if have != nil && want.Equal(rendering.Inputs{Revisions: have.Checked, Spec: have.Spec}) && !p.s.hard {
		return p.use(have)
	}
	if p.s.failure != nil && p.s.failed.Equal(want) {
		return p.unrendered(p.s.failure)
	}
	made, err := p.renew(ctx, have, want)
	if ctx.Err() != nil {
		return wait
	}
	if err != nil {
		if !fault.KindOf(err).Transient() {
			p.s.failure, p.s.failed = err, want
		} else {
			p.passing()
		}
		return p.unrendered(err)
	}
	p.s.failure, p.s.failed, p.s.hard = nil, rendering.Inputs{}, false
	if made != have {
		p.adopt(made)
	}
	return p.use(made)
}

func (p *pass) use(r *rendering.Rendering) outcome {
	p.conditions = append(p.conditions, r.Conditions...)
	return proceed
}

// unrendered tells why, and goes on with the last good rendering if there is one.
func (p *pass) unrendered(err error) outcome {
	p.condition(fault.KindOf(err).Condition(), "revision "+resource.ShortRevisions(p.revisions)+": "+err.Error())
	p.broken = true
	if p.s.rendering == nil {
		return halt
	}
	return proceed
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
	trees, err := p.trees(ctx, p.repos, want.Revisions)
	if err != nil {
		return nil, err
	}
	if have != nil && have.Spec == want.Spec && !p.s.hard {
		same, err := have.StillHolds(trees)
		if err == nil && same {
			p.c.mu.Lock() // for Plan, which is no pass
			have.Checked = want.Revisions
			p.c.mu.Unlock()
			return have, nil
		}
	}
	made, err := p.make(ctx, trees, want.Revisions)
	if err != nil {
		return nil, err
	}
	if last := p.lastShown(); have == nil && last != nil && !slices.Equal(last, want.Revisions) {
		// After a restart: the revisions shown are the last that changed something.
		if old, err := p.trees(ctx, p.repos, last); err == nil {
			if same, err := made.StillHolds(old); err == nil && same {
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
	}
}
