package repository

import (
	"context"
	"hash/maphash"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/credential"
	"evenkeel.dev/internal/source/helmrepo"
	"evenkeel.dev/internal/source/oci"
)

// Sources are the repositories of all kinds. It is safe for concurrent use.
type Sources struct {
	Git Git
	// Helm and OCI may be nil: then those kinds are refused.
	Helm *helmrepo.Store
	OCI  *oci.Store
	// Minter makes tokens for Helm repositories and registries; Git has its own.
	Minter *credential.Minter
	// Kept is what charts and artifacts were, for when their repository is away after a
	// restart; nil keeps nothing. What it has of Git is when a repository was last listed.
	Kept Notes
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	flight singleflight.Group
	mu     sync.Mutex
	// known is what targets were resolved to last. It bounds what is asked for what
	// many renderings have in common, such as a base; a Poller that resolves the same
	// target renews it.
	known map[Target]resolved
}

type resolved struct {
	revision string
	at       time.Time
}

// Place is a revision of a repository, and who wants to see it.
type Place struct {
	Repo source.Repository
	// Chart is a chart of the repository, Revision its version; else Revision is a
	// commit, or the digest of an artifact.
	Chart    string
	Revision string
	// PassCredentials is the target's.
	PassCredentials bool
	// Project is the Application's, for the credentials of submodules.
	Project string
}

var _ Store = (*Sources)(nil)

// indexOf is a Helm repository's state when it was listed; registryOf says that a
// registry is there to be asked for what is wanted of it.
type (
	indexOf    struct{ *helmrepo.Index }
	registryOf struct{}
)

// List asks for a repository's refs or index. A registry is asked by Commit.
func (s *Sources) List(ctx context.Context, repo source.Repository) (Refs, error) {
	switch repo.Type {
	case source.Helm:
		if s.Helm == nil {
			return nil, missing(repo)
		}
		signed, err := s.Minter.SignIn(ctx, repo)
		if err != nil {
			return nil, err
		}
		index, err := s.Helm.Index(ctx, signed)
		s.heard(repo, "", err)
		return indexOf{index}, s.refused(repo, err)
	case source.OCI:
		if s.OCI == nil {
			return nil, missing(repo)
		}
		return registryOf{}, nil
	}
	return s.Git.List(ctx, repo)
}

func missing(repo source.Repository) error {
	return fault.New(fault.Unsupported, "repository %s: sources of type %s cannot be read here", repo, repo.Type)
}

// Commit is the commit, version or digest that a target names; its content is here then.
func (s *Sources) Commit(ctx context.Context, repo source.Repository, refs Refs, target source.Target) (string, error) {
	revision, err := s.commit(ctx, repo, refs, target)
	if err == nil {
		s.note(Target{repo, target}, revision)
	}
	return revision, err
}

func (s *Sources) commit(ctx context.Context, repo source.Repository, refs Refs, target source.Target) (string, error) {
	switch r := refs.(type) {
	case indexOf:
		version, err := r.Resolve(target.Chart, target.Revision)
		if err != nil {
			return "", err
		}
		got, err := s.Helm.Chart(ctx, r.Index, helmrepo.Pull{Chart: target.Chart, Version: version, PassCredentials: target.PassCredentials})
		s.keep(Place{Repo: repo, Chart: target.Chart, Revision: version, PassCredentials: target.PassCredentials}, got.Digest, err)
		return version, err
	case registryOf:
		revision, err := s.artifact(ctx, repo, target)
		s.heard(repo, target.Chart, err)
		return revision, s.refused(repo, err)
	}
	return s.Git.Commit(ctx, repo, refs, target)
}

// artifact is the version or digest in a registry that a target names.
func (s *Sources) artifact(ctx context.Context, repo source.Repository, target source.Target) (string, error) {
	signed, err := s.Minter.SignIn(ctx, repo)
	if err != nil {
		return "", err
	}
	found, err := s.OCI.Resolve(ctx, signed, target.Chart, target.Revision)
	if err != nil {
		return "", err
	}
	revision := found.Digest
	if target.Chart != "" {
		revision = found.Version
	}
	got, err := s.OCI.Artifact(ctx, signed, target.Chart, revision)
	s.keep(Place{Repo: repo, Chart: target.Chart, Revision: revision, PassCredentials: target.PassCredentials}, got.Digest, err)
	return revision, err
}

