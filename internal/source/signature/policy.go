package signature

import (
	"fmt"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/glob"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// Mode is how much of a history must be signed.
type Mode string

// The modes, in Argo CD's words.
const (
	// None: nothing. It is the zero Mode.
	None Mode = ""
	// Head: the commit, or the annotated tag that was asked for.
	Head Mode = "head"
	// Strict: the commit, the tag, and all commits before, back to those that seal
	// what was before them.
	Strict Mode = "strict"
)

// Policy is what a project demands of a Git repository. The zero Policy demands nothing.
type Policy struct {
	Mode Mode
	// Keys name those who may sign; see Result.AllowedBy.
	Keys []string
}

// PolicyFor is what a project demands of the repository at a URL: that of the one
// policy under sourceIntegrity for it, else, if there is no sourceIntegrity for Git,
// that the head is signed with one of signatureKeys. It is for Git only: charts and
// artifacts of OCI have no such signatures, and Argo CD lets them pass.
//
// An error means that nobody knows what is demanded, so that nothing may be
// rendered: two policies for one repository, or a mode that does not exist.
func PolicyFor(project v1alpha1.AppProjectSpec, repoURL string) (Policy, error) {
	integrity := project.SourceIntegrity
	if integrity == nil || integrity.Git == nil {
		if len(project.SignatureKeys) == 0 {
			return Policy{}, nil
		}
		p := Policy{Mode: Head}
		for _, key := range project.SignatureKeys {
			p.Keys = append(p.Keys, key.KeyID)
		}
		return p, nil
	}
	var found []*v1alpha1.SourceIntegrityGitPolicy
	for _, p := range integrity.Git.Policies {
		if p == nil {
			continue
		}
		covers, err := covers(p.Repos, repoURL)
		if err != nil {
			return Policy{}, err
		}
		if covers {
			found = append(found, p)
		}
	}
	switch {
	case len(found) > 1:
		return Policy{}, fault.New(fault.Denied, "%s: %d policies of the project's sourceIntegrity are for it, and there must be one", source.RedactURL(repoURL), len(found))
	case len(found) == 0 || found[0].GPG == nil:
		return Policy{}, nil
	}
	switch mode := found[0].GPG.Mode; mode {
	case "none":
		return Policy{}, nil
	case string(Head), string(Strict):
		return Policy{Mode: Mode(mode), Keys: found[0].GPG.Keys}, nil
	default:
		return Policy{}, fault.New(fault.Denied, "the project's sourceIntegrity has the mode %.64q, which is none of none, head and strict", mode)
	}
}

// covers says whether a repository is meant by one of the globs and exempt by
// none, which begins with "!". It is meant in any spelling that leads to the same
// repository, as to spell it otherwise must not be a way around; in Argo CD it is.
// An exemption is for the spelling that it has.
func covers(repos []v1alpha1.SourceIntegrityGitPolicyRepo, repoURL string) (bool, error) {
	names := spellings(repoURL)
	meant := false
	for _, r := range repos {
		pattern, exempt := strings.CutPrefix(r.URL, "!")
		written, err := glob.Compile(pattern)
		if err != nil {
			return false, fault.New(fault.Denied, "the project's sourceIntegrity has the pattern %.200q, which cannot be read", source.RedactURL(r.URL))
		}
		if exempt {
			if written.Match(repoURL) {
				return false, nil
			}
			continue
		}
		lower, err := glob.Compile(strings.TrimPrefix(strings.ToLower(pattern), "ssh://"))
		if err != nil {
			return false, fault.New(fault.Denied, "the project's sourceIntegrity has the pattern %.200q, which cannot be read", source.RedactURL(r.URL))
		}
		meant = meant || written.Match(repoURL) || slices.ContainsFunc(names, lower.Match)
	}
	return meant, nil
}

// spellings are the ways in which a pattern may name the repository: with .git and
// without, an SSH URL also as user@host:path, an HTTP URL without user and port.
func spellings(repoURL string) []string {
	normal := source.NormalizeURL(repoURL)
	all := []string{normal}
	if u, err := url.Parse(normal); err == nil && (u.Scheme == "https" || u.Scheme == "http") {
		if u.Port() == map[string]string{"https": "443", "http": "80"}[u.Scheme] {
			u.Host = u.Hostname()
		}
		u.User, u.RawPath = nil, ""
		u.Path = strings.TrimSuffix(strings.TrimRight(path.Clean("/"+u.Path), "/"), ".git")
		all = append(all, strings.ToLower((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()))
	} else {
		all = append(all, strings.Replace(normal, "/", ":", 1))
	}
	for _, s := range all {
		all = append(all, s+".git")
	}
	return all
}

// Subject is what a Policy is checked on.
type Subject struct {
	// Commit is the commit that is to be rendered.
	Commit string
	// Tag is the annotated tag that it was found under, raw, and TagName its name;
	// empty when it was found otherwise.
	Tag     []byte
	TagName string
	// Read is a raw commit. Head mode reads Commit only, and not even that if there is a Tag.
	Read func(commit string) ([]byte, error)
}

// Check is what a Policy has against a subject: a sentence for each signature that
// is missing or not good enough, at most ten, and none when all is well. They are
// for a condition of type ComparisonError. An error says that it could not be found
// out, which is no consent either.
func (p Policy) Check(s Subject, keys *Keyring, now time.Time) ([]string, error) {
	c := checker{policy: p, keys: keys, now: now, read: s.Read}
	if p.Mode == None {
		return nil, nil
	}
	if s.Tag != nil {
		r, err := Verify(s.Tag, keys, now)
		if err != nil {
			return nil, fault.Keep(fault.Broken, err, "tag %s", s.TagName)
		}
		c.judge("tag "+s.TagName, r)
		if p.Mode == Head {
			return c.problems, nil
		}
	}
	if p.Mode == Strict {
		err := c.history(s.Commit)
		return c.problems, err
	}
	o, err := c.commit(s.Commit)
	if err != nil {
		return nil, err
	}
	c.judge("commit "+s.Commit, o.verify(keys, now))
	return c.problems, nil
}

// checker collects what is wrong.
type checker struct {
	policy   Policy
	keys     *Keyring
	now      time.Time
	read     func(string) ([]byte, error)
	problems []string
}

func (c *checker) commit(sha string) (object, error) {
	raw, err := c.read(sha)
	if err != nil {
		return object{}, fault.Keep(fault.Broken, err, "commit %s: its signature", sha)
	}
	o, err := parse(raw)
	if err == nil && o.tag {
		err = fault.New(fault.Broken, "is no commit")
	}
	return o, fault.Keep(fault.Broken, err, "commit %s", sha)
}

// judge notes what is wrong with one signature.
func (c *checker) judge(what string, r Result) {
	if why := c.policy.against(r); why != "" && len(c.problems) < maxProblems {
		c.problems = append(c.problems, fmt.Sprintf("source integrity: %s by %s is %s", what, r.Author, why))
	}
}

// against is what speaks against a signature; empty when nothing does.
func (p Policy) against(r Result) string {
	switch {
	case r.AllowedBy(p.Keys):
		return ""
	case r.Verdict == Good:
		return "signed with key " + r.Key + ", which the project does not allow"
	case r.Verdict == Bad:
		return "signed badly: " + r.Reason
	case r.Key != "":
		return r.Verdict.String() + " (" + r.Key + ")"
	}
	return r.Verdict.String()
}
