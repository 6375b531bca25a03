package health

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health/builtin"
	"evenkeel.dev/internal/health/shipped"
)

// Verdict is the health of one object. Message is empty or a sentence for people.
type Verdict struct {
	Status  v1alpha1.HealthStatusCode
	Message string
}

// HasRule says whether Evenkeel has a rule for a kind; see Rules.HasRule.
func HasRule(gk schema.GroupKind) bool { return (*Rules)(nil).HasRule(gk) }

// ruleOf is the rule that Evenkeel has for a kind, or nil.
func ruleOf(gk schema.GroupKind) builtin.Rule {
	if rule := builtin.RuleFor(gk); rule != nil {
		return rule
	}
	return builtin.Rule(shipped.RuleFor(gk))
}

// Blocked is why a Pod cannot start, if so: an image that cannot be pulled, a
// configuration that is missing, no node that takes it. It is empty for all else.
func Blocked(obj *unstructured.Unstructured) string { return builtin.Blocked(obj) }

func deleting(obj *unstructured.Unstructured) bool {
	meta, _ := obj.Object["metadata"].(map[string]any)
	if meta["deletionTimestamp"] == nil {
		return false
	}
	finalizers, _ := meta["finalizers"].([]any)
	// A hook is kept by its finalizer until its outcome was seen: its deletion tells
	// nothing about its health.
	return !slices.Contains(finalizers, any(v1alpha1.FinalizerHook))
}
