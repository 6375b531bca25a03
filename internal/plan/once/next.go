package once

import (
	"fmt"
	"time"
)

// Do is one thing to do in the cluster.
type Do string

// What there is to do. All but Done, Wait and Refuse bring the next one nearer.
const (
	// Done: the inputs count as applied, and nothing is left to do.
	Done Do = "done"
	// Wait: an event of the Job will come.
	Wait Do = "wait"
	// Refuse: it cannot go on without a person.
	Refuse Do = "refuse"
	// Write the entry into the ledger.
	Write Do = "write"
	// Create the entry's Job: see JobFor. That it exists is no error.
	Create Do = "create"
	// Delete the Job with the given uid.
	Delete Do = "delete"
	// Release the Job with the given uid: take our finalizer off.
	Release Do = "release"
)

// Step is the next thing to do about a task.
type Step struct {
	Do Do
	// Entry is what to write, or whose Job it is about.
	Entry Entry
	// UID is the Job to delete or release.
	UID string
	// Log says that the end of the Job's log belongs into the entry to write.
	Log bool
	// Reason is a sentence for people.
	Reason string
}

// Situation is what Next looks at.
type Situation struct {
	Ledger Ledger
	Task   Task
	Choice Choice
	// Job is the one named by Situation.Look, nil if there is none.
	Job *Job
	Now time.Time
}

// Look is the name of the Job, in the namespace of the hook, that Next has to
// know: the one that runs, else one that was not let go yet, else the task's own.
func (s Situation) Look() string {
	if e, ok := s.subject(); ok {
		return e.Job
	}
	return JobName(s.Task.Name, s.Task.Key)
}

func (s Situation) subject() (Entry, bool) {
	if e, ok := s.Ledger.newest(func(e Entry) bool { return e.Task == s.Task.Name && e.Outcome == Running }); ok {
		return e, true
	}
	return s.Ledger.newest(func(e Entry) bool { return e.Task == s.Task.Name && e.Held })
}

// Next is the next step. A caller makes it and asks again with what is then. It
// may be cut off anywhere: the intent to run is in the ledger before there is a
// Job, the Job is held until its end is in the ledger, and its name is taken once.
func Next(s Situation) Step {
	if e, ok := s.subject(); ok {
		if e.Outcome == Running {
			return s.carry(e)
		}
		return s.letGo(e)
	}
	d := Decide(s.Ledger, s.Task, s.Choice)
	switch d.Action {
	case ActSkip:
		if d.Mark {
			return Step{Do: Write, Entry: s.marked(d.Reason), Reason: d.Reason}
		}
		return Step{Do: Done, Reason: d.Reason}
	case ActRun:
		return s.begin(d)
	}
	return Step{Do: Refuse, Reason: d.Reason}
}

// entry is the entry for the task's key, or a new one.
func (s Situation) entry() Entry {
	if e, ok := s.Ledger.Find(s.Task.Name, s.Task.Key); ok {
		return e
	}
	return Entry{Task: s.Task.Name, Key: s.Task.Key}
}

func (s Situation) marked(message string) Entry {
	e := s.entry()
	e.Outcome, e.Started, e.Finished = Skipped, s.Now, s.Now
	e.Request, e.By, e.Message, e.Log = s.Choice.Request, s.Choice.By, message, ""
	e.Revision, e.Parts = s.Task.Revision, s.Task.Parts
	return e
}

// begin writes the intent down, or takes over a Job that a lost ledger knew of.
func (s Situation) begin(d Decision) Step {
	e := s.entry()
	fresh := Entry{
		Task: e.Task, Key: e.Key, Outcome: Running, Started: s.Now, Job: JobName(e.Task, e.Key), Held: true,
		Attempts: e.Attempts + 1, Revision: s.Task.Revision, Parts: s.Task.Parts,
	}
	if s.Job != nil {
		if s.Job.Key != e.Key {
			return foreign(e, *s.Job)
		}
		if s.Job.Attempt > e.Attempts {
			fresh.Attempts, fresh.UID = s.Job.Attempt, s.Job.UID
			return Step{Do: Write, Entry: fresh, Reason: "a Job for these inputs is there already"}
		}
	}
	if c, _ := s.Choice.on(e.Key); c.Word == Run {
		if c.Request == "" { // it would run with every pass
			return Step{Do: Refuse, Entry: e, Reason: "asked to run, and not by which operation"}
		}
		fresh.Request, fresh.By = c.Request, c.By
	}
	return Step{Do: Write, Entry: fresh, Reason: d.Reason}
}

