package plan

import (
	"fmt"
	"slices"

	"evenkeel.dev/internal/resource"
)

// Groups are the step's applies that have something to do, in runs of one kind.
func (s Step) Groups() [][]Item {
	var out [][]Item
	for _, i := range s.Apply {
		if !i.pending() {
			continue
		}
		if n := len(out); n > 0 && out[n-1][0].Key.GroupKind() == i.Key.GroupKind() {
			out[n-1] = append(out[n-1], i)
			continue
		}
		out = append(out, []Item{i})
	}
	return out
}

func (i Item) pending() bool { return i.Action != Keep && i.state == Pending }

// Prunes are the step's prunes that may begin and have not.
func (s Step) Prunes() []Item {
	var out []Item
	for _, i := range s.Prune {
		if !i.going && !i.confirm {
			out = append(out, i)
		}
	}
	return out
}

// Unconfirmed says whether a prune of the step waits for a person. Nothing of the
// step is applied before that.
func (s Step) Unconfirmed() bool {
	return slices.ContainsFunc(s.Prune, func(i Item) bool { return i.confirm })
}

// Stale are hooks of earlier operations that have to be deleted before their
// successors are made.
func (s Step) Stale() []Item {
	var out []Item
	for _, i := range s.Apply {
		if i.pending() && i.stale && !i.going {
			out = append(out, i)
		}
	}
	return out
}

// HasHooks says whether a hook runs in the step.
func (s Step) HasHooks() bool {
	for _, i := range s.Apply {
		if i.Action == Run {
			return true
		}
	}
	return false
}

// Wait is what is waited for.
type Wait struct {
	// For is a sentence, empty when nothing is waited for.
	For string
	// Keys are the objects.
	Keys []resource.Key
	// Confirmation says that a person has to confirm deletions.
	Confirmation bool
	// Hooks says that hooks are waited for.
	Hooks bool
}

// add has no detail of how far an object is: that changes all the time, and the
// sentence is written to the API server.
func (w *Wait) add(what string, i Item) {
	if len(w.Keys) == 0 {
		w.For = "waiting for " + what + " " + i.Key.Human()
	}
	w.Keys = append(w.Keys, i.Key)
}

func (w *Wait) text() Wait {
	if more := len(w.Keys) - 1; more > 0 {
		w.For += fmt.Sprintf(" and %d more", more)
	}
	return *w
}

// Verdict is what to do next with a plan.
type Verdict struct {
	// Step is the step to run now, if any.
	Step *Step
	// Wait is what is waited for before the plan can go on.
	Wait Wait
	// Failed says why it cannot, FailedKey for which object.
	Failed    string
	FailedKey resource.Key
	// Done says that nothing is left.
	Done bool
}

// Next is the first thing to do. As in Argo CD a step begins when all objects of
// the steps before it are healthy and their hooks have completed; the last step is
// not awaited but for its hooks.
func (p Plan) Next() Verdict {
	for i := range p.Steps {
		last := i == len(p.Steps)-1
		await := p.options.WaitForHealthy || len(p.Steps) > 1 && (!last || p.Steps[i].HasHooks())
		if v := p.Steps[i].next(await, p.options.OutOfSyncOnly); !v.Done {
			return v
		}
	}
	return Verdict{Done: true}
}

// NextOnFailure is the first thing to do once a step has failed: hooks that run are
// let finish while those of phase SyncFail are run. Done says that the operation
// has failed for good.
func (p Plan) NextOnFailure() Verdict {
	for i := range p.OnFailure {
		v := p.OnFailure[i].next(false, false)
		if !v.Done && v.Failed == "" {
			return v
		}
	}
	var w Wait
	for _, s := range p.Steps {
		for _, i := range s.Apply {
			if i.Action == Run && i.state == Running {
				w.add("completion of hook", i)
			}
		}
	}
	if w.For != "" {
		w.Hooks = true
		return Verdict{Wait: w.text()}
	}
	return Verdict{Done: true}
}

// next is what is left of a step. await says that objects have to be healthy,
// changedOnly that those which were in sync from the start need not be.
func (s *Step) next(await, changedOnly bool) Verdict {
	if len(s.Prunes()) > 0 || len(s.Stale()) > 0 && !s.Unconfirmed() {
		return Verdict{Step: s}
	}
	var w Wait
	for _, i := range s.Prune {
		if i.confirm {
			w.Confirmation = true
			w.add("pruning confirmation of", i)
		}
	}
	for _, i := range s.Apply {
		if i.pending() && i.going {
			w.add("deletion of", i)
		}
	}
	if w.For != "" {
		return Verdict{Wait: w.text()}
	}
	if len(s.Groups()) > 0 {
		return Verdict{Step: s}
	}
	for _, i := range s.Prune {
		w.add("deletion of", i)
	}
	if w.For != "" {
		return Verdict{Wait: w.text()}
	}
	return s.completion(await, changedOnly)
}

func (s *Step) completion(await, changedOnly bool) Verdict {
	var hooks, objects Wait
	var failed *Item
	for n := range s.Apply {
		i := &s.Apply[n]
		hook := i.Action == Run
		switch {
		case !hook && (!await || changedOnly && i.Action == Keep && !i.applied):
		case i.state == Running && hook:
			hooks.add("completion of hook", *i)
		case i.state == Running:
			objects.add("healthy state of", *i)
		case i.state == Failed && failed == nil:
			failed = i
		}
	}
	switch {
	case hooks.For != "":
		hooks.Hooks = true
		return Verdict{Wait: hooks.text()}
	case objects.For != "":
		return Verdict{Wait: objects.text()}
	case failed != nil && failed.Action == Run:
		return Verdict{Failed: "hook " + failed.Key.Human() + " failed: " + failed.detail, FailedKey: failed.Key}
	case failed != nil:
		return Verdict{Failed: failed.Key.Human() + " is Degraded: " + failed.detail, FailedKey: failed.Key}
	}
	return Verdict{Done: true}
}
