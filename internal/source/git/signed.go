package git

import (
	"context"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// RawCommit is a commit as it is stored, with its signature; it is fetched when it
// is not in the mirror.
func (s *Store) RawCommit(ctx context.Context, repo source.Repository, sha string) ([]byte, error) {
	m, w, err := s.wanted(repo, sha, "")
	if err != nil {
		return nil, err
	}
	if err := m.ensure(ctx, repo, w); err != nil {
		return nil, err
	}
	return m.raw(ctx, repo, w.sha, "commit")
}

// RawTag is an annotated tag as it is stored, with its signature; it is fetched
// when it is not in the mirror. The tag is Refs.Tag's for the ref, and must lead to
// the commit, which a server is free to claim: its signature would be taken for
// the commit's.
func (s *Store) RawTag(ctx context.Context, repo source.Repository, tag, ref, commit string) ([]byte, error) {
	m, w, err := s.wanted(repo, tag, ref)
	if err != nil {
		return nil, err
	}
	if err := m.ensure(ctx, repo, w); err != nil {
		return nil, err
	}
	h, err := m.reader.info(ctx, w.sha+"^{commit}")
	if err != nil {
		return nil, fault.Wrap(fault.KindOf(err), err, "%s: %s", repo, ref)
	}
	if h.state != found || h.oid != commit {
		return nil, fault.New(fault.Broken, "%s: %s does not lead to %s, as the server says", repo, ref, commit)
	}
	return m.raw(ctx, repo, w.sha, "tag")
}

// raw is an object that must be in the mirror and of a kind.
func (m *mirror) raw(ctx context.Context, repo source.Repository, id, kind string) ([]byte, error) {
	h, data, err := m.object(ctx, id)
	if err != nil {
		return nil, fault.Keep(fault.Broken, err, "%s: %s", repo, id)
	}
	if h.kind != kind {
		return nil, fault.New(fault.Broken, "%s: %s is a %.16s, not a %s", repo, id, h.kind, kind)
	}
	return data, nil
}
