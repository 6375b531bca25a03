package refs

import (
	"strings"

	"github.com/Masterminds/semver/v3"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/source"
)

const tagsDir = "refs/tags/"

// version reads a target revision as Argo CD does (versions.MaxVersion). A whole
// version ("1.2", "v1.2.3") is the name of a tag, prefix included, and nothing
// else. What is no version but a constraint is a range. Anything else is a name,
// for which the prefix means nothing.
func version(target source.Target) (name string, constraint *semver.Constraints) {
	if target.Revision == "" || len(target.Revision) > maxRevision {
		return target.Revision, nil
	}
	if _, err := semver.NewVersion(target.Revision); err == nil {
		return target.TagPrefix + target.Revision, nil
	}
	constraint, err := semver.NewConstraint(target.Revision)
	if err != nil {
		return target.Revision, nil
	}
	return target.Revision, constraint
}

// IsRange says whether a target revision is a range of versions, which any tag may move.
func IsRange(revision string) bool {
	_, constraint := version(source.Target{Revision: revision})
	return constraint != nil
}

// newest is the tag of the highest version that meets the constraint. Versions
// before a release count only if the constraint names one. Tags that are no
// versions are passed over; Argo CD gives up on all of them for one such as 1.2.3-01.
func (r *Refs) newest(constraint *semver.Constraints, prefix string) (ref string, ok bool) {
	var best *semver.Version
	for name := range r.commits {
		tag, isTag := strings.CutPrefix(name, tagsDir+prefix)
		if !isTag {
			continue
		}
		v, err := semver.NewVersion(tag)
		if err != nil || !constraint.Check(v) {
			continue
		}
		// Of tags of the same version (v1.0.0 and 1.0.0) the first by name wins, whatever the order of a map.
		if best == nil || v.GreaterThan(best) || v.Equal(best) && name < ref {
			best, ref = v, name
		}
	}
	return ref, best != nil
}

// noVersion says that no tag is in the range.
func noVersion(target source.Target) error {
	if target.TagPrefix != "" {
		return fault.New(fault.NotFound, "no tag that begins with %q has a version in the range %q", target.TagPrefix, target.Revision)
	}
	return fault.New(fault.NotFound, "no tag has a version in the range %q", target.Revision)
}
