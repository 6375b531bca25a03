package preview

import (
	"fmt"
	"slices"

	"evenkeel.dev/internal/view"
)

// place is where an object stands in a plan: it may be a hook in several phases.
type place struct{ phase, id string }

// Moved says what is different in the plan now from before, one line each; never
// nothing, as it is asked about plans with different hashes.
func Moved(before, now view.Plan) []string {
	var out []string
	if before, now := revisionsOf(before), revisionsOf(now); before != now {
		out = append(out, fmt.Sprintf("the revision is %s, was %s", now, before))
	}
	old, current := writes(before), writes(now)
	for _, s := range now.Steps {
		for _, i := range s.Items {
			was, planned := old[place{s.Phase, i.ID}]
			if line := compare(i, was, planned); line != "" && i.Action != keep {
				out = append(out, line)
			}
		}
	}
	for _, s := range before.Steps {
		for _, i := range s.Items {
			if _, still := current[place{s.Phase, i.ID}]; !still && i.Action != keep {
				out = append(out, fmt.Sprintf("%s: nothing to do any more, was to %s", keyOf(i).Human(), i.Action))
			}
		}
	}
	if len(out) == 0 {
		out = append(out, "an object that would be written has other content now, in fields that the plan does not compare")
	}
	return out
}

// writes are the items of a plan that do something.
func writes(plan view.Plan) map[place]view.PlanItem {
	out := map[place]view.PlanItem{}
	for _, s := range plan.Steps {
		for _, i := range s.Items {
			if i.Action != keep {
				out[place{s.Phase, i.ID}] = i
			}
		}
	}
	return out
}

// compare says what is different about one object.
func compare(now, was view.PlanItem, planned bool) string {
	name := keyOf(now).Human()
	switch {
	case !planned:
		return fmt.Sprintf("%s: to %s, was not in the plan", name, now.Action)
	case now.Action != was.Action:
		return fmt.Sprintf("%s: to %s, was to %s", name, now.Action, was.Action)
	}
	for _, c := range now.Changes {
		n := slices.IndexFunc(was.Changes, func(d view.Drift) bool { return d.Path == c.Path })
		switch {
		case n < 0:
			return fmt.Sprintf("%s: %s differs as well: %s → %s", name, c.Path, value(c.Live), value(c.Desired))
		case c.Live != was.Changes[n].Live:
			return fmt.Sprintf("%s: %s is %s in the cluster, was %s", name, c.Path, value(c.Live), value(was.Changes[n].Live))
		case c.Desired != was.Changes[n].Desired:
			return fmt.Sprintf("%s: %s is to be %s, was to be %s", name, c.Path, value(c.Desired), value(was.Changes[n].Desired))
		}
	}
	if len(now.Changes) < len(was.Changes) {
		return name + ": fewer fields differ"
	}
	return ""
}
