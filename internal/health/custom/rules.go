package custom

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/gobwas/glob"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/luavm"
)

// Spec is what the settings say of the health of a kind, or of those that globs match.
type Spec struct {
	Group, Kind string
	// Lua is a script, OpenLibs whether it has more libraries.
	Lua      string
	OpenLibs bool
	// CEL is an expression; it is used where there is no script.
	CEL string
}

// name is the kind as Argo CD writes it in resource.customizations: what its globs
// are matched with.
func (s Spec) name() string { return nameOf(s.Group, s.Kind) }

func nameOf(group, kind string) string {
	if group == "" {
		return kind
	}
	return group + "/" + kind
}

// Problem is a rule that cannot be used as it is written.
type Problem struct {
	Spec Spec
	// CEL says that it is the expression, else it is the script.
	CEL    bool
	Reason string
}

// Options bound and equip the rules.
type Options struct {
	// Now is the clock that scripts ask with os.time and os.date. Nil means none.
	Now func() time.Time
	// Limits are those of scripts; what is zero has its default.
	Limits luavm.Limits
	// Cost is how much an expression may take, in the unit of CEL; 0 means
	// DefaultCost.
	Cost uint64
}

// Rules are the rules of people. The nil Rules are none.
type Rules struct {
	exact map[string]*Rule
	// globs are those with wildcards, the most specific first.
	globs []pattern
}

type pattern struct {
	glob *glob.Pattern
	rule *Rule
}

// wild are the characters with a meaning in a glob.
const wild = `*?[]{}\`

// Compile makes the rules of what the settings say. Where several globs match a kind,
// the longest counts, of equally long ones the first in the alphabet: with Argo CD it
// is any of them.
func Compile(specs []Spec, o Options) (*Rules, []Problem) {
	r := &Rules{exact: map[string]*Rule{}}
	var problems []Problem
	compiler := &compiler{options: o}
	for _, s := range specs {
		if s.Lua == "" && s.CEL == "" {
			continue
		}
		rule := compiler.rule(s)
		if rule.broken != nil {
			problems = append(problems, Problem{Spec: s, CEL: s.Lua == "", Reason: rule.broken.Error()})
		}
		name := s.name()
		// Argo CD looks for the name itself first, even if it is a glob.
		r.exact[name] = rule
		if !strings.ContainsAny(name, wild) {
			continue
		}
		g, err := glob.Compile(name)
		if err != nil {
			problems = append(problems, Problem{Spec: s, CEL: s.Lua == "", Reason: "is for " + name + ", which is no glob: " + err.Error()})
			continue
		}
		r.globs = append(r.globs, pattern{glob: g, rule: rule})
	}
	slices.SortStableFunc(r.globs, func(a, b pattern) int {
		x, y := a.rule.spec.name(), b.rule.spec.name()
		return cmp.Or(cmp.Compare(len(y), len(x)), cmp.Compare(x, y))
	})
	return r, problems
}

// For is the rule of a kind, or nil.
func (r *Rules) For(gk schema.GroupKind) *Rule {
	if r == nil || len(r.exact) == 0 {
		return nil
	}
	name := nameOf(gk.Group, gk.Kind)
	if rule := r.exact[name]; rule != nil {
		return rule
	}
	for _, p := range r.globs {
		if p.glob.Match(name) {
			return p.rule
		}
	}
	return nil
}

// Same says whether a kind is judged by the same texts with both.
func (r *Rules) Same(other *Rules, gk schema.GroupKind) bool {
	a, b := r.For(gk), other.For(gk)
	if a == nil || b == nil {
		return a == b
	}
	x, y := a.spec, b.spec
	return x.Lua == y.Lua && x.CEL == y.CEL && x.OpenLibs == y.OpenLibs
}
