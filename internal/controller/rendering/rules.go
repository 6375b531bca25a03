package rendering

import (
	"encoding/json"
	"sync"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/settings"
)

// comparing is what of the settings says how objects are compared.
type comparing struct {
	Ignore     []v1alpha1.ResourceIgnoreDifferences
	Compare    settings.CompareOptions
	Known      []diff.KnownType
	Autoscaled string
}

func comparingOf(s settings.Snapshot) comparing {
	out := comparing{Ignore: s.IgnoreDifferences, Compare: s.Compare, Autoscaled: s.AutoscaledReplicas}
	const group, kind = "argoproj.io", "Rollout"
	rollouts := diff.KnownType{Group: group, Kind: kind, Field: "spec.template.spec", Type: "core/v1/PodSpec"}
	for _, c := range s.Customizations {
		for _, f := range c.KnownTypeFields {
			out.Known = append(out.Known, diff.KnownType{Group: c.Group, Kind: c.Kind, Field: f.Field, Type: f.Type})
			if c.Group == group && c.Kind == kind {
				rollouts = diff.KnownType{}
			}
		}
	}
	if rollouts.Type != "" { // Argo CD knows this one unless it is told about Rollouts
		out.Known = append(out.Known, rollouts)
	}
	return out
}

// ruleCache has the rules of the whole system compiled, which are the same for all
// Applications. The zero value works.
type ruleCache struct {
	mu   sync.Mutex
	key  string
	sets []*diff.RuleSet
}

// of compiles, unless these were the last. What is wrong with a rule was found by
// package settings.
func (c *ruleCache) of(s settings.Snapshot) []*diff.RuleSet {
	from := comparingOf(s)
	key, err := json.Marshal(from)
	if err != nil {
		return nil // what comes from YAML can be written
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.key == string(key) {
		return c.sets
	}
	ignored, _ := diff.CompileRules(from.Ignore, diff.RuleOptions{JQTimeout: from.Compare.JQTimeout})
	known, _ := diff.CompileKnown(from.Known)
	c.key, c.sets = string(key), []*diff.RuleSet{ignored, known}
	if from.Autoscaled == settings.ReplicasIgnored {
		c.sets = append(c.sets, diff.AutoscaledReplicas())
	}
	if from.Compare.IgnoreAggregatedRoles {
		c.sets = append(c.sets, diff.AggregatedRoles())
	}
	return c.sets
}

// rules gives the rules about each object of an Application, and tells of those that
// are wrong.
func (m *Maker) rules(req Request) (of func(desired.Object) *diff.Rules, conditions []v1alpha1.ApplicationCondition) {
	options := diff.RuleOptions{JQTimeout: req.Settings.Compare.JQTimeout}
	own, problems := diff.CompileRules(req.App.Spec.IgnoreDifferences, options)
	for _, err := range problems {
		conditions = append(conditions, v1alpha1.ApplicationCondition{
			Type: v1alpha1.ConditionIgnoreDifferencesWarning, Message: "spec.ignoreDifferences: " + err.Error() + "; it is not used",
		})
	}
	sets := append([]*diff.RuleSet{own}, m.system.of(req.Settings)...)
	return func(o desired.Object) *diff.Rules { return diff.RulesFor(o.Key, sets...) }, conditions
}
