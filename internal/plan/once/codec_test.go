package once_test

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/validation"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/plan/once"
)

func TestBroken(t *testing.T) {
	b, err := os.ReadFile("testdata/broken.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct{ Text, Want string }
	if err := yaml.UnmarshalStrict(b, &cases); err != nil || len(cases) == 0 {
		t.Fatal(err)
	}
	for _, c := range cases {
		_, err := once.Decode(strings.ReplaceAll(c.Text, "KEY", keyOf("a")))
		if err == nil {
			t.Errorf("%s was read", c.Text)
			continue
		}
		if d := gocmp.Diff(c.Want, err.Error()); d != "" {
			t.Errorf("%s\n%s", c.Text, d)
		}
	}
}

// long is a run of n characters, some of more than a byte.
func long(n int) string { return strings.Repeat("é-", n/3+1)[:n] }

// anyLedger is a ledger of up to most entries of three tasks.
func anyLedger(t *rapid.T, most int) once.Ledger {
	var l once.Ledger
	settled := []once.Outcome{once.Succeeded, once.Succeeded, once.Failed, once.Skipped}
	for i := range rapid.IntRange(0, most).Draw(t, "entries") {
		l = l.With(once.Entry{
			Task: rapid.SampledFrom([]string{"a/a", "b/b", "c/c"}).Draw(t, "task"), Key: fmt.Sprintf("%064x", i), Outcome: rapid.SampledFrom(settled).Draw(t, "outcome"),
			Started: morning.Add(time.Duration(i) * time.Minute), Finished: morning.Add(time.Duration(i+1) * time.Minute),
			Revision: fmt.Sprintf("%040x", i), Job: "migrate-0123456789", UID: "123e4567-e89b-12d3-a456-426614174000", Attempts: 1,
			Log: strings.ToValidUTF8(long(rapid.IntRange(0, 6000).Draw(t, "log")), ""), Message: strings.ToValidUTF8(long(rapid.IntRange(0, 2000).Draw(t, "message")), ""),
			Parts: parts("image:m=x ConfigMap:c=d"),
		})
	}
	return l
}

// TestEncode: what is written is read again; it is bounded; what it must not
// forget it does not; and writing it again changes nothing.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := anyLedger(t, 120)
		l.Entries = append(l.Entries, once.Entry{Task: "r/r", Key: keyOf("f"), Outcome: once.Running, Held: true})
		text, err := once.Encode(l)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 512<<10 {
			t.Fatalf("%d bytes", len(text))
		}
		got, err := once.Decode(text)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range l.Entries {
			kept, known := got.Find(e.Task, e.Key)
			newest, _ := l.Newest(e.Task)
			last := newest.Key == e.Key
			switch {
			case !known && (last || e.Outcome != once.Failed):
				t.Fatalf("%s %s is lost", e.Task, e.Outcome)
			case known && kept.Outcome != e.Outcome:
				t.Fatalf("%s became %s", e.Outcome, kept.Outcome)
			case last && len(kept.Parts) != len(e.Parts):
				t.Fatalf("the newest entry lost its parts: %+v", kept)
			case last && (kept.Log == "") != (e.Log == ""):
				t.Fatal("the newest entry lost its log")
			case len(kept.Log) > once.MaxLog:
				t.Fatalf("%d bytes of log", len(kept.Log))
			}
		}
		again, err := once.Encode(got)
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(text, again); d != "" {
			t.Fatal(d)
		}
	})
}

// TestForgetting: the ledger knows more than a thousand successes, and forgets the
// oldest first.
func TestForgetting(t *testing.T) {
	var l once.Ledger
	const n = 5000
	for i := range n {
		l.Entries = append(l.Entries, once.Entry{
			Task: task, Key: fmt.Sprintf("%064x", i), Outcome: once.Succeeded, Started: morning, Finished: morning, Attempts: 1,
			Revision: fmt.Sprintf("%040x", i), Job: "migrate-0123456789", UID: "123e4567-e89b-12d3-a456-426614174000", Log: "x", Parts: parts("image:m=x"),
		})
	}
	text, err := once.Encode(l)
	if err != nil {
		t.Fatal(err)
	}
	got, err := once.Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	kept := len(got.Entries)
	t.Logf("%d of %d in %d bytes", kept, n, len(text))
	if kept < 1000 || kept == n {
		t.Errorf("%d of %d successes are kept", kept, n)
	}
	for i, e := range got.Entries {
		if e.Key != l.Entries[n-kept+i].Key {
			t.Fatalf("entry %d is not one of the newest", i)
		}
	}
}

