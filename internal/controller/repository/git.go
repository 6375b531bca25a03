package repository

import (
	"context"
	"errors"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git"
	"evenkeel.dev/internal/source/git/refs"
	"evenkeel.dev/internal/telemetry"
)

// Git is a Store of Git mirrors.
type Git struct {
	*git.Store
	// Metrics counts requests to Git servers; nil counts nothing.
	Metrics *telemetry.Metrics
}

var _ Store = Git{}

// List starts one git process.
func (g Git) List(ctx context.Context, repo source.Repository) (Refs, error) {
	begin := time.Now()
	list, err := g.Refs(ctx, repo)
	g.Metrics.GitRequested(repo.URL, telemetry.GitLsRemote, time.Since(begin), err)
	return list, err
}

// Tag is the annotated tag under which a commit was found; the zero Tag says that it was
// found otherwise.
type Tag struct {
	// ID is the tag's own object, Ref its full name.
	ID, Ref string
}

// TagOf is the annotated tag that a target names among refs.
func TagOf(list Refs, target source.Target) Tag {
	r, ok := list.(*refs.Refs)
	if !ok {
		return Tag{}
	}
	_, ref, err := r.Resolve(target)
	if err != nil || r.Tag(ref) == "" {
		return Tag{}
	}
	return Tag{ID: r.Tag(ref), Ref: ref}
}

// Commit starts a git process only for a commit that is not in the mirror.
func (g Git) Commit(ctx context.Context, repo source.Repository, list Refs, target source.Target) (string, error) {
	r, ok := list.(*refs.Refs)
	if !ok {
		return "", fault.New(fault.Internal, "refs of another store: %T", list)
	}
	sha, ref, err := r.Resolve(target)
	if errors.Is(err, refs.ErrShort) {
		sha, err = g.ResolveShort(ctx, repo, target.Revision)
	}
	if err != nil {
		return "", err
	}
	return sha, g.Fetch(ctx, repo, sha, ref)
}
