package once_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/internal/plan/once"
)

// model is a cluster with the ledger, the Jobs of one task, and a controller that
// may be killed before and after each thing that it does.
type model struct {
	t      *rapid.T
	ledger string
	jobs   map[string]*once.Job // by name
	now    time.Time
	// created counts the Jobs that were made for a key; asked are the operations in
	// which a person asked for it to run.
	created map[string]int
	asked   map[string]map[string]bool
	uids    int
	wanted  string                  // the key of the commit that is synced
	ended   map[string]once.Outcome // how a Job ended, by uid
	forced  map[string]bool         // Jobs that somebody deleted or took the finalizer off
}

func newModel(t *rapid.T) *model {
	empty, err := once.Encode(once.Ledger{})
	if err != nil {
		t.Fatal(err)
	}
	return &model{
		t: t, ledger: empty, jobs: map[string]*once.Job{}, now: morning, created: map[string]int{}, asked: map[string]map[string]bool{},
		ended: map[string]once.Outcome{}, forced: map[string]bool{},
	}
}

func (m *model) read() once.Ledger {
	l, err := once.Decode(m.ledger)
	if err != nil {
		m.t.Fatal(err)
	}
	return l
}

func (m *model) next(key string, c once.Choice) once.Step {
	m.now = m.now.Add(time.Second)
	s := once.Situation{Ledger: m.read(), Task: once.Task{Name: task, Key: key, Revision: key[:7]}, Choice: c, Now: m.now}
	if job, ok := m.jobs[s.Look()]; ok {
		copied := *job
		s.Job = &copied
	}
	return once.Next(s)
}

// pass does one thing after the other until there is nothing to do, or the
// controller is killed; lives are the things that it does before that.
func (m *model) pass(key string, c once.Choice, lives int) once.Step {
	m.wanted = key
	for done := 0; ; done++ {
		step := m.next(key, c)
		switch step.Do {
		case once.Done, once.Wait, once.Refuse:
			return step
		}
		if done >= lives {
			return step
		}
		if done > 20 {
			m.t.Fatalf("no end: %+v", step)
		}
		m.perform(step)
	}
}

func (m *model) perform(step once.Step) {
	switch step.Do {
	case once.Write:
		text, err := once.Encode(m.read().With(step.Entry))
		if err != nil {
			m.t.Fatal(err)
		}
		m.ledger = text
	case once.Create:
		if m.jobs[step.Entry.Job] == nil {
			m.create(step.Entry)
		}
	case once.Delete, once.Release:
		for _, j := range m.jobs {
			if j.UID != step.UID {
				continue
			}
			if step.Do == once.Release {
				j.Held = false
			} else {
				j.Deleting = true
			}
			m.collect()
		}
	}
}

func (m *model) create(e once.Entry) {
	if e.Key != m.wanted {
		m.t.Fatalf("%s runs while %s is wanted", e.Key[:1], m.wanted[:1])
	}
	for _, other := range m.jobs {
		if other.Outcome == once.Running && !other.Deleting {
			m.t.Fatalf("two Jobs of a task run at once: %+v and %+v", *other, e)
		}
	}
	m.uids++
	m.created[e.Key]++
	m.jobs[e.Job] = &once.Job{
		Name: e.Job, UID: fmt.Sprint("uid", m.uids), Key: e.Key, Attempt: e.Attempts, Outcome: once.Running, Held: true,
	}
}

func (m *model) end(j *once.Job, o once.Outcome) { j.Outcome, m.ended[j.UID] = o, o }

// noted says whether the ledger knows the Job. Before that nobody can tell a Job
// that was removed by force from one that never was.
func (m *model) noted(j *once.Job) bool {
	e, _ := m.read().Find(task, j.Key)
	return e.UID == j.UID
}

// collect removes what is being deleted and not held.
func (m *model) collect() {
	for name, j := range m.jobs {
		if j.Deleting && !j.Held {
			delete(m.jobs, name)
		}
	}
}

// event is something that happens in the cluster.
func (m *model) event() {
	kind := rapid.SampledFrom([]string{"succeed", "succeed", "fail", "ttl", "delete", "force"}).Draw(m.t, "event")
	for _, j := range m.jobs {
		switch {
		case kind == "succeed" && j.Outcome == once.Running:
			m.end(j, once.Succeeded)
		case kind == "fail" && j.Outcome == once.Running:
			m.end(j, once.Failed)
		case kind == "ttl" && j.Outcome != once.Running:
			j.Deleting = true
		case kind == "delete": // its Pods may end well before they are gone
			j.Deleting, m.forced[j.UID] = true, true
		case kind == "force" && m.noted(j):
			j.Deleting, j.Held, m.forced[j.UID] = true, false, true
		}
	}
	m.collect()
}

func (m *model) running() bool {
	return slices.ContainsFunc(m.read().Entries, func(e once.Entry) bool { return e.Outcome == once.Running })
}

