package application

import (
	"context"
	"slices"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/source"
)

// resolve finds the commits that are desired, one of each source. It never waits for
// a remote: what is not known yet wakes the Application when it is.
func (p *pass) resolve(ctx context.Context) outcome {
	repos, err := p.repositories(p.origin)
	p.repos = repos
	if err != nil {
		p.problem(err)
		return p.lastGood(ctx)
	}
	targets := make([]repository.Target, len(repos))
	for i, repo := range repos {
		targets[i] = repository.Target{Repo: repo, Target: rendering.Target(p.origin.Sources[i], "")}
	}
	wants, near := p.followed()
	states := p.c.poller.Want(p.s.instance, append(targets, near...)...)
	if !p.refreshed(states) {
		return wait
	}
	p.follow(wants, states[len(repos):])
	states = states[:len(repos)]
	p.targets = states
	out := p.choose(ctx, states)
	for i, st := range states {
		if st.Err != nil {
			p.problem(st.Stale(p.origin.Sources[i].RepoURL, out == proceed))
		}
	}
	return out
}

// choose takes the commits that the targets name, those of the pin, or the last good ones.
func (p *pass) choose(ctx context.Context, states []repository.State) outcome {
	known, failed := p.judge(states)
	if p.pinned() {
		return p.resolvePin(ctx)
	}
	switch {
	case known && failed && p.lastIsWhole():
		return p.lastGood(ctx)
	case known:
		p.broken, p.revisions = failed, p.newest
		return proceed
	case failed && !slices.ContainsFunc(states, unasked):
		return p.lastGood(ctx)
	}
	return wait
}

// unasked says that a target was not looked for yet.
func unasked(st repository.State) bool { return st.Revision == "" && st.Err == nil }

// repositories are the repositories of an origin, with the credentials for them. On an
// error they are as many all the same.
func (p *pass) repositories(o resource.Origin) ([]source.Repository, error) {
	repos := make([]source.Repository, len(o.Sources))
	for i, s := range o.Sources {
		repo, err := p.c.o.Credentials(p.settings, s.RepoURL, rendering.ProjectOf(p.app))
		if err != nil {
			return repos, err
		}
		repos[i] = repo.For(rendering.Target(s, ""))
	}
	return repos, nil
}

// refreshed answers a request for a refresh: once every repository was asked.
func (p *pass) refreshed(states []repository.State) bool {
	kind, asked := p.app.Annotations[v1alpha1.AnnotationRefresh]
	if !asked {
		return true
	}
	if !p.s.refreshing {
		p.s.refreshing = true
		p.c.poller.Refresh(p.s.instance)
		if kind == v1alpha1.RefreshHard {
			p.s.failure, p.s.failed = nil, rendering.Inputs{}
			p.s.hard = true
		}
		return false
	}
	p.answered = !slices.ContainsFunc(states, func(st repository.State) bool { return st.Asked })
	return p.answered
}

// judge notes what the targets name now, if all is known, and tells what failed.
func (p *pass) judge(states []repository.State) (known, failed bool) {
	known = true
	var revisions []string
	for _, st := range states {
		revisions = append(revisions, st.Revision)
		known, failed = known && st.Revision != "", failed || st.Err != nil
	}
	if known {
		p.newest = revisions
	}
	return known, failed
}

// lastIsWhole says that several sources are in force, of which one cannot be renewed.
// A newer commit of another has to wait for it: nobody knows whether they fit.
func (p *pass) lastIsWhole() bool {
	r := p.s.rendering
	return r != nil && len(r.Checked) > 1 && p.s.failure == nil && r.Origin.SameSources(p.origin)
}

// lastGood goes on with the revisions that were compared last, if their files are
// still here; else there is nothing to compare with.
func (p *pass) lastGood(ctx context.Context) outcome {
	p.broken = true
	if r := p.s.rendering; r != nil {
		if slices.EqualFunc(r.Origin.Sources, p.origin.Sources, sameRepository) {
			p.revisions = r.Checked
		}
		return proceed
	}
	last := p.lastShown()
	if last == nil {
		return halt
	}
	if _, err := p.trees(ctx, p.origin.At(last), p.repos); err != nil {
		return halt
	}
	p.revisions = last
	return proceed
}

func sameRepository(a, b v1alpha1.ApplicationSource) bool {
	return a.RepoURL == b.RepoURL && a.Chart == b.Chart
}

// lastShown are the revisions that the status has, if they can be of the sources.
func (p *pass) lastShown() []string {
	last := p.app.Status.Sync.Revisions
	if !p.origin.Listed {
		last = []string{p.app.Status.Sync.Revision}
	}
	if len(last) != len(p.origin.Sources) || slices.Contains(last, "") {
		return nil
	}
	return last
}

// place is where the files of a source of an origin are.
func (p *pass) place(o resource.Origin, repo source.Repository, i int) repository.Place {
	t := rendering.Target(o.Sources[i], "")
	return repository.Place{
		Repo: repo, Chart: t.Chart, Revision: o.Revisions[i], PassCredentials: t.PassCredentials, Project: rendering.ProjectOf(p.app),
	}
}

// trees are the files of an origin's sources, which are in these repositories.
func (p *pass) trees(ctx context.Context, o resource.Origin, repos []source.Repository) ([]trace.Tree, error) {
	if len(repos) != len(o.Revisions) || len(repos) != len(o.Sources) {
		return nil, fault.New(fault.Internal, "%d revisions of %d repositories", len(o.Revisions), len(repos))
	}
	out := make([]trace.Tree, len(repos))
	for i, repo := range repos {
		if repo.URL == "" {
			return nil, fault.New(fault.Unavailable, "the credentials of a repository are not known")
		}
		tree, err := p.c.o.Trees.Tree(ctx, p.place(o, repo, i))
		if err != nil {
			return nil, err
		}
		out[i] = tree
	}
	return out, nil
}
