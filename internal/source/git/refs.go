package git

import (
	"context"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git/refs"
)

// Refs asks the server for all refs, with exactly one git process (two, once,
// when the server redirects elsewhere on the same host).
func (s *Store) Refs(ctx context.Context, repo source.Repository) (*refs.Refs, error) {
	m, err := s.mirror(repo)
	if err != nil {
		return nil, err
	}
	release, err := s.acquire(ctx)
	if err != nil {
		return nil, err
	}
	defer release()
	out, err := m.talk(ctx, repo, call{verb: "ls-remote", args: []string{"--symref", "--", remoteName}, maxOutput: s.opts.MaxRefsSize})
	if err != nil {
		// A server that does not answer has not turned us away: what is here stays readable.
		if !fault.KindOf(err).Transient() {
			m.store.opts.Proofs.Remove(identity(repo))
		}
		return nil, err
	}
	m.store.opts.Proofs.Add(identity(repo), struct{}{})
	list, err := refs.Parse(out)
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "%s", repo)
	}
	return list, nil
}
