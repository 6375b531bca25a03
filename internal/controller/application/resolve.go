package application

import (
	"context"
	"fmt"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
)

// resolve finds the commit that is desired. It never waits for the remote: what
// is not known yet wakes the Application when it is.
func (p *pass) resolve(ctx context.Context) outcome {
	repo, err := p.c.o.Credentials(p.settings, p.source.RepoURL, rendering.ProjectOf(p.app))
	if err != nil {
		p.problem(err)
		return p.lastGood(ctx)
	}
	p.repo = repo
	st := p.c.poller.Want(p.s.instance, repository.Target{Repo: repo, Revision: p.source.TargetRevision})[0]
	if kind, asked := p.app.Annotations[v1alpha1.AnnotationRefresh]; asked {
		if !p.s.refreshing {
			p.s.refreshing = true
			p.c.poller.Refresh(p.s.instance)
			st.Asked = true
			if kind == v1alpha1.RefreshHard {
				p.s.failure, p.s.failed = nil, rendering.Inputs{}
				p.s.hard = true
			}
		}
		if st.Asked {
			return wait
		}
		p.answered = true
	}
	p.newest = st.Revision
	if st.Err != nil {
		p.problem(staleness(st.Err, st.At, p.source.RepoURL))
	}
	if p.pinned() {
		return p.resolvePin(ctx)
	}
	p.broken = st.Err != nil
	switch {
	case st.Revision != "":
		p.revision = st.Revision
		return proceed
	case st.Err != nil:
		return p.lastGood(ctx)
	}
	return wait
}

// lastGood goes on with the revision that was compared last, if its files are
// still here; else there is nothing to compare with.
func (p *pass) lastGood(ctx context.Context) outcome {
	p.broken = true
	if p.s.rendering != nil {
		p.revision = p.s.rendering.Checked
		return proceed
	}
	last := p.app.Status.Sync.Revision
	if last == "" || p.repo.URL == "" {
		return halt
	}
	if _, err := p.c.o.Trees.Tree(ctx, p.repo, last); err != nil {
		return halt
	}
	p.revision = last
	return proceed
}

// staleness is why the revision could not be renewed, without a time that changes.
func staleness(err error, good time.Time, url string) error {
	since := "it was never read with success since Evenkeel started"
	if !good.IsZero() {
		since = "the state of " + good.UTC().Format(time.RFC3339) + " stays in force"
	}
	return fault.Wrap(fault.KindOf(err), err, "%s", fmt.Sprintf("repository %s (%s)", url, since))
}
