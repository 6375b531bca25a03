package health

import (
	"fmt"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/builtin"
	"evenkeel.dev/internal/health/custom"
)

// Rules are all rules: those that people wrote before those that Evenkeel has. The nil
// Rules are the latter alone. They are immutable and safe for concurrent use.
type Rules struct {
	custom *custom.Rules
	// own stands in for ruleOf in tests.
	own func(schema.GroupKind) builtin.Rule
}

// NewRules compiles what people wrote. A text with a problem makes its kind Unknown.
func NewRules(specs []custom.Spec, o custom.Options) (*Rules, []custom.Problem) {
	compiled, problems := custom.Compile(specs, o)
	return &Rules{custom: compiled}, problems
}

// Of judges a live object. Nil means that its kind has no rule, which counts as
// healthy for an Application. An object of any kind that is being deleted is
// Progressing. A rule that fails, or that panics, makes its own kind Unknown, and
// nothing else.
func (r *Rules) Of(obj *unstructured.Unstructured) *Verdict {
	if deleting(obj) {
		return &Verdict{Status: v1alpha1.HealthStatusProgressing, Message: "Pending deletion"}
	}
	gk := obj.GroupVersionKind().GroupKind()
	if rule := r.customFor(gk); rule != nil {
		return guarded(gk, func() (v1alpha1.HealthStatusCode, string, error) { return rule.Judge(obj.Object) })
	}
	if rule := r.ownFor(gk); rule != nil {
		return guarded(gk, func() (v1alpha1.HealthStatusCode, string, error) {
			status, message := rule(obj)
			return status, message, nil
		})
	}
	return nil
}

// HasRule says whether objects of a kind are judged by more than their deletion,
// and so whether their bodies have to be watched.
func (r *Rules) HasRule(gk schema.GroupKind) bool {
	return r.customFor(gk) != nil || r.ownFor(gk) != nil
}

// Same says whether objects of a kind fare with both rules as they do with the other:
// they need not be judged again.
func (r *Rules) Same(other *Rules, gk schema.GroupKind) bool {
	return r.customs().Same(other.customs(), gk)
}

func (r *Rules) customs() *custom.Rules {
	if r == nil {
		return nil
	}
	return r.custom
}

func (r *Rules) customFor(gk schema.GroupKind) *custom.Rule { return r.customs().For(gk) }

func (r *Rules) ownFor(gk schema.GroupKind) builtin.Rule {
	if r != nil && r.own != nil {
		return r.own(gk)
	}
	return ruleOf(gk)
}

// guarded runs a rule. An empty status is no verdict.
func guarded(gk schema.GroupKind, rule func() (v1alpha1.HealthStatusCode, string, error)) (verdict *Verdict) {
	failed := func(why any) *Verdict {
		name := gk.Kind
		if gk.Group != "" {
			name = gk.Group + "/" + gk.Kind
		}
		return &Verdict{Status: v1alpha1.HealthStatusUnknown, Message: fmt.Sprintf("the health rule of %s failed: %v", name, why)}
	}
	defer func() {
		if p := recover(); p != nil {
			verdict = failed(p)
		}
	}()
	status, message, err := rule()
	switch {
	case err != nil:
		return failed(err)
	case status == "":
		return nil
	default:
		return &Verdict{Status: status, Message: message}
	}
}
