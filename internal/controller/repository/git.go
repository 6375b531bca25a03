package repository

import (
	"context"
	"errors"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/git"
)

// Git is a Store of Git mirrors.
type Git struct{ *git.Store }

var _ Store = Git{}

// List starts one git process.
func (g Git) List(ctx context.Context, repo source.Repository) (Refs, error) {
	return g.Store.Refs(ctx, repo)
}

// Commit starts a git process only for a commit that is not in the mirror.
func (g Git) Commit(ctx context.Context, repo source.Repository, refs Refs, target string) (string, error) {
	r, ok := refs.(*git.Refs)
	if !ok {
		return "", fault.New(fault.Internal, "refs of another store: %T", refs)
	}
	sha, ref, err := r.Resolve(target)
	if errors.Is(err, git.ErrShortSHA) {
		sha, err = g.ResolveShort(ctx, repo, target)
	}
	if err != nil {
		return "", err
	}
	return sha, g.Fetch(ctx, repo, sha, ref)
}
