package admission

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Sources checks sources, be they an Application's, a pin's or an operation's: their
// shape, and that the project allows each of them.
func Sources(o resource.Origin, rules *project.Rules) error {
	if len(o.Sources) == 0 {
		return fault.New(fault.Invalid, "spec.source is missing")
	}
	if o.Listed {
		if err := checkRefs(o.Sources); err != nil {
			return err
		}
	}
	for i := range o.Sources {
		field := "spec.source"
		if o.Listed {
			field = fmt.Sprintf("spec.sources[%d]", i)
		}
		if err := checkSource(&o.Sources[i], field, o.Listed); err != nil {
			return err
		}
	}
	for _, s := range o.Sources {
		if err := rules.CheckSource(s.RepoURL); err != nil {
			return err
		}
	}
	return nil
}

func checkSource(s *v1alpha1.ApplicationSource, field string, listed bool) error {
	switch {
	case s.RepoURL == "":
		return fault.New(fault.Invalid, "%s.repoURL is empty", field)
	case s.Chart != "" && s.TargetRevision == "":
		return fault.New(fault.Invalid, "%s.targetRevision is empty: name a version of chart %s, or a range such as \"1.x\"", field, s.Chart)
	case s.Chart != "":
		return nil
	case s.Path == "" && listed && s.Ref == "":
		return fault.New(fault.Invalid, "%s has neither path nor ref; write \".\" as the path for the repository's root", field)
	case s.Path == "" && !listed:
		return fault.New(fault.Invalid, "%s.path is empty; write \".\" for the repository's root", field)
	}
	return nil
}

// refPattern is what a ref may be, as in Argo CD: it stands in value files as $ref/path.
var refPattern = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)

// checkRefs checks that each ref names one source, and that nobody wants value files
// of a chart, which Argo CD does not do either.
func checkRefs(sources []v1alpha1.ApplicationSource) error {
	refs := map[string]int{}
	for i, s := range sources {
		if s.Ref == "" {
			continue
		}
		if !refPattern.MatchString(s.Ref) {
			return fault.New(fault.Invalid, "spec.sources[%d].ref: %q may have letters, digits, _ and - only", i, s.Ref)
		}
		if other, ok := refs[s.Ref]; ok {
			return fault.New(fault.Invalid, "spec.sources[%d] and spec.sources[%d] have the same ref %q", other, i, s.Ref)
		}
		refs[s.Ref] = i
	}
	for i := range sources {
		for _, file := range lent(&sources[i]) {
			name, _, _ := strings.Cut(file, "/")
			at, ok := refs[strings.TrimPrefix(name, "$")]
			if strings.HasPrefix(name, "$") && ok && sources[at].Chart != "" {
				return fault.New(fault.Invalid, "spec.sources[%d].helm: %q is in spec.sources[%d], which is a chart: only files of Git repositories can be referred to", i, file, at)
			}
		}
	}
	return nil
}

// lent are the files of a source that may be another source's.
func lent(s *v1alpha1.ApplicationSource) []string {
	if s.Helm == nil {
		return nil
	}
	files := slices.Clone(s.Helm.ValueFiles)
	for _, p := range s.Helm.FileParameters {
		files = append(files, p.Path)
	}
	return files
}