// Tree is the files at a place, from what is here if it is.
func (s *Sources) Tree(ctx context.Context, p Place) (trace.Tree, error) {
	switch p.Repo.Type {
	case source.Helm:
		return s.chart(ctx, p)
	case source.OCI:
		if s.OCI == nil {
			return nil, missing(p.Repo)
		}
		signed, err := s.Minter.SignIn(ctx, p.Repo)
		if err != nil {
			return nil, err
		}
		revision := p.Revision
		if digest, ok := s.kept(p); ok && s.OCI.Shown(signed, p.Chart, digest) == nil {
			revision = digest
		}
		a, err := s.OCI.Artifact(ctx, signed, p.Chart, revision)
		if err != nil {
			return nil, s.refused(p.Repo, err)
		}
		return a.Tree, nil
	}
	tree, err := s.Git.Tree(ctx, p.Repo, p.Revision)
	if err != nil {
		return nil, err
	}
	return tree.InProject(p.Project), nil
}

// indexAge is how old an index may be that has a version which is named in full.
const indexAge = time.Hour

func (s *Sources) chart(ctx context.Context, p Place) (trace.Tree, error) {
	if s.Helm == nil {
		return nil, missing(p.Repo)
	}
	if tree, ok := s.keptChart(ctx, p); ok {
		return tree, nil
	}
	signed, err := s.Minter.SignIn(ctx, p.Repo)
	if err != nil {
		return nil, err
	}
	index, err := s.Helm.IndexWithin(ctx, signed, indexAge)
	if err != nil {
		return nil, s.refused(p.Repo, err)
	}
	got, err := s.Helm.Chart(ctx, index, helmrepo.Pull{Chart: p.Chart, Version: p.Revision, PassCredentials: p.PassCredentials})
	s.keep(p, got.Digest, err)
	if err != nil {
		return nil, err
	}
	return got.Tree, nil
}

// refused passes err on, and has a token replaced with which a server did not let us in.
func (s *Sources) refused(repo source.Repository, err error) error {
	if k := fault.KindOf(err); err != nil && (k == fault.Broken || k == fault.NotFound || k == fault.Denied) {
		s.Minter.Refused(repo)
	}
	return err
}

// flightSeed makes keys of targets with all their credentials: who has others must not
// share in an answer, nor in a refusal.
var flightSeed = maphash.MakeSeed() //nolint:gochecknoglobals // never written

// freshness is how long what a target was resolved to stands for whoever renders.
const freshness = time.Minute

// Resolve is what a target names now or did a minute ago at most; fresh asks in any case.
func (s *Sources) Resolve(ctx context.Context, t Target, fresh bool) (string, error) {
	if !fresh {
		s.mu.Lock()
		k, ok := s.known[t]
		s.mu.Unlock()
		if ok && s.now().Sub(k.at) < freshness {
			return k.revision, nil
		}
	}
	key := strconv.FormatUint(maphash.Comparable(flightSeed, t), 36)
	v, err, _ := s.flight.Do(key, func() (any, error) {
		refs, err := s.List(ctx, t.Repo)
		if err != nil {
			return "", err
		}
		return s.Commit(ctx, t.Repo, refs, t.Target)
	})
	if err != nil && fault.KindOf(err).Transient() && s.atHand(ctx, t) {
		return t.Revision, nil
	}
	if err != nil {
		return "", err
	}
	revision, _ := v.(string)
	return revision, nil
}

// maxKnown bounds what is remembered of targets; what is forgotten is asked for again.
const maxKnown = 10_000

func (s *Sources) note(t Target, revision string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil || len(s.known) >= maxKnown {
		s.known = map[Target]resolved{}
	}
	s.known[t] = resolved{revision: revision, at: s.now()}
}

func (s *Sources) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}

// digestOf identifies the content of a tree: of Git's, its commit does.
func digestOf(tree trace.Tree, p Place) string {
	if t, ok := tree.(interface{ Digest() string }); ok {
		return t.Digest()
	}
	return p.Revision
}
