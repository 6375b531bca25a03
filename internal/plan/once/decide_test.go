package once_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/once"
)

const task = "shop/migrate"

var morning = time.Date(2026, 11, 1, 10, 0, 0, 0, time.UTC)

func keyOf(letter string) string { return strings.Repeat(letter, 64) }

// words reads "k=v" and bare words.
func words(text string) map[string]string {
	out := map[string]string{}
	for w := range strings.FieldsSeq(text) {
		k, v, _ := strings.Cut(w, "=")
		out[k] = v
	}
	return out
}

// parts reads KIND:NAME=VALUE[/MAC].
func parts(text string) []once.Part {
	var out []once.Part
	for w := range strings.FieldsSeq(text) {
		id, value, isPart := strings.Cut(w, "=")
		kind, name, ok := strings.Cut(id, ":")
		if !ok || !isPart {
			continue
		}
		value, mac, _ := strings.Cut(value, "/")
		p := once.Part{Kind: once.PartKind(kind), Name: name, Digest: value, MAC: mac}
		if p.Kind == once.PartImage {
			p.Value = value
		}
		out = append(out, p)
	}
	return out
}

// entry reads KEY OUTCOME and words. It began i minutes after ten.
func entry(text string, i int) once.Entry {
	f := strings.Fields(text)
	w := words(text)
	e := once.Entry{
		Task: cmp.Or(w["task"], task), Key: keyOf(f[0]), Outcome: once.Outcome(f[1]), Started: morning.Add(time.Duration(i) * time.Minute),
		Revision: w["rev"], Job: w["job"], UID: w["uid"], Request: w["request"], By: w["by"], Message: w["message"], Parts: parts(text),
	}
	_, e.Held = w["held"]
	_, _ = fmt.Sscan(w["attempts"], &e.Attempts) // none is 0
	return e
}

func showEntry(e once.Entry) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", e.Key[:1], e.Outcome)
	for _, f := range [...]struct{ name, value string }{{"job", e.Job}, {"uid", e.UID}} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	fmt.Fprintf(&b, " attempts=%d", e.Attempts)
	for _, f := range [...]struct{ name, value string }{{"request", e.Request}, {"by", e.By}} {
		if f.value != "" {
			fmt.Fprintf(&b, " %s=%s", f.name, f.value)
		}
	}
	if e.Held {
		b.WriteString(" held")
	}
	if e.Message != "" {
		fmt.Fprintf(&b, " message=%s", strings.ReplaceAll(e.Message, " ", "_"))
	}
	return b.String()
}

// liveJob reads [KEY] and words, by way of the object that a cluster would give.
func liveJob(text string) *once.Job {
	if text == "" {
		return nil
	}
	w := words(text)
	u := &unstructured.Unstructured{Object: map[string]any{}}
	u.SetName("migrate-x")
	u.SetUID(types.UID(w["uid"]))
	a := map[string]string{v1alpha1.AnnotationAttempt: w["attempt"], v1alpha1.AnnotationHookDeletePolicy: w["policy"]}
	if first := strings.Fields(text)[0]; len(first) == 1 {
		a[v1alpha1.AnnotationInputKey] = keyOf(first)
	}
	u.SetAnnotations(a)
	if _, ok := w["held"]; ok {
		u.SetFinalizers([]string{v1alpha1.FinalizerHook})
	}
	if _, ok := w["deleting"]; ok {
		u.SetDeletionTimestamp(&metav1.Time{Time: morning})
	}
	if _, ok := w["suspended"]; ok {
		u.Object["spec"] = map[string]any{"suspend": true}
	}
	conditions := []any{map[string]any{"type": "Failed", "status": "False"}}
	if _, ok := w["Succeeded"]; ok {
		conditions = append(conditions, map[string]any{"type": "Complete", "status": "True"})
	}
	if _, ok := w["Failed"]; ok {
		conditions = append(conditions, map[string]any{"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"})
	}
	u.Object["status"] = map[string]any{"conditions": conditions}
	j := once.JobOf(u)
	return &j
}

// situation is a case of a data file.
type situation struct {
	Name, Reason, Key, Parts, Choice, Request, By, Job, Want string
	Ledger                                                   []string
}

func (c situation) of(t *testing.T) once.Situation {
	t.Helper()
	s := once.Situation{Now: morning, Task: once.Task{Name: task, Key: keyOf(c.Key), Parts: parts(c.Parts)}, Job: liveJob(c.Job)}
	for i, e := range c.Ledger {
		s.Ledger.Entries = append(s.Ledger.Entries, entry(e, i))
	}
	if c.Choice != "" {
		_, choice, err := once.ParseChoice("migrate=" + c.Choice)
		if err != nil {
			t.Fatal(err)
		}
		s.Choice = choice
	}
	s.Choice.Request, s.Choice.By = cmp.Or(c.Request, "op"), c.By
	if c.Request == "none" {
		s.Choice.Request = ""
	}
	return s
}

func load(t *testing.T, file string) []situation {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out []situation
	if err := yaml.UnmarshalStrict(b, &out); err != nil || len(out) == 0 {
		t.Fatalf("%s: %v", file, err)
	}
	return out
}

func TestDecide(t *testing.T) {
	for _, c := range load(t, "testdata/decide.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			s := c.of(t)
			d := once.Decide(s.Ledger, s.Task, s.Choice)
			got := string(d.Action)
			if d.Mark {
				got += ", mark"
			}
			if diff := gocmp.Diff(c.Want, got+": "+d.Reason); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.Reason, diff)
			}
		})
	}
}

func TestNext(t *testing.T) {
	for _, c := range load(t, "testdata/next.yaml") {
		t.Run(c.Name, func(t *testing.T) {
			step := once.Next(c.of(t))
			got := string(step.Do)
			if step.Log {
				got += " log"
			}
			switch step.Do {
			case once.Write, once.Create:
				got += " " + showEntry(step.Entry)
			case once.Delete, once.Release:
				got += " uid=" + step.UID
			}
			if diff := gocmp.Diff(c.Want, got); diff != "" {
				t.Errorf("%s\n(-want +got)\n%s", c.Reason, diff)
			}
			if step.Reason == "" {
				t.Error("no reason is given")
			}
		})
	}
}

func TestWhy(t *testing.T) {
	var l once.Ledger
	for i, e := range []string{
		"a Succeeded image:m=1", "b Failed image:m=2", "c Succeeded image:m=3", "d Succeeded", "e Succeeded image:m=4 request=op by=alice", "f Skipped by=bob",
	} {
		l.Entries = append(l.Entries, entry(e, i))
	}
	var got []string
	for _, e := range l.Entries {
		got = append(got, l.Why(e))
	}
	want := []string{
		"it had not run yet", "input changed: image 1 → 2", "input changed: image 1 → 3", "inputs changed since 2026-11-01 10:02 UTC", "asked for by alice", "marked as applied by bob",
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
