package application

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
)

// admitPin reads the Application's pin. Its source has to be one that the project
// allows, as if it were the Application's.
func (p *pass) admitPin() error {
	var err error
	if p.pin, err = pin.Read(p.app); err != nil || p.pin == nil || p.pin.Source == nil {
		return err
	}
	p.source = *p.pin.Source
	return p.rules.CheckSource(p.source.RepoURL)
}

// pinned says whether the pin holds, and has one removed that has ended.
func (p *pass) pinned() bool {
	if p.pin == nil {
		return false
	}
	if why := p.pin.Over(p.now, p.newest); why != "" {
		p.c.o.Log.Info("the pin has ended", "app", p.key.String(), "pin", p.pin.String(), "why", why)
		p.unpinned, p.urgent = true, true
		if p.pin.Source != nil { // the next pass has the Application's own
			p.wakeIn(firstPause)
		}
		return false
	}
	if p.pin.NewerThan == pin.Newest && p.newest != "" {
		p.newerThan, p.urgent = p.newest, true
	}
	if !p.pin.Until.IsZero() {
		p.wakeIn(p.pin.Until.Sub(p.now))
	}
	return true
}

// resolvePin takes the commit of the pin. It needs no remote when the commit is in
// the mirror, as all that were ever synced here are.
func (p *pass) resolvePin(ctx context.Context) outcome {
	message := p.pin.String()
	if p.newest != "" && p.newest != p.pin.Revision {
		message += "; Git is at " + short(p.newest)
	}
	p.condition(v1alpha1.ConditionPinned, message)
	if _, err := p.c.o.Trees.Tree(ctx, p.repo, p.pin.Revision); err != nil {
		if _, err := p.c.commit(ctx, p.repo, p.pin.Revision); err != nil {
			p.problem(fault.Wrap(fault.KindOf(err), err, "the pin's commit %s", short(p.pin.Revision)))
			return p.lastGood(ctx)
		}
	}
	p.revision = p.pin.Revision
	return proceed
}