// check holds what must be true at any time.
func (m *model) check() {
	for key, n := range m.created {
		if n > 1+len(m.asked[key]) {
			m.t.Fatalf("%s ran %d times, asked for %d times", key[:1], n, len(m.asked[key]))
		}
	}
	for _, e := range m.read().Entries {
		succeeded := m.ended[e.UID] == once.Succeeded
		if e.Outcome == once.Succeeded && !succeeded || e.Outcome == once.Failed && succeeded && !m.forced[e.UID] {
			m.t.Fatalf("Job %s ended as %q, and the ledger says %s", e.UID, m.ended[e.UID], e.Outcome)
		}
	}
}

// TestCrash: whatever happens in the cluster, wherever the controller is killed,
// whichever commits come and go: what runs once per input runs at most once per
// input, and once more for each operation in which a person asked for it; never
// two at once; and in the end it ran.
func TestCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newModel(t)
		keys := []string{keyOf("a"), keyOf("b"), keyOf("c")}
		for i := range rapid.IntRange(1, 25).Draw(t, "operations") {
			key := rapid.SampledFrom(keys).Draw(t, "key")
			c := once.Choice{Request: fmt.Sprint("op", i)}
			c.Word = rapid.SampledFrom([]once.Word{once.Auto, once.Auto, once.Auto, once.Auto, once.Run, once.Skip}).Draw(t, "choice")
			if c.Word == once.Run {
				if m.asked[key] == nil {
					m.asked[key] = map[string]bool{}
				}
				m.asked[key][c.Request] = true
			}
			before, running := m.created[key], m.running()
			for range rapid.IntRange(1, 6).Draw(t, "passes") {
				step := m.pass(key, c, rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8, 100}).Draw(t, "lives"))
				m.check()
				if c.Word == once.Run && step.Do == once.Done && !running && m.created[key] == before {
					t.Fatalf("%s was asked for and did not run", key[:1])
				}
				if rapid.Bool().Draw(t, "something happens") {
					m.event()
				}
			}
		}
		m.conclude(keys)
	})
}

// conclude lets all that runs succeed, and each key be asked for once more.
func (m *model) conclude(keys []string) {
	for _, key := range keys {
		for range 4 {
			if m.pass(key, once.Choice{}, 100).Do != once.Wait {
				break
			}
			for _, j := range m.jobs {
				if j.Outcome == once.Running {
					m.end(j, once.Succeeded)
				}
			}
		}
		m.check()
		e, known := m.read().Find(task, key)
		if !known || e.Outcome == once.Running {
			m.t.Fatalf("%s has not come to an end: %+v", key[:1], e)
		}
		if e.Held {
			m.t.Fatalf("%s was not let go: %+v", key[:1], e)
		}
		if step := m.pass(key, once.Choice{}, 0); (step.Do == once.Done) != (e.Outcome != once.Failed) {
			m.t.Fatalf("%s is %s and the next step %s", key[:1], e.Outcome, step.Do)
		}
	}
	for _, j := range m.jobs {
		if j.Held {
			m.t.Fatalf("Job %+v is held for ever", *j)
		}
	}
}

// TestDecideNeverRepeats: whatever the ledger holds, nobody but a person runs again
// what succeeded, failed or was marked as applied, and nobody what runs.
func TestDecideNeverRepeats(t *testing.T) {
	outcomes := []once.Outcome{once.Running, once.Succeeded, once.Failed, once.Skipped}
	rapid.Check(t, func(t *rapid.T) {
		var l once.Ledger
		for i := range rapid.IntRange(0, 6).Draw(t, "entries") {
			l = l.With(once.Entry{
				Task: rapid.SampledFrom([]string{task, "shop/other"}).Draw(t, "task"), Key: keyOf(rapid.SampledFrom([]string{"a", "b"}).Draw(t, "key")),
				Outcome: rapid.SampledFrom(outcomes).Draw(t, "outcome"), Started: morning.Add(time.Duration(i) * time.Minute), Attempts: 1,
				Request: rapid.SampledFrom([]string{"", "op"}).Draw(t, "request"),
			})
		}
		key := keyOf("a")
		c := once.Choice{Word: rapid.SampledFrom([]once.Word{"", once.Auto, once.Skip, once.Run}).Draw(t, "word"), Request: "op"}
		d := once.Decide(l, once.Task{Name: task, Key: key}, c)
		e, known := l.Find(task, key)
		runs := slices.ContainsFunc(l.Entries, func(e once.Entry) bool { return e.Task == task && e.Outcome == once.Running })
		switch {
		case runs != (d.Action == once.ActWait):
			t.Fatalf("runs %v, decision %+v", runs, d)
		case d.Action == once.ActRun && known && c.Word != once.Run:
			t.Fatalf("%s runs again: %+v", e.Outcome, d)
		case d.Action == once.ActRun && known && e.Request == c.Request:
			t.Fatalf("it runs twice in one operation: %+v", d)
		case d.Action == once.ActSkip && !d.Mark && e.Outcome != once.Succeeded && e.Outcome != once.Skipped:
			t.Fatalf("%q counts as applied: %+v", e.Outcome, d)
		}
	})
}