func TestTooManyTasks(t *testing.T) {
	var l once.Ledger
	for i := range 5000 {
		l.Entries = append(l.Entries, once.Entry{Task: fmt.Sprint("a/", i), Key: keyOf("a"), Outcome: once.Succeeded, Job: "x"})
	}
	if _, err := once.Encode(l); err == nil {
		t.Error("a success was dropped")
	}
}

func FuzzDecode(f *testing.F) {
	text, err := once.Encode(once.Ledger{Entries: []once.Entry{entry("a Succeeded rev=v1 image:m=n", 0), entry("b Running held", 1)}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(`{"version":1,"entries":[]}`)
	f.Fuzz(func(t *testing.T, text string) {
		l, err := once.Decode(text)
		if err != nil {
			return
		}
		written, err := once.Encode(l)
		if err != nil {
			return
		}
		if _, err := once.Decode(written); err != nil {
			t.Errorf("%q became %q, which is %v", text, written, err)
		}
	})
}

func TestLedgerOrder(t *testing.T) {
	var l once.Ledger
	for i, e := range []string{"a Succeeded attempts=1", "b Failed attempts=1", "c Running attempts=1 held"} {
		l = l.With(entry(e, i))
	}
	show := func(l once.Ledger) string {
		var out []string
		for _, e := range l.Entries {
			out = append(out, e.Key[:1]+" "+string(e.Outcome))
		}
		return strings.Join(out, ", ")
	}
	for _, c := range []struct{ reason, entry, want string }{
		{"a note changes no order", "a Succeeded attempts=1 held", "a Succeeded, b Failed, c Running"},
		{"an outcome is new", "c Succeeded attempts=1", "a Succeeded, b Failed, c Succeeded"},
		{"a retry is new", "b Running attempts=2", "a Succeeded, c Running, b Running"},
		{"a mark is new", "b Skipped attempts=1", "a Succeeded, c Running, b Skipped"},
	} {
		if d := gocmp.Diff(c.want, show(l.With(entry(c.entry, 9)))); d != "" {
			t.Errorf("%s\n%s", c.reason, d)
		}
	}
	c, _ := l.Find(task, keyOf("c"))
	if before, ok := l.Before(c); !ok || before.Key != keyOf("a") {
		t.Errorf("before c was applied %+v", before)
	}
}

// TestNames: a Job's name is one that the API server takes, and short enough for
// the label that its Pods get; as is the ConfigMap's.
func TestNames(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[a-z0-9]([-.a-z0-9]{0,250}[a-z0-9])?`).Draw(t, "name")
		if validation.IsDNS1123Subdomain(name) != nil {
			t.Skip()
		}
		job := once.JobName("shop/"+name, keyOf("a"))
		if problems := validation.IsDNS1123Subdomain(job); problems != nil || len(job) > 63 || !strings.HasSuffix(job, "-aaaaaaaaaa") {
			t.Fatalf("%q: %v", job, problems)
		}
		if len(name) <= 52 && job != name+"-aaaaaaaaaa" {
			t.Fatalf("%q became %q", name, job)
		}
		if problems := validation.IsDNS1123Subdomain(once.ConfigMapName(name)); problems != nil {
			t.Fatalf("%q: %v", once.ConfigMapName(name), problems)
		}
	})
	if a, b := once.ConfigMapName(long250("a")), once.ConfigMapName(long250("b")); a == b {
		t.Errorf("two Applications share %s", a)
	}
	if got := once.ConfigMapName("shop"); got != "evenkeel-ledger-shop" {
		t.Error(got)
	}
}

func long250(last string) string { return strings.Repeat("x", 249) + cmp.Or(last, "x") }
