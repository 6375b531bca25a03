package truth

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/diff"
)

// oneChange checks that a change that somebody made to what was in sync is told, and
// only that, under its path. Where the prediction has more to tell than that, the dry
// run that follows it must tell it exactly. before and after are what was live.
func (s *session) oneChange(before, after *unstructured.Unstructured, c change) error {
	if !s.inSync(before) {
		return nil
	}
	outcome, err := s.dryRun(s.ctx, s.base)
	if err != nil {
		return nil //nolint:nilerr // what is desired is refused now, such as a change of what cannot change
	}
	truth := differences(outcome.Object, after.Object)
	if len(truth) != 1 || !related(truth[0], c.path) {
		return nil // not desired, or several at once, or what the API server or a controller makes of it elsewhere
	}
	s.out.count(func(c *counts) { c.single++ })
	told := predict(s.base, after)
	if len(told) == 1 && related(told[0].Path, c.path) {
		return nil
	}
	told = diff.Compare(outcome, after)
	elsewhere := slices.ContainsFunc(told, func(d diff.Change) bool { return !related(d.Path, c.path) })
	if len(told) > 0 && !elsewhere { // of a list that was replaced each element is told
		s.out.count(func(c *counts) { c.asked++ })
		return nil
	}
	s.out.count(func(c *counts) { c.misnamed++ })
	s.out.fail(fmt.Sprintf("%s: %s of %s is told as %q (seed %d)\n  %s", s.name, c.what, c.pattern(), show(told), s.seed,
		pairOf{desired: s.base, live: after}))
	return nil
}

// related says whether one path is at or below the other, elements of lists left out.
func related(told string, path []step) bool {
	var a, b []string
	for part := range strings.SplitSeq(strings.TrimPrefix(told, "/"), "/") {
		if !strings.HasPrefix(part, "[") {
			a = append(a, strings.NewReplacer("~1", "/", "~0", "~").Replace(part))
		}
	}
	for _, p := range path {
		if p.name != "" {
			b = append(b, p.name)
		}
	}
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
