package diff

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/gobwas/glob"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/jq"
	"evenkeel.dev/internal/resource"
)

// RuleSet is a compiled list of rules about what may differ. It is immutable and may
// be shared; nil has no rules.
type RuleSet struct{ rules []compiledRule }

// compiledRule is one rule: what it is about, and what it does there.
type compiledRule struct {
	group, kind     *glob.Pattern
	name, namespace string
	steps           []step
	managers        []string
	known           []knownField
	autoscaled      bool
	// text identifies the rule.
	text string
}

// step leaves something out of an object.
type step interface {
	// places are the paths to what is left out of obj.
	places(obj *document) ([]jq.Path, error)
}

// RuleOptions are what rules depend on beside their texts. The zero value works.
type RuleOptions struct {
	// JQTimeout bounds one expression on one object; 0 means jq.DefaultTimeout.
	JQTimeout time.Duration
}

// CompileRules reads rules. Each problem is one that makes a part of a rule
// impossible; that part is left out and the rest is in force. (In Argo CD one wrong
// expression makes the whole Application Unknown.)
func CompileRules(list []v1alpha1.ResourceIgnoreDifferences, o RuleOptions) (*RuleSet, []error) {
	set := &RuleSet{}
	var problems []error
	for i, r := range list {
		rule := compiledRule{name: r.Name, namespace: r.Namespace, managers: r.ManagedFieldsManagers}
		var err error
		if rule.group, err = pattern(r.Group); err == nil {
			rule.kind, err = pattern(r.Kind)
		}
		if err != nil {
			problems = append(problems, fault.New(fault.Invalid, "rule %d: %s", i, err.Error()))
			continue
		}
		for _, p := range r.JSONPointers {
			if p != "" && p[0] != '/' { // in Argo CD its first part would be dropped without a word
				problems = append(problems, fault.New(fault.Invalid, "%q is no JSON pointer: it begins with no slash", p))
				continue
			}
			rule.steps = append(rule.steps, pointerStep(segments(p)))
		}
		for _, text := range r.JQPathExpressions {
			program, err := jq.Compile(text, jq.Options{Timeout: o.JQTimeout})
			if err != nil {
				problems = append(problems, err)
				continue
			}
			rule.steps = append(rule.steps, jqStep{program})
		}
		rule.text = textOf(r)
		set.rules = append(set.rules, rule)
	}
	return set, problems
}

func textOf(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}

// pattern compiles a glob for a group or kind as Argo CD has them since 2.9: "*" stops
// at nothing, and an empty one is the core group.
func pattern(text string) (*glob.Pattern, error) {
	const maxPattern = 253
	if len(text) > maxPattern {
		return nil, fault.New(fault.Invalid, "a group or kind of %d bytes; %d are allowed", len(text), maxPattern)
	}
	g, err := glob.Compile(text)
	if err != nil {
		return nil, fault.New(fault.Invalid, "%q is no pattern: %s", text, err.Error())
	}
	return g, nil
}

func (r *compiledRule) about(key resource.Key) bool {
	return (r.name == "" || r.name == key.Name) && (r.namespace == "" || r.namespace == key.Namespace) &&
		r.group.Match(key.Group) && r.kind.Match(key.Kind)
}

// Rules are all rules about one object. They are immutable; nil has none.
type Rules struct {
	steps    []step
	managers []string
	known    []knownField
	// autoscaled says that numbers of replicas are left to autoscalers.
	autoscaled bool
	digest     uint64
}

// RulesFor are the rules of several sets about one object, in their order, or nil.
func RulesFor(key resource.Key, sets ...*RuleSet) *Rules {
	var out Rules
	h := fnv.New64a()
	for _, s := range sets {
		if s == nil {
			continue
		}
		for i := range s.rules {
			r := &s.rules[i]
			if !r.about(key) {
				continue
			}
			out.steps = append(out.steps, r.steps...)
			out.known = append(out.known, r.known...)
			out.autoscaled = out.autoscaled || r.autoscaled
			for _, m := range r.managers {
				if !slices.Contains(out.managers, m) {
					out.managers = append(out.managers, m)
				}
			}
			_, _ = h.Write([]byte(r.text + "\x00")) // a hash takes every byte
		}
	}
	if len(out.steps)+len(out.managers)+len(out.known) == 0 && !out.autoscaled {
		return nil
	}
	out.digest = max(h.Sum64(), 1)
	return &out
}

// Digest identifies the rules; 0 is that of none.
func (r *Rules) Digest() uint64 {
	if r == nil {
		return 0
	}
	return r.digest
}
