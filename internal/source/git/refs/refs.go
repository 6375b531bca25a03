package refs

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

// ErrShort is wrapped by the error of Refs.Resolve when the target is no ref but may
// be an abbreviated commit.
var ErrShort = errors.New("may be an abbreviated commit")

var (
	fullSHA  = regexp.MustCompile(`^[0-9A-Fa-f]{40}$`)
	shortSHA = regexp.MustCompile(`^[0-9A-Fa-f]{4,39}$`)
)

// IsCommit says whether a revision is a commit's full id.
func IsCommit(revision string) bool { return fullSHA.MatchString(revision) }

// IsShort says whether a revision may be an abbreviated commit.
func IsShort(revision string) bool { return shortSHA.MatchString(revision) }

// maxRevision is the longest revision, in bytes.
const maxRevision = 1024

// Refs are a repository's refs at one moment. They never change.
type Refs struct {
	// head is the branch that HEAD names; empty when the server does not tell.
	head string
	// commits are the commits by full name; annotated tags are peeled.
	commits map[string]string
	// tags are the objects of annotated tags by full name.
	tags map[string]string
}

// Tag is the object of the annotated tag of that full name, which Resolve gives;
// empty when it is none: a branch, HEAD, a commit, or a tag that only names one.
func (r *Refs) Tag(ref string) string { return r.tags[ref] }

// Parse reads the output of git ls-remote --symref.
func Parse(out []byte) (*Refs, error) {
	refs := &Refs{commits: map[string]string{}, tags: map[string]string{}}
	for line := range bytes.Lines(out) {
		value, name, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), "\t")
		if !ok {
			return nil, fault.New(fault.Broken, "the list of refs has a line without a tab")
		}
		if target, ok := strings.CutPrefix(value, "ref: "); ok {
			if name == "HEAD" {
				refs.head = target
			}
			continue
		}
		if len(value) == 64 {
			return nil, fault.New(fault.Unsupported, "the repository's objects are named by SHA-256")
		}
		if !fullSHA.MatchString(value) {
			return nil, fault.New(fault.Broken, "the list of refs has a line without a commit")
		}
		// The peeled line comes after the tag's own and replaces it.
		name, peeled := strings.CutSuffix(name, "^{}")
		if tag, ok := refs.commits[name]; peeled && ok {
			refs.tags[name] = tag
		}
		refs.commits[name] = value
	}
	return refs, nil
}

// Resolve is the commit that a target means and the full name of the ref by which
// it can be fetched, empty for a commit that is given as such.
//
// Empty means HEAD. A full commit stays what it is, whether or not it exists. A
// range of versions means the tag with the highest version in it, before a branch
// of the same name ("1.x"), as in Argo CD; only if there is none is it a name. Names
// are looked up in the order of gitrevisions(7): as they are, below refs/, among
// tags, among branches; so a tag hides the branch of the same name, which
// refs/heads/NAME still reaches. (Argo CD takes whichever comes first in a
// map, argo-cd.md §5.15.)
func (r *Refs) Resolve(target source.Target) (sha, ref string, err error) {
	if target.Revision == "" {
		target.Revision = "HEAD"
	}
	if fullSHA.MatchString(target.Revision) {
		return strings.ToLower(target.Revision), "", nil
	}
	name, constraint := version(target)
	if constraint != nil {
		if tag, ok := r.newest(constraint, target.TagPrefix); ok {
			return r.commits[tag], tag, nil
		}
	} else if err := Check(name); err != nil {
		return "", "", err
	}
	for _, prefix := range [...]string{"", "refs/", tagsDir, "refs/heads/"} {
		full := prefix + name
		if full == "HEAD" && r.head != "" {
			full = r.head
		}
		if sha, ok := r.commits[full]; ok {
			return sha, full, nil
		}
	}
	switch {
	case constraint != nil:
		return "", "", noVersion(target)
	case shortSHA.MatchString(name) && name == target.Revision:
		return "", "", fault.Wrap(fault.NotFound, ErrShort, "revision %q is no branch or tag", name)
	case name == "HEAD" && len(r.commits) == 0:
		return "", "", fault.New(fault.NotFound, "the repository is empty")
	}
	return "", "", fault.New(fault.NotFound, "revision %q is no branch, tag or commit", name)
}

// Check refuses everything that is neither a ref's name (git
// check-ref-format(1)) nor a commit, so that no revision reaches git as an
// option, a path, a range or a refspec.
func Check(revision string) error {
	refuse := func(why string) error {
		return fault.New(fault.Invalid, "revision %.64q %s", revision, why)
	}
	switch {
	case len(revision) > maxRevision:
		return refuse("is too long")
	case strings.HasPrefix(revision, "-"):
		return refuse("begins with a dash")
	case !utf8.ValidString(revision) || strings.ContainsFunc(revision, func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r) || unicode.Is(unicode.Cf, r)
	}):
		return refuse("holds a space, a control character or invalid UTF-8")
	case strings.ContainsAny(revision, `~^:?*[\`):
		return refuse(`holds one of ~ ^ : ? * [ \`)
	case strings.Contains(revision, "..") || strings.Contains(revision, "@{") || revision == "@":
		return refuse("is an expression, not a name")
	case strings.HasSuffix(revision, "."):
		return refuse("ends with a dot")
	}
	for part := range strings.SplitSeq(revision, "/") {
		if (part == "" && revision != "") || strings.HasPrefix(part, ".") || strings.HasSuffix(part, ".lock") {
			return refuse("has a part that is empty, hidden or a lock")
		}
	}
	return nil
}
