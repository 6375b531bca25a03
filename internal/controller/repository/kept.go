package repository

import (
	"context"
	"fmt"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/remote"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/source"
)

// Notes outlive the process: proof.Book is them. What they keep of a repository is for who
// describes it the same way, credentials included.
type Notes interface {
	// Add says that a repository let us in now, Remove that it turned us away, Since when
	// it let us in last.
	Add(repo source.Repository, _ struct{})
	Remove(repo source.Repository)
	Since(repo source.Repository) time.Time
	// Note keeps what a repository said of something, Unnote forgets that, and Noted is
	// that if the repository let us in and has not turned us away since.
	Note(repo source.Repository, what, said string)
	Unnote(repo source.Repository, what string)
	Noted(repo source.Repository, what string) (said string, ok bool)
}

// subject is what lets us in, or does not: a repository, or a chart in a registry, which
// has rights of its own. Only what decides who one is to the server matters.
func subject(repo source.Repository, chart string) source.Repository {
	repo.Name, repo.Project, repo.Depth = "", "", 0
	if repo.Type == source.OCI && chart != "" {
		repo.URL += "/" + chart
	}
	return repo
}

// noteOf is what is noted of a place.
func noteOf(p Place) string { return fmt.Sprintf("%q %q %t", p.Chart, p.Revision, p.PassCredentials) }

// heard keeps whether a repository let us in. One that does not answer has not turned us
// away, nor has one that does not have what was asked for, if it was let us ask for more.
func (s *Sources) heard(repo source.Repository, chart string, err error) {
	switch kind := fault.KindOf(err); {
	case s.Kept == nil:
	case err == nil:
		s.Kept.Add(subject(repo, chart), struct{}{})
	case !kind.Transient() && (kind != fault.NotFound || repo.Type != source.OCI):
		s.Kept.Remove(subject(repo, chart))
	}
}

// keep notes the digest of what is at a place, or that we may not have it.
func (s *Sources) keep(p Place, digest string, err error) {
	switch {
	case s.Kept == nil:
	case err == nil:
		s.Kept.Note(subject(p.Repo, p.Chart), noteOf(p), digest)
	case !fault.KindOf(err).Transient():
		s.Kept.Unnote(subject(p.Repo, p.Chart), noteOf(p))
	}
}

// kept is the noted digest of what is at a place.
func (s *Sources) kept(p Place) (digest string, ok bool) {
	if s.Kept == nil {
		return "", false
	}
	return s.Kept.Noted(subject(p.Repo, p.Chart), noteOf(p))
}

// keptChart is a chart of a Helm repository as a server has shown it to the same
// credentials last, of disk: as with a commit, nobody has to be asked for it again.
func (s *Sources) keptChart(ctx context.Context, p Place) (trace.Tree, bool) {
	digest, ok := s.kept(p)
	if !ok {
		return nil, false
	}
	tree, ok := s.Helm.Kept(ctx, p.Repo, digest)
	if !ok {
		return nil, false
	}
	return tree, true
}

// atHand says that a target names what does not move, and that it is here for whoever
// describes the repository so: what it is does not depend on whether that answers.
func (s *Sources) atHand(ctx context.Context, t Target) bool {
	if !exact.MatchString(t.Revision) {
		return false
	}
	if t.Repo.Type == source.Helm || t.Repo.Type == source.OCI {
		_, ok := s.kept(Place{Repo: t.Repo, Chart: t.Chart, Revision: t.Revision, PassCredentials: t.PassCredentials})
		return ok
	}
	if Moves(remote.Want{Kind: remote.Git, Version: t.Revision}) {
		return false // a tag looks like a version
	}
	_, err := s.Git.Tree(ctx, t.Repo, t.Revision)
	return err == nil
}

// Since is when the repository of a target last let us in, in this process or one before;
// zero if that is not known.
func (s *Sources) Since(t Target) time.Time {
	if s.Kept == nil {
		return time.Time{}
	}
	return s.Kept.Since(subject(t.Repo, t.Chart))
}

// Stale is why the revision of a repository's target could not be renewed, without a time
// that changes; held says that what it was last is at hand, and stays in force.
func (st State) Stale(url string, held bool) error {
	since := "it was never read with success since Evenkeel started"
	switch at := st.At.UTC().Format(time.RFC3339); {
	case st.At.IsZero():
	case held:
		since = "the state of " + at + " stays in force"
	default:
		since = "it was read last on " + at + ", and that state is not at hand"
	}
	return fault.Wrap(fault.KindOf(st.Err), st.Err, "repository %s (%s)", source.RedactURL(url), since)
}