// carry carries a run on: that of the task's key, or an earlier one.
func (s Situation) carry(e Entry) Step {
	job, mine := s.Job, e.Key == s.Task.Key
	c, _ := s.Choice.on(e.Key)
	if job != nil && job.Key != e.Key {
		return foreign(e, *job)
	}
	begun := job != nil && job.Attempt >= e.Attempts
	switch {
	case !begun && e.UID != "":
		return s.failed(e, "the Job was removed before its end was seen, so whether it succeeded is not known")
	case !begun && !mine:
		return s.failed(e, "it was not started: other inputs came in between")
	case job == nil && c.Word == Skip:
		return Step{Do: Write, Entry: s.marked("marked as applied" + by(c.By) + " before it was started"), Reason: "marked as applied" + by(c.By)}
	case job == nil:
		return Step{Do: Create, Entry: e, Reason: "to be created"}
	case !begun:
		return clear(e, *job)
	case job.Attempt > e.Attempts || job.UID != e.UID:
		e.Attempts, e.UID, e.Message = job.Attempt, job.UID, ""
		return Step{Do: Write, Entry: e, Reason: "the Job is there"}
	case mine && c.Word == Run && e.Request != c.Request && job.Outcome == Running:
		e.Request, e.By = c.Request, c.By
		return Step{Do: Write, Entry: e, Reason: "asked for" + by(e.By) + " while it runs"}
	}
	return s.watch(e, *job)
}

// clear makes room for the Job of a new attempt.
func clear(e Entry, old Job) Step {
	step := Step{Entry: e, UID: old.UID, Reason: fmt.Sprintf("waiting for the deletion of attempt %d", old.Attempt)}
	switch {
	case !old.Deleting:
		step.Do = Delete
	case old.Held:
		step.Do = Release
	default:
		step.Do = Wait
	}
	return step
}

// watch looks at the Job of the current attempt.
func (s Situation) watch(e Entry, job Job) Step {
	switch {
	case job.Outcome == Succeeded:
		e.Outcome, e.Finished, e.Message = Succeeded, s.Now, ""
		return Step{Do: Write, Entry: e, Log: true, Reason: "it succeeded"}
	case job.Outcome == Failed:
		step := s.failed(e, job.Message)
		step.Log = true
		return step
	case job.Deleting:
		return s.failed(e, "the Job was deleted before it had ended")
	case job.Suspended:
		return Step{Do: Wait, Entry: e, Reason: "Job " + e.Job + " is suspended"}
	}
	return Step{Do: Wait, Entry: e, Reason: "waiting for completion of Job " + e.Job}
}

func (s Situation) failed(e Entry, message string) Step {
	e.Outcome, e.Finished, e.Message = Failed, s.Now, message
	return Step{Do: Write, Entry: e, Reason: message}
}

// letGo takes our finalizer off a Job whose end is written down, and deletes the
// Job if its policy says so.
func (s Situation) letGo(e Entry) Step {
	if job := s.Job; job != nil && job.Key == e.Key && job.Attempt == e.Attempts && job.Held {
		unwanted := job.policy.Succeeded && e.Outcome == Succeeded || job.policy.Failed && e.Outcome == Failed
		if unwanted && !job.Deleting {
			return Step{Do: Delete, Entry: e, UID: job.UID, Reason: "its hook-delete-policy"}
		}
		return Step{Do: Release, Entry: e, UID: job.UID, Reason: "its end is written down"}
	}
	e.Held = false
	return Step{Do: Write, Entry: e, Reason: "it was let go"}
}

func foreign(e Entry, job Job) Step {
	of := "that was made for other inputs"
	if job.Key == "" {
		of = "that was not made for this"
	}
	return Step{Do: Refuse, Entry: e, Reason: fmt.Sprintf("there is a Job %s %s: delete or rename it", job.Name, of)}
}
