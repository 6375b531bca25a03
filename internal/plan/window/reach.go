package window

import (
	"fmt"
	"slices"

	"github.com/gobwas/glob"
)

// list is one of the three lists of whom a window concerns.
type list struct {
	patterns []*glob.Pattern
	// broken are the patterns that cannot be read, with their places.
	broken []string
	// values are what of an Application the patterns are held against.
	values func(Input) []string
}

// readLists reads the lists that are given.
func (w *window) readLists() {
	for _, l := range [...]struct {
		field    string
		patterns []string
		values   func(Input) []string
	}{
		{"applications", w.Applications, func(in Input) []string { return []string{in.App} }},
		{"clusters", w.Clusters, func(in Input) []string { return known(in.ClusterName, in.Server) }},
		{"namespaces", w.Namespaces, func(in Input) []string { return []string{in.Namespace} }},
	} {
		if len(l.patterns) == 0 {
			continue
		}
		out := list{values: l.values}
		for i, p := range l.patterns {
			compiled, err := glob.Compile(p)
			if err != nil {
				out.broken = append(out.broken, fmt.Sprintf("%s[%d] %s", l.field, i, quote(p)))
				continue
			}
			out.patterns = append(out.patterns, compiled)
		}
		w.lists = append(w.lists, out)
	}
}

func known(names ...string) []string {
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

// reach is whether a window concerns an Application, from no to yes.
type reach int

const (
	none reach = iota
	// perhaps: a pattern that alone decides it cannot be read.
	perhaps
	sure
)

// concerns says whether w is about the Application: by any list, or with
// andOperator by all that are given.
func (w *window) concerns(in Input) reach {
	if len(w.lists) == 0 {
		return none
	}
	best, worst := none, sure
	for _, l := range w.lists {
		r := l.reach(in)
		best, worst = max(best, r), min(worst, r)
	}
	if w.UseAndOperator {
		return worst
	}
	return best
}

func (l list) reach(in Input) reach {
	values := l.values(in)
	for _, p := range l.patterns {
		if slices.ContainsFunc(values, p.Match) {
			return sure
		}
	}
	if len(l.broken) > 0 {
		return perhaps
	}
	return none
}
