package once

import (
	"maps"
	"slices"
	"time"
)

// Outcome is how a run ended, or that it has not.
type Outcome string

// The outcomes.
const (
	// Running is written down before the Job is made, so it says that there may be one.
	Running   Outcome = "Running"
	Succeeded Outcome = "Succeeded"
	Failed    Outcome = "Failed"
	// Skipped says that a person marked it as applied.
	Skipped Outcome = "Skipped"
)

// done says that the inputs count as applied.
func (o Outcome) done() bool { return o == Succeeded || o == Skipped }

// Entry is what became of one task for one state of its inputs. A run that is
// repeated for the same inputs has the same entry.
type Entry struct {
	Task    string  `json:"task"`
	Key     string  `json:"key"`
	Outcome Outcome `json:"outcome"`
	// Started and Finished are those of the last try.
	Started  time.Time `json:"started,omitzero"`
	Finished time.Time `json:"finished,omitzero"`
	Revision string    `json:"revision,omitempty"`
	// Job and UID are the Job of the last try; UID is empty until it was seen.
	Job string `json:"job,omitempty"`
	UID string `json:"uid,omitempty"`
	// Held says that the Job may still have our finalizer.
	Held bool `json:"held,omitempty"`
	// Attempts counts the Jobs that were made, not their Pods.
	Attempts int `json:"attempts,omitempty"`
	// Request is the operation in which a person asked for the last try, By is who.
	Request string `json:"request,omitempty"`
	By      string `json:"by,omitempty"`
	// Message says why it failed, or was marked as applied.
	Message string `json:"message,omitempty"`
	// Log is the end of what the Job printed, cleaned and masked.
	Log   string `json:"log,omitempty"`
	Parts []Part `json:"parts,omitempty"`
}

// ran is when the entry last changed.
func (e Entry) ran() time.Time {
	if e.Finished.IsZero() {
		return e.Started
	}
	return e.Finished
}

// Ledger is what ran for one Application, the latest at the end. Its methods
// leave it as it is.
type Ledger struct {
	Entries []Entry
}

// Find is the entry of a task for a key.
func (l Ledger) Find(task, key string) (Entry, bool) {
	i := l.index(task, key)
	if i < 0 {
		return Entry{}, false
	}
	return l.Entries[i], true
}

func (l Ledger) index(task, key string) int {
	return slices.IndexFunc(l.Entries, func(e Entry) bool { return e.Task == task && e.Key == key })
}

// Newest is a task's latest entry.
func (l Ledger) Newest(task string) (Entry, bool) {
	return l.newest(func(e Entry) bool { return e.Task == task })
}

func (l Ledger) newest(is func(Entry) bool) (Entry, bool) {
	for _, e := range slices.Backward(l.Entries) {
		if is(e) {
			return e, true
		}
	}
	return Entry{}, false
}

// Before is the entry of the same task that counted as applied when e began.
func (l Ledger) Before(e Entry) (Entry, bool) {
	i := l.index(e.Task, e.Key)
	if i < 0 {
		i = len(l.Entries)
	}
	return Ledger{l.Entries[:i]}.newest(func(o Entry) bool { return o.Task == e.Task && o.Outcome.done() })
}

// Tasks are the names of the tasks, sorted.
func (l Ledger) Tasks() []string {
	names := map[string]bool{}
	for _, e := range l.Entries {
		names[e.Task] = true
	}
	return sortedKeys(names)
}

// With is the ledger with e in it, instead of the entry for the same task and key.
// What is new of a run comes last.
func (l Ledger) With(e Entry) Ledger {
	out := slices.Clone(l.Entries)
	i := l.index(e.Task, e.Key)
	if i >= 0 && out[i].Attempts == e.Attempts && out[i].Outcome == e.Outcome {
		out[i] = e
		return Ledger{out}
	}
	if i >= 0 {
		out = slices.Delete(out, i, i+1)
	}
	return Ledger{append(out, e)}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
