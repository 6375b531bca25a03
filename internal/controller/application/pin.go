package application

import (
	"context"
	"slices"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/resource"
)

// admitPin reads the Application's pin. Its sources have to be such as the project
// allows, as if they were the Application's.
func (p *pass) admitPin() error {
	var err error
	if p.pin, err = pin.Read(p.app); err != nil || p.pin == nil || p.pin.Sources == nil {
		return err
	}
	p.origin = p.pin.Origin(p.app).At(nil)
	return admission.Sources(p.origin, p.rules)
}

// pinned says whether the pin holds, and has one removed that has ended.
func (p *pass) pinned() bool {
	if p.pin == nil {
		return false
	}
	newest := pin.Joined(p.newest)
	if why := p.pin.Over(p.now, newest); why != "" {
		p.c.o.Log.Info("the pin has ended", "app", p.key.String(), "pin", p.pin.String(), "why", why)
		p.unpinned, p.urgent = true, true
		if p.pin.Sources != nil { // the next pass has the Application's own
			p.wakeIn(firstPause)
		}
		return false
	}
	if p.pin.NewerThan == pin.Newest && newest != "" {
		p.newerThan, p.urgent = newest, true
	}
	if !p.pin.Until.IsZero() {
		p.wakeIn(p.pin.Until.Sub(p.now))
	}
	return true
}

// resolvePin takes the commits of the pin. It needs no remote when they are in the
// mirrors, as all that were ever synced here are.
func (p *pass) resolvePin(ctx context.Context) outcome {
	message := p.pin.String()
	if p.newest != nil && !slices.Equal(p.newest, p.pin.Revisions) {
		message += "; Git is at " + resource.ShortRevisions(p.newest)
	}
	p.condition(v1alpha1.ConditionPinned, message)
	for i, repo := range p.repos {
		revision := p.pin.Revisions[i]
		if _, err := p.c.o.Trees.Tree(ctx, p.place(p.origin.At(p.pin.Revisions), repo, i)); err == nil {
			continue
		}
		if _, _, err := p.c.commit(ctx, repo, rendering.Target(p.origin.Sources[i], revision)); err != nil {
			p.problem(fault.Wrap(fault.KindOf(err), err, "the pin's commit %s", short(revision)))
			return p.lastGood(ctx)
		}
	}
	p.revisions = p.pin.Revisions
	return proceed
}
