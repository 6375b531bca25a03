package preview

import (
	"fmt"
	"strings"

	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// The actions that are treated apart: leaving alone, and running a hook.
const (
	keep = "keep"
	hook = "run"
)

// onFailure is the phase that is run only when one before it has failed.
const onFailure = "SyncFail"

// Writes is how many objects a plan creates, changes, deletes or runs if nothing fails.
func Writes(plan view.Plan) int {
	n := 0
	for _, s := range plan.Steps {
		for _, i := range s.Items {
			if i.Action != keep && s.Phase != onFailure {
				n++
			}
		}
	}
	return n
}

// Print writes the plan of an Application for people.
func Print(p *output.Printer, app string, plan view.Plan) {
	n := Writes(plan)
	if n == 0 {
		p.Line("Nothing to do for %s at %s.", app, revisionsOf(plan))
	} else {
		p.Line("Plan %s for %s at %s: %s", plan.Hash, app, revisionsOf(plan), tally(plan))
	}
	for _, why := range plan.Refused {
		p.Line("Refused, nothing of it will be done: %s", why)
	}
	for _, s := range plan.Steps {
		step(p, s)
	}
	if len(plan.Skipped) == 0 {
		return
	}
	p.Line("")
	p.Line("Skipped")
	for _, i := range plan.Skipped {
		item(p, i)
	}
}

// tally counts the objects by action.
func tally(plan view.Plan) string {
	counts := map[string]int{}
	for _, s := range plan.Steps {
		for _, i := range s.Items {
			if s.Phase != onFailure {
				counts[i.Action]++
			}
		}
	}
	var words []string
	for _, action := range [...]string{"create", "update", "replace", "prune", hook, keep} {
		if n := counts[action]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, action))
		}
	}
	if n := len(plan.Skipped); n > 0 {
		words = append(words, fmt.Sprintf("%d skip", n))
	}
	return strings.Join(words, ", ")
}

// step writes one wave of one phase. Of what stays as it is it says only how much.
func step(p *output.Printer, s view.PlanStep) {
	kept := 0
	for _, i := range s.Items {
		if i.Action == keep {
			kept++
		}
	}
	if kept == len(s.Items) {
		return
	}
	p.Line("")
	only := ""
	if s.Phase == onFailure {
		only = " (only if something fails)"
	}
	p.Line("%s, wave %d%s", s.Phase, s.Wave, only)
	for _, i := range s.Items {
		if i.Action != keep {
			item(p, i)
		}
	}
	if kept > 0 {
		p.Line("  %-8s %d unchanged", keep, kept)
	}
}

// mostFields is how many fields of one object are shown.
const mostFields = 12

func item(p *output.Printer, i view.PlanItem) {
	p.Line("  %-8s %s: %s", i.Action, keyOf(i).Human(), i.Reason)
	if i.Action == "create" || i.Action == "prune" {
		return
	}
	for n, c := range i.Changes {
		if n == mostFields {
			p.Line("             … and %d more (--diff shows all)", len(i.Changes)-n)
			return
		}
		p.Line("             %s: %s → %s", c.Path, value(c.Live), value(c.Desired))
	}
}

func keyOf(i view.PlanItem) resource.Key {
	return resource.Key{Group: i.Group, Kind: i.Kind, Namespace: i.Namespace, Name: i.Name}
}

// value is one side of a difference on one line.
func value(s string) string {
	const width = 50
	if s == "" {
		return "nothing"
	}
	return output.Cut(strings.Join(strings.Fields(s), " "), width)
}

// revisionsOf are a plan's revisions for people.
func revisionsOf(plan view.Plan) string {
	if len(plan.Revisions) == 0 {
		return describe.Short(plan.Revision)
	}
	short := make([]string, len(plan.Revisions))
	for i, r := range plan.Revisions {
		short[i] = describe.Short(r)
	}
	return strings.Join(short, ", ")
}
