package gitserver

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Deleted as a file's content removes the file, or the directory, of that name.
const Deleted = "\x00deleted"

// DefaultBranch is the branch that HEAD of a new repository names.
const DefaultBranch = "main"

// epoch is when the first commit of every repository is made; each later one is a minute younger.
const epoch = 1_767_225_600 // 2026-01-01T00:00:00Z

// Repo is a bare repository that commits can be written to. Two Repos of one
// directory do not know of each other: keep one.
type Repo struct {
	// Dir is the bare repository's directory.
	Dir string
	git string

	mu      sync.Mutex
	commits int64
}

// Mode is the kind of an entry in a tree, in Git's octal spelling.
type Mode string

// The modes of files. The zero Mode means Regular.
const (
	Regular    Mode = "100644"
	Executable Mode = "100755"
	// Symlink: the content is the target.
	Symlink Mode = "120000"
	// Submodule: the content is a commit's id.
	Submodule Mode = "160000"
)

// File is one file of a Change.
type File struct {
	Content string
	Mode    Mode
}

// Change is a commit to be.
type Change struct {
	// Branch defaults to DefaultBranch.
	Branch string
	// Parent is the commit to build upon, which makes the branch move away from
	// where it was (a forced push); empty means the branch's head.
	Parent string
	// Orphan starts a history without a parent.
	Orphan  bool
	Message string
	// Author is "Name <email>".
	Author string
	// SigningKey is the file of a private SSH key to sign with; empty signs nothing.
	SigningKey string
	// Files are written over what the parent has.
	Files map[string]File
}

// Repo opens the repository of that name (without .git), making an empty one when there is none.
func (s *Server) Repo(ctx context.Context, name string) (*Repo, error) {
	dir := filepath.Join(s.opts.Dir, name+".git")
	if !strings.HasPrefix(dir, s.opts.Dir+string(filepath.Separator)) {
		return nil, fmt.Errorf("gitserver: repository %q is outside of %s", name, s.opts.Dir)
	}
	repo := &Repo{Dir: dir, git: s.opts.GitBinary}
	if _, err := os.Stat(filepath.Join(dir, "HEAD")); err == nil {
		n, err := repo.run(ctx, "rev-list", "--all", "--count")
		if err != nil {
			return nil, err
		}
		repo.commits, err = strconv.ParseInt(n, 10, 64)
		return repo, err
	}
	args := []string{"init", "--quiet", "--bare", "--initial-branch=" + DefaultBranch, "--template=", "--", dir}
	if _, err := run(ctx, command{git: s.opts.GitBinary, args: args}); err != nil {
		return nil, err
	}
	return repo, nil
}

// Commit writes files over the head of the default branch and is the new
// commit's id. A file whose content is Deleted is removed.
func (r *Repo) Commit(ctx context.Context, files map[string]string, message string) (string, error) {
	change := Change{Message: message, Files: make(map[string]File, len(files))}
	for name, content := range files {
		change.Files[name] = File{Content: content}
	}
	return r.Apply(ctx, change)
}

// Apply makes a commit and is its id.
func (r *Repo) Apply(ctx context.Context, c Change) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c.Branch == "" {
		c.Branch = DefaultBranch
	}
	if c.Author == "" {
		c.Author = "Ada Committer <ada@example.com>"
	}
	ref := "refs/heads/" + c.Branch
	parent, err := r.parent(ctx, c, ref)
	if err != nil {
		return "", err
	}
	stream := fastImport(c, parent, epoch+60*r.commits)
	_, err = run(ctx, command{
		git: r.git, dir: r.Dir, args: []string{"fast-import", "--quiet", "--force", "--date-format=raw"}, stdin: stream,
	})
	if err != nil {
		return "", err
	}
	if c.SigningKey != "" {
		if err := r.sign(ctx, ref, parent, c.SigningKey); err != nil {
			return "", err
		}
	}
	r.commits++
	return r.Resolve(ctx, ref)
}

func (r *Repo) parent(ctx context.Context, c Change, ref string) (string, error) {
	if c.Orphan {
		return "", nil
	}
	if c.Parent != "" {
		return r.Resolve(ctx, c.Parent)
	}
	return r.run(ctx, "for-each-ref", "--format=%(objectname)", ref)
}

// fastImport is the commit in git fast-import's language.
func fastImport(c Change, parent string, when int64) *bytes.Buffer {
	var b bytes.Buffer
	ref := "refs/heads/" + c.Branch
	if parent == "" {
		fmt.Fprintf(&b, "reset %s\n\n", ref)
	}
	fmt.Fprintf(&b, "commit %s\nauthor %s %d +0000\ncommitter %s %d +0000\n", ref, c.Author, when, c.Author, when)
	fmt.Fprintf(&b, "data %d\n%s\n", len(c.Message), c.Message)
	if parent != "" {
		fmt.Fprintf(&b, "from %s\n", parent)
	}
	names := make([]string, 0, len(c.Files))
	for name := range c.Files {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		writeFile(&b, name, c.Files[name])
	}
	return &b
}

func writeFile(b *bytes.Buffer, name string, f File) {
	quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(name) + `"`
	if f.Mode == "" {
		f.Mode = Regular
	}
	switch {
	case f.Content == Deleted:
		fmt.Fprintf(b, "D %s\n", quoted)
	case f.Mode == Submodule:
		fmt.Fprintf(b, "M %s %s %s\n", f.Mode, f.Content, quoted)
	default:
		fmt.Fprintf(b, "M %s inline %s\ndata %d\n%s\n", f.Mode, quoted, len(f.Content), f.Content)
	}
}

// Tag points the tag at a commit, by force. With a message the tag is an annotated one.
func (r *Repo) Tag(ctx context.Context, name, sha, message string) error {
	if message == "" {
		return r.SetRef(ctx, "refs/tags/"+name, sha)
	}
	_, err := run(ctx, command{
		git: r.git, dir: r.Dir,
		args: []string{"tag", "--force", "--annotate", "--message=" + message, "--", name, sha},
		env: []string{
			"GIT_COMMITTER_NAME=Ada Committer", "GIT_COMMITTER_EMAIL=ada@example.com",
			fmt.Sprintf("GIT_COMMITTER_DATE=%d +0000", epoch),
		},
	})
	return err
}

// SetRef points a fully qualified ref at a commit, by force.
func (r *Repo) SetRef(ctx context.Context, ref, sha string) error {
	_, err := r.run(ctx, "update-ref", "--", ref, sha)
	return err
}

// DeleteRef removes a fully qualified ref.
func (r *Repo) DeleteRef(ctx context.Context, ref string) error {
	_, err := r.run(ctx, "update-ref", "-d", "--", ref)
	return err
}

// Resolve is the id of the commit that a revision names.
func (r *Repo) Resolve(ctx context.Context, revision string) (string, error) {
	return r.run(ctx, "rev-parse", "--verify", "--end-of-options", revision+"^{commit}")
}

func (r *Repo) run(ctx context.Context, args ...string) (string, error) {
	return run(ctx, command{git: r.git, dir: r.Dir, args: args})
}
