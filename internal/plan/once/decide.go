package once

import (
	"fmt"
	"strings"
	"time"
)

// Action is what is to be done about a task.
type Action string

// The actions.
const (
	// ActRun: it runs now.
	ActRun Action = "run"
	// ActSkip: its inputs count as applied; go on.
	ActSkip Action = "skip"
	// ActWait: a run of it has not ended.
	ActWait Action = "wait"
	// ActBlock: it must not be run and does not count as applied. A person decides.
	ActBlock Action = "blocked"
)

// Decision is what is to be done about a task, and why.
type Decision struct {
	Action Action
	// Reason is a sentence for people, without a full stop.
	Reason string
	// Mark says that a person skips a task that did not run: it is to be entered in
	// the ledger as Skipped.
	Mark bool
	// Awaited is what ActWait waits for: the same inputs, or earlier ones.
	Awaited Entry
}

// Decide says whether a task runs:
//
//   - What runs is waited for, whatever anybody chose: nothing is doubled or
//     killed, and two states of a task's inputs never run at once.
//   - What succeeded, or was marked as applied, does not run again, also after a
//     revert; what failed does not run again by itself.
//   - A state of the inputs that the ledger does not know runs. It takes the place
//     of what failed before it.
//   - If all that differs from what was applied are Secrets that were digested with
//     another key, nobody knows whether they changed: a person says.
//   - A person's choice to run or skip goes before all of these but the first, and
//     counts once per operation.
func Decide(l Ledger, t Task, c Choice) Decision {
	if running, ok := l.newest(func(e Entry) bool { return e.Task == t.Name && e.Outcome == Running }); ok {
		return awaiting(running, t)
	}
	e, known := l.Find(t.Name, t.Key)
	c, note := c.on(t.Key)
	switch {
	case c.Word == Run && known && c.Request != "" && e.Request == c.Request:
		return settled(l, e) // this operation did run it
	case c.Word == Run:
		return Decision{Action: ActRun, Reason: "asked for" + by(c.By) + ": " + inWords(l, t, e, known)}
	case c.Word == Skip && (!known || !e.Outcome.done()):
		return Decision{Action: ActSkip, Mark: true, Reason: "marked as applied" + by(c.By) + ", not run"}
	case known:
		d := settled(l, e)
		d.Reason += note
		return d
	}
	if same, ok := l.newest(func(e Entry) bool { return e.Task == t.Name && e.Outcome.done() && onlyMACs(e.Parts, t.Parts) }); ok {
		return Decision{Action: ActBlock, Reason: fmt.Sprintf(
			"the key that Secrets are digested with is another than it was for %s, so nobody can tell whether they changed: run it or mark it as applied%s", at(same), note,
		)}
	}
	return Decision{Action: ActRun, Reason: why(l, t) + note}
}

func awaiting(running Entry, t Task) Decision {
	d := Decision{Action: ActWait, Awaited: running}
	if running.Key == t.Key {
		d.Reason = "runs since " + stamp(running.Started)
		return d
	}
	d.Reason = fmt.Sprintf("an earlier run, of %s with other inputs, has not ended", at(running))
	return d
}

// settled is what follows from an entry that has ended.
func settled(l Ledger, e Entry) Decision {
	switch e.Outcome {
	case Failed:
		return Decision{Action: ActBlock, Reason: fmt.Sprintf(
			"failed with these inputs at %s%s: retry it, mark it as applied, or change its inputs", at(e), because(e.Message),
		)}
	case Skipped:
		return Decision{Action: ActSkip, Reason: "marked as applied at " + at(e) + by(e.By)}
	}
	reason := "ran with these inputs at " + at(e)
	if ahead, ok := l.newest(func(o Entry) bool { return o.Task == e.Task && o.Outcome.done() }); ok && ahead.Key != e.Key {
		reason += fmt.Sprintf("; %s, which ran later with other inputs, is ahead of it", at(ahead))
	}
	return Decision{Action: ActSkip, Reason: reason}
}

// why is what makes a task run that nobody asked for.
func why(l Ledger, t Task) string {
	last, ok := l.newest(func(e Entry) bool { return e.Task == t.Name && e.Outcome.done() })
	if !ok {
		last, ok = l.Newest(t.Name)
	}
	if !ok {
		return "it has not run yet"
	}
	return Explain(last, t.Parts)
}

// Why is why an entry ran, for people who read the ledger.
func (l Ledger) Why(e Entry) string {
	switch {
	case e.Outcome == Skipped:
		return "marked as applied" + by(e.By)
	case e.Request != "":
		return "asked for" + by(e.By)
	}
	before, ok := l.Before(e)
	if !ok {
		return "it had not run yet"
	}
	return Explain(before, e.Parts)
}

// Explain says what differs from what an entry ran with, as in "input changed:
// image nginx:1 → nginx:2, ConfigMap db-config".
func Explain(before Entry, now []Part) string {
	changes := Changes(before.Parts, now)
	if len(before.Parts) == 0 || len(now) == 0 || len(changes) == 0 {
		return "inputs changed since " + at(before)
	}
	const shown = 5
	if n := len(changes); n > shown {
		changes = append(changes[:shown:shown], fmt.Sprintf("and %d more", n-shown))
	}
	if len(changes) == 1 {
		return "input changed: " + changes[0]
	}
	return "inputs changed: " + strings.Join(changes, ", ")
}

// inWords is what a person's wish to run goes over.
func inWords(l Ledger, t Task, e Entry, known bool) string {
	if !known {
		return why(l, t)
	}
	switch e.Outcome {
	case Failed:
		return "it failed at " + at(e)
	case Skipped:
		return "it was marked as applied at " + at(e)
	}
	return "it ran already at " + at(e)
}

// at is when and from what an entry ran.
func at(e Entry) string {
	const short = 7
	when := stamp(e.ran())
	switch {
	case e.Revision == "":
		return when
	case len(e.Revision) >= 40:
		return e.Revision[:short] + ", " + when
	}
	return e.Revision + ", " + when
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func by(who string) string {
	if who == "" {
		return ""
	}
	return " by " + who
}

func because(message string) string {
	if message == "" {
		return ""
	}
	return " (" + message + ")"
}
