package gitserver

import (
	"context"
	"fmt"
	"strings"
)

// sign replaces the commit that a ref names by one that is signed with a private SSH key.
// It needs ssh-keygen; git fast-import signs nothing itself.
func (r *Repo) sign(ctx context.Context, ref, parent, key string) error {
	fields, err := r.run(ctx, "show", "--no-patch", "--format=%T%n%an%n%ae%n%at%n%B", ref)
	if err != nil {
		return err
	}
	const parts = 5
	f := strings.SplitN(fields, "\n", parts)
	if len(f) != parts {
		return fmt.Errorf("gitserver: %s cannot be signed: %q", ref, fields)
	}
	args := append(signing(key), "commit-tree", "-S", f[0])
	if parent != "" {
		args = append(args, "-p", parent)
	}
	sha, err := run(ctx, command{git: r.git, dir: r.Dir, args: args, stdin: strings.NewReader(f[4]), env: []string{
		"GIT_AUTHOR_NAME=" + f[1], "GIT_AUTHOR_EMAIL=" + f[2], "GIT_AUTHOR_DATE=" + f[3] + " +0000",
		"GIT_COMMITTER_NAME=" + f[1], "GIT_COMMITTER_EMAIL=" + f[2], "GIT_COMMITTER_DATE=" + f[3] + " +0000",
	}})
	if err != nil {
		return err
	}
	return r.SetRef(ctx, ref, sha)
}

// SignTag points an annotated tag at a commit, by force, signed with a private SSH key.
func (r *Repo) SignTag(ctx context.Context, name, sha, key string) error {
	args := append(signing(key), "tag", "--force", "--sign", "--message=signed", "--", name, sha)
	_, err := run(ctx, command{git: r.git, dir: r.Dir, args: args, env: []string{
		"GIT_COMMITTER_NAME=Ada Committer", "GIT_COMMITTER_EMAIL=ada@example.com", fmt.Sprintf("GIT_COMMITTER_DATE=%d +0000", epoch),
	}})
	return err
}

func signing(key string) []string {
	return []string{"-c", "gpg.format=ssh", "-c", "user.signingkey=" + key}
}
