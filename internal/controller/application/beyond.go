package application

import (
	"context"
	"strings"

	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/source"
)

// asking is a Fetcher that notes whether anything was asked for.
type asking struct {
	repository.Fetcher
	asked bool
}

// Fetch implements remote.Fetcher.
func (a *asking) Fetch(ctx context.Context, w remote.Want) (remote.Got, error) {
	a.asked = true
	return a.Fetcher.Fetch(ctx, w)
}

// beyond gets what a rendering needs that is not in its sources.
func (p *pass) beyond() remote.Fetcher {
	if p.c.o.Sources == nil || p.rules == nil || len(p.origin.Sources) == 0 {
		return nil
	}
	p.fetcher.Fetcher = repository.Fetcher{
		Sources: p.c.o.Sources,
		Find: func(url string) (source.Repository, error) {
			return p.c.o.Credentials(p.settings, url, rendering.ProjectOf(p.app))
		},
		Allowed: p.rules.CheckSource, Near: p.origin.Sources[0].RepoURL, Schemes: p.settings.HelmValuesFileSchemes, Fresh: p.s.hard,
	}
	return &p.fetcher
}

// followed are what the rendering in force needed beyond its sources and may move, such
// as a branch of a base, with where they lead: the Application is woken when one does.
func (p *pass) followed() (wants []cache.Wanted, targets []repository.Target) {
	if p.s.rendering == nil || p.beyond() == nil {
		return nil, nil
	}
	for _, w := range p.s.rendering.Wants {
		if !repository.Moves(w.Want) {
			continue
		}
		if t, err := p.fetcher.Target(w.Want); err == nil { // else whoever renders says why
			wants, targets = append(wants, w), append(targets, t)
		}
	}
	return wants, targets
}

// follow looks at what is followed as it is now.
func (p *pass) follow(wants []cache.Wanted, states []repository.State) {
	var near strings.Builder
	for i, st := range states {
		near.WriteString(st.Revision + " ")
		if st.Err != nil {
			p.problem(st.Stale(wants[i].URL, true))
		}
		p.moved = p.moved || st.Revision != "" && st.Revision != wants[i].Version
	}
	p.near = near.String()
}
