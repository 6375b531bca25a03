package integrity

import (
	"context"
	"log/slog"
	"maps"
	"strings"
	"sync"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/signature"
)

// Objects gives raw objects of Git repositories. git.Store is one.
type Objects interface {
	RawCommit(ctx context.Context, repo source.Repository, sha string) ([]byte, error)
	RawTag(ctx context.Context, repo source.Repository, tag, ref, commit string) ([]byte, error)
}

// Options are what a Checker needs.
type Options struct {
	// Objects may be nil; then what a project demands is never found.
	Objects Objects
	Log     *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Checker checks signatures.
type Checker struct {
	o Options

	mu       sync.Mutex
	keys     map[string]string // what ring was made of
	ring     *signature.Keyring
	outcomes map[subject]outcome
}

// subject is what an outcome depends on, beside the keyring.
type subject struct{ commit, tag, policy string }

type outcome struct {
	problems []string
	until    time.Time
}

// New makes a Checker.
func New(o Options) *Checker {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Checker{o: o, outcomes: map[subject]outcome{}}
}

// Question is about one commit of one source.
type Question struct {
	Project *v1alpha1.AppProject
	// Repo is the source's repository, with its type and credentials.
	Repo   source.Repository
	Commit string
	// Tag is the annotated tag that the commit was found under; the zero Tag for none.
	Tag repository.Tag
	// Keys are settings.Snapshot.SignatureKeys.
	Keys map[string]string
}

// Demands says whether a project demands signatures of any repository.
func Demands(project *v1alpha1.AppProject) bool {
	if project == nil {
		return false
	}
	in := project.Spec.SourceIntegrity
	return len(project.Spec.SignatureKeys) > 0 || in != nil && in.Git != nil && len(in.Git.Policies) > 0
}

// Clear is why it is not clear what the project demands of the repository, so that
// nothing of it may be rendered; nil when it is.
func (q Question) Clear() error {
	_, err := q.policy()
	return err
}

// policy asks by the repository's own URL: a source may name it by an alias.
func (q Question) policy() (signature.Policy, error) {
	if !Demands(q.Project) || q.Repo.Type == source.Helm || q.Repo.Type == source.OCI {
		return signature.Policy{}, nil
	}
	if q.Repo.URL == "" {
		return signature.Policy{}, fault.New(fault.Unavailable, "the repository of a source is not known, so whether it has to be signed is not known either")
	}
	return signature.PolicyFor(q.Project.Spec, q.Repo.URL)
}

// Check is why nothing of the commit may be applied: a sentence for each problem, none
// when all is well. An error says that it could not be found out, which is no consent.
func (c *Checker) Check(ctx context.Context, q Question) ([]string, error) {
	policy, err := q.policy()
	if err != nil || policy.Mode == signature.None {
		return nil, err
	}
	if c.o.Objects == nil {
		return nil, fault.New(fault.Internal, "the project demands signatures, and there is no store of Git's objects")
	}
	ring := c.keyring(q.Keys)
	about := subject{q.Commit, q.Tag.ID, strings.Join(append([]string{string(policy.Mode)}, policy.Keys...), "\x00")}
	if known, ok := c.recall(ring, about); ok {
		return known, nil
	}
	s := signature.Subject{Commit: q.Commit, Read: func(commit string) ([]byte, error) {
		return c.o.Objects.RawCommit(ctx, q.Repo, commit)
	}}
	if q.Tag.ID != "" {
		s.TagName = strings.TrimPrefix(q.Tag.Ref, "refs/tags/")
		if s.Tag, err = c.o.Objects.RawTag(ctx, q.Repo, q.Tag.ID, q.Tag.Ref, q.Commit); err != nil {
			return nil, fault.Keep(fault.Broken, err, "tag %s: its signature", s.TagName)
		}
	}
	problems, err := policy.Check(s, ring, c.o.Now())
	if err == nil && policy.Mode == signature.Strict {
		c.remember(ring, about, problems)
	}
	return problems, err
}

// keyring is made anew only when the keys are others.
func (c *Checker) keyring(keys map[string]string) *signature.Keyring {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ring != nil && maps.Equal(c.keys, keys) {
		return c.ring
	}
	ring, problems := signature.NewKeyring(keys)
	for _, err := range problems {
		c.o.Log.Warn("a key is not used", "err", err)
	}
	c.keys, c.ring, c.outcomes = maps.Clone(keys), ring, map[subject]outcome{}
	return ring
}

const (
	goodFor = time.Hour
	badFor  = time.Minute
	// maxOutcomes bounds what is remembered; what is forgotten is found out again.
	maxOutcomes = 10_000
)

func (c *Checker) recall(ring *signature.Keyring, about subject) ([]string, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, ok := c.outcomes[about]
	if !ok || c.ring != ring || !c.o.Now().Before(o.until) {
		return nil, false
	}
	return o.problems, true
}

func (c *Checker) remember(ring *signature.Keyring, about subject, problems []string) {
	age := goodFor
	if len(problems) > 0 {
		age = badFor
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ring != ring {
		return // found out with keys that have changed meanwhile
	}
	if len(c.outcomes) >= maxOutcomes {
		c.outcomes = map[subject]outcome{}
	}
	c.outcomes[about] = outcome{problems: problems, until: c.o.Now().Add(age)}
}
