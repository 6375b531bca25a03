package health

import (
	"slices"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Item is what the aggregation has to know of one object of an Application.
type Item struct {
	Key resource.Key
	// Verdict is nil for a missing object and for a kind without a rule.
	Verdict *Verdict
	// Missing: the object is desired and not in the cluster.
	Missing bool
	// Hook: the object is a hook and not part of the desired state.
	Hook bool
	// Ignored: the object carries the annotation that Ignored reads.
	Ignored bool
	// Self: the object is the Application that is being judged.
	Self bool
}

// badness orders the statuses from the best to the worst (argo-cd.md §5.6).
var badness = [...]v1alpha1.HealthStatusCode{
	v1alpha1.HealthStatusHealthy,
	v1alpha1.HealthStatusSuspended,
	v1alpha1.HealthStatusProgressing,
	v1alpha1.HealthStatusMissing,
	v1alpha1.HealthStatusDegraded,
	v1alpha1.HealthStatusUnknown,
}

// Worse says whether a is worse than b. A status that is none of ours counts as
// Unknown, the worst.
func Worse(a, b v1alpha1.HealthStatusCode) bool { return rank(a) > rank(b) }

func rank(s v1alpha1.HealthStatusCode) int {
	if i := slices.Index(badness[:], s); i >= 0 {
		return i
	}
	return len(badness) - 1
}

// Aggregate is the health of an Application with these objects: the worst of
// those that count. Why is the object that decided it, the one with the lowest
// key where several do; it is the zero Item when the Application is Healthy. The
// order of items does not matter.
//
// Missing objects do not count, as OutOfSync already tells of them, unless
// every object is missing. Neither do child Applications without a known
// health, nor what Item marks as hook, ignored or self.
func Aggregate(items []Item) (status v1alpha1.HealthStatusCode, why Item) {
	status = v1alpha1.HealthStatusHealthy
	var live bool
	var missing *Item
	for i := range items {
		item := &items[i]
		if item.Hook {
			continue
		}
		if item.Missing {
			if missing == nil || item.Key.Compare(missing.Key) < 0 {
				missing = item
			}
			continue
		}
		live = true
		if !item.counts() {
			continue
		}
		if s := item.Verdict.Status; Worse(s, status) || s == status && item.Key.Compare(why.Key) < 0 {
			status, why = s, *item
		}
	}
	if missing != nil && !live {
		return v1alpha1.HealthStatusMissing, *missing
	}
	if status == v1alpha1.HealthStatusHealthy {
		return status, Item{}
	}
	return status, why
}

// counts says whether a live item that is no hook has a say.
func (i *Item) counts() bool {
	if i.Ignored || i.Self || i.Verdict == nil {
		return false
	}
	if i.Key.Group != v1alpha1.GroupVersion.Group || i.Key.Kind != "Application" {
		return true
	}
	s := i.Verdict.Status
	return s != v1alpha1.HealthStatusMissing && s != v1alpha1.HealthStatusUnknown
}
