package oci

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/Masterminds/semver/v3"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/source/blobs"
)

const (
	// tagPage is how many tags we ask for at once; registries give as many or fewer.
	tagPage = 1000
	// maxTagPageBytes is for those that give all at once; a tag has up to 128 bytes.
	maxTagPageBytes = 16 << 20
	maxTagPages     = 10_000
	// maxIdlePages is how many pages without a new tag may follow each other.
	maxIdlePages = 5
)

// tagForm is what the distribution specification allows. What has another form
// cannot be asked for, and must not become part of a URL.
var tagForm = regexp.MustCompile(`^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$`)

// Tags are the tags of a repository.
type Tags struct {
	name  string
	chart bool
	// names are as the registry has them, in its order.
	names    []string
	versions func() []*semver.Version
}

// newTags makes Tags of names as a registry gives them.
func newTags(name string, chart bool, names []string) *Tags {
	return &Tags{name: name, chart: chart, names: names, versions: sync.OnceValue(func() []*semver.Version {
		var out []*semver.Version
		for _, n := range names {
			if v, err := semver.NewVersion(versionOf(n)); err == nil {
				out = append(out, v)
			}
		}
		return out
	})}
}

// versionOf is the version that a tag stands for. A tag cannot hold the "+" of a
// version; Helm's convention, and Argo CD's for all artifacts, is "_" in its place.
func versionOf(tag string) string { return strings.ReplaceAll(tag, "_", "+") }

// tagOf is the tag of a version; of what is a tag already, it is that.
func tagOf(version string) string { return strings.ReplaceAll(version, "+", "_") }

// Names are the tags as the registry has them and in its order, which is mostly
// that of the alphabet.
func (t *Tags) Names() []string { return slices.Clone(t.names) }

// Resolve is the version that target stands for: a digest or a tag for itself, a
// range for the highest version in it, by Masterminds/semver's rules, which leave
// out prereleases unless the range names one. What looks like a version ("1.2" too)
// is no range but a tag.
//
// For charts a range comes before a tag of the same text, for artifacts a tag comes
// first, as in Argo CD. Unlike there, a tag that holds "_" can be named.
func (t *Tags) Resolve(target string) (string, error) {
	if blobs.IsDigest(target) {
		return target, nil
	}
	if !t.chart || !isRange(target) {
		if slices.Contains(t.names, tagOf(target)) {
			return target, nil
		}
	}
	if !isRange(target) {
		return "", fault.New(fault.NotFound, "%s: none of %d tags is %q", t.name, len(t.names), target)
	}
	within, err := semver.NewConstraint(target)
	if err != nil {
		return "", fault.New(fault.Invalid, "%s: %q is not a range of versions: %v", t.name, target, err)
	}
	var best *semver.Version
	for _, v := range t.versions() {
		if within.Check(v) && (best == nil || v.GreaterThan(best)) {
			best = v
		}
	}
	if best == nil {
		return "", fault.New(fault.NotFound, "%s: none of %d tags, of which %d are versions, is in the range %q", t.name, len(t.names), len(t.versions()), target)
	}
	return best.Original(), nil
}

// isRange says whether target is a range of versions and not a version.
func isRange(target string) bool {
	if _, err := semver.NewVersion(target); err == nil {
		return false
	}
	_, err := semver.NewConstraint(target)
	return err == nil
}

// Tags are all tags of an artifact, or of a chart in a registry. More than
// Options.MaxTags are an error, and so is a list that does not come to an end.
func (s *Store) Tags(ctx context.Context, repo source.Repository, chart string) (*Tags, error) {
	r, err := s.remote(repo, chart)
	if err != nil {
		return nil, err
	}
	return share(ctx, s, r, "tags", func(ctx context.Context) (*Tags, error) {
		names, err := s.list(ctx, r)
		if err != nil {
			return nil, s.failure(r, "listing tags", err)
		}
		return newTags(r.name, chart != "", names), nil
	})
}

func (s *Store) list(ctx context.Context, r *remote) ([]string, error) {
	var names []string
	seen := map[string]struct{}{}
	idle, total := 0, 0
	err := r.oras.Tags(r.pulling(ctx), "", func(page []string) error {
		before := len(seen)
		for _, tag := range page {
			if total++; total > s.opts.MaxTags {
				return fault.New(fault.Broken, "there are more than %d; name an exact version, for which none are listed", s.opts.MaxTags)
			}
			if _, double := seen[tag]; double || !tagForm.MatchString(tag) {
				continue
			}
			seen[tag] = struct{}{}
			names = append(names, tag)
		}
		if idle++; len(seen) > before {
			idle = 0
		}
		if idle > maxIdlePages {
			return fault.New(fault.Broken, "the registry's list goes on without saying anything new")
		}
		return nil
	})
	return names, err
}
