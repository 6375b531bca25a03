package plan_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// words are the settings of one line of a data file, after its first two words.
func words(t testing.TB, line string, set map[string]func(value string)) resource.Key {
	t.Helper()
	fields := strings.Fields(line)
	key := resource.Key{Kind: fields[0], Name: fields[1]}
	set["ns"] = func(v string) { key.Namespace = v }
	set["group"] = func(v string) { key.Group = v }
	for _, w := range fields[2:] {
		k, v, _ := strings.Cut(w, "=")
		if set[k] == nil {
			t.Fatalf("word %q of %q", w, line)
		}
		set[k](v)
	}
	return key
}

func number(t testing.TB, s string) (n int) {
	t.Helper()
	if _, err := fmt.Sscan(s, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

var states = map[string]plan.State{"Healthy": plan.Succeeded, "Degraded": plan.Failed}

func object(t testing.TB, line string) plan.Object {
	t.Helper()
	o := plan.Object{Sync: v1alpha1.SyncStatusOutOfSync}
	o.Key = words(t, line, map[string]func(string){
		"phase":   func(v string) { o.Phase = plan.Phase(v) },
		"wave":    func(v string) { o.Wave = number(t, v) },
		"hook":    func(string) { o.Hook = true },
		"synced":  func(string) { o.Sync = v1alpha1.SyncStatusSynced },
		"applied": func(string) { o.Applied = true },
		"missing": func(string) { o.Missing = true },
		"differs": func(v string) { o.Differs = []string{v} },
		"stale":   func(string) { o.Stale = true },
		"going":   func(string) { o.Going = true },
		"replace": func(string) { o.Replace = true },
		"always":  func(string) { o.Always = true },
		"kept":    func(v string) { o.KeptFrom = v },
		"health": func(v string) {
			o.State, o.Message = plan.Running, ""
			if s, ok := states[v]; ok {
				o.State, o.Message = s, v
			}
		},
		"defines": func(v string) {
			g, kind, _ := strings.Cut(v, "/")
			o.Defines = schema.GroupKind{Group: g, Kind: kind}
		},
	})
	return o
}

func extra(t testing.TB, line string) plan.Extra {
	t.Helper()
	var e plan.Extra
	e.Key = words(t, line, map[string]func(string){
		"wave":    func(v string) { e.Wave = number(t, v) },
		"kept":    func(v string) { e.KeptFrom = v },
		"last":    func(string) { e.Last = true },
		"confirm": func(string) { e.Confirm = true },
		"going":   func(string) { e.Deleting = true },
		"done":    func(string) { e.Done = true },
	})
	return e
}

func options(t testing.TB, text string) plan.Options {
	t.Helper()
	var o plan.Options
	words(t, "- - "+text, map[string]func(string){
		"prune":         func(string) { o.Prune = true },
		"healthy":       func(string) { o.WaitForHealthy = true },
		"outofsynconly": func(string) { o.OutOfSyncOnly = true },
		"selected":      func(v string) { o.Selected = func(k resource.Key) bool { return k.Name == v } },
	})
	return o
}

func show(p plan.Plan) string {
	var b strings.Builder
	for _, steps := range [][]plan.Step{p.Steps, p.OnFailure} {
		for _, s := range steps {
			for _, i := range slices.Concat(s.Prune, s.Apply) {
				fmt.Fprintf(&b, "%s %d %s %s: %s\n", s.Phase, s.Wave, i.Action, i.Key.Human(), i.Reason)
			}
		}
	}
	for _, i := range p.Skipped {
		fmt.Fprintf(&b, "%s %s: %s\n", i.Action, i.Key.Human(), i.Reason)
	}
	switch v := p.Next(); {
	case v.Step != nil:
		fmt.Fprintf(&b, "next: %s %d:", v.Step.Phase, v.Step.Wave)
		for _, i := range v.Step.Prunes() {
			fmt.Fprintf(&b, " -%s", i.Key.Name)
		}
		for _, i := range v.Step.Stale() {
			fmt.Fprintf(&b, " stale %s", i.Key.Name)
		}
		for _, g := range v.Step.Groups() {
			b.WriteString(" [")
			for n, i := range g {
				b.WriteString(strings.Repeat(" ", min(n, 1)) + i.Key.Name)
			}
			b.WriteString("]")
		}
		b.WriteString("\n")
	case v.Wait.For != "":
		fmt.Fprintf(&b, "next: %s (confirmation=%t hooks=%t)\n", v.Wait.For, v.Wait.Confirmation, v.Wait.Hooks)
	case v.Failed != "":
		fmt.Fprintf(&b, "next: failed: %s\n", v.Failed)
	case v.Done:
		b.WriteString("next: done\n")
	}
	return b.String()
}

func lines(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(s string) bool { return strings.TrimSpace(s) == "" })
}

func TestBuild(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var objects []plan.Object
			for _, l := range lines(string(ar.Files[0].Data)) {
				objects = append(objects, object(t, l))
			}
			var extras []plan.Extra
			for _, l := range lines(string(ar.Files[1].Data)) {
				extras = append(extras, extra(t, l))
			}
			got := show(plan.Build(objects, extras, options(t, string(ar.Files[2].Data))))
			if *update {
				ar.Files[3].Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(ar.Files[3].Data), got); d != "" {
				t.Errorf("%s(-want +got)\n%s", ar.Comment, d)
			}
		})
	}
}

var phases = []plan.Phase{plan.PreSync, plan.Sync, plan.PostSync, plan.SyncFail}

// drawn are objects of every kind of place, some of them hooks.
func drawn(t *rapid.T) []plan.Object {
	kinds := []string{"Namespace", "ConfigMap", "Deployment", "Widget", "Secret", "Service", "CustomResourceDefinition"}
	var objects []plan.Object
	for i := range rapid.IntRange(0, 12).Draw(t, "n") {
		o := plan.Object{
			Key:  resource.Key{Kind: rapid.SampledFrom(kinds).Draw(t, "kind"), Name: fmt.Sprint("n", i)},
			Wave: rapid.IntRange(-2, 2).Draw(t, "wave"), Sync: v1alpha1.SyncStatusOutOfSync,
		}
		switch o.Key.Kind {
		case "CustomResourceDefinition":
			o.Defines = schema.GroupKind{Kind: "Widget"}
		case "Namespace":
		default:
			o.Key.Namespace = fmt.Sprint("n", rapid.IntRange(0, 12).Draw(t, "ns"))
			if o.Hook = rapid.Bool().Draw(t, "hook"); o.Hook {
				o.Phase = rapid.SampledFrom(phases).Draw(t, "phase")
			}
		}
		objects = append(objects, o)
	}
	return objects
}

// The order is a topological order of phase, wave, kind and dependency, nothing is
// lost and nothing is doubled.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := drawn(t)
		p := plan.Build(objects, nil, plan.Options{})
		var order []plan.Item
		for _, s := range slices.Concat(p.Steps, p.OnFailure) {
			for _, i := range s.Apply {
				if i.Wave != s.Wave || i.Phase != s.Phase {
					t.Fatalf("%v is in step %s %d", i, s.Phase, s.Wave)
				}
				order = append(order, i)
			}
		}
		if len(order) != len(objects) {
			t.Fatalf("%d objects, %d items", len(objects), len(order))
		}
		for i, a := range order {
			for _, b := range order[i+1:] {
				if why := misplaced(objects, a, b); why != "" {
					t.Fatalf("%s comes before %s: %s", a.Key, b.Key, why)
				}
			}
		}
	})
}

// misplaced says why a must not come before b, if so.
func misplaced(objects []plan.Object, a, b plan.Item) string {
	if b.Key.Kind == "Namespace" && a.Key.Namespace == b.Key.Name {
		return "it is in that namespace"
	}
	if b.Key.Kind == "CustomResourceDefinition" && a.Key.Kind == "Widget" {
		return "that defines its kind"
	}
	moved := func(i plan.Item) bool { return i.Key.Kind == "Namespace" || i.Key.Kind == "CustomResourceDefinition" }
	if moved(a) || moved(b) {
		return ""
	}
	x := objects[slices.IndexFunc(objects, func(o plan.Object) bool { return o.Key == a.Key })]
	y := objects[slices.IndexFunc(objects, func(o plan.Object) bool { return o.Key == b.Key })]
	px, py := slices.Index(phases, max(x.Phase, "")), slices.Index(phases, max(y.Phase, ""))
	if x.Phase == "" {
		px = 1
	}
	if y.Phase == "" {
		py = 1
	}
	switch {
	case px != py && px > py:
		return "phase"
	case px == py && x.Wave > y.Wave:
		return "wave"
	case px == py && x.Wave == y.Wave && resource.KindRank(a.Key.Kind) > resource.KindRank(b.Key.Kind):
		return "kind"
	}
	return ""
}

// A model cluster in which whatever a step does succeeds: following a plan step by
// step ends, does each thing once, and leaves nothing to do. It may be cut off and
// planned anew after any step, as that is how it is always done.
func TestFollowed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		objects := drawn(t)
		var extras []plan.Extra
		for i := range rapid.IntRange(0, 5).Draw(t, "extras") {
			extras = append(extras, plan.Extra{
				Key: resource.Key{Kind: "ConfigMap", Name: fmt.Sprint("old", i)}, Wave: rapid.IntRange(-2, 2).Draw(t, "wave"),
				Last: rapid.Bool().Draw(t, "last"), KeptFrom: rapid.SampledFrom([]string{"", "", "kept"}).Draw(t, "kept"),
			})
		}
		done := map[string]int{}
		var reached plan.Step
		for range 100 {
			p := plan.Build(objects, extras, plan.Options{Prune: true})
			v := p.Next()
			if v.Done {
				checkFollowed(t, objects, extras, done)
				return
			}
			if v.Step == nil {
				t.Fatalf("nothing to do, and not done: %+v", v)
			}
			if slices.Index(phases, v.Step.Phase) < slices.Index(phases, reached.Phase) {
				t.Fatalf("phase %s after %s", v.Step.Phase, reached.Phase)
			}
			reached = *v.Step
			extras = slices.DeleteFunc(extras, func(e plan.Extra) bool {
				return slices.ContainsFunc(v.Step.Prunes(), func(i plan.Item) bool { return i.Key == e.Key && count(done, e.Key) })
			})
			for _, g := range v.Step.Groups() {
				for _, i := range g {
					n := slices.IndexFunc(objects, func(o plan.Object) bool { return o.Key == i.Key })
					objects[n].Sync, objects[n].State = v1alpha1.SyncStatusSynced, plan.Succeeded
					count(done, i.Key)
				}
			}
		}
		t.Fatal("it does not end")
	})
}

func count(done map[string]int, k resource.Key) bool {
	done[k.String()]++
	return true
}

func checkFollowed(t *rapid.T, objects []plan.Object, extras []plan.Extra, done map[string]int) {
	for k, n := range done {
		if n != 1 {
			t.Errorf("%s was done %d times", k, n)
		}
	}
	for _, o := range objects {
		if done[o.Key.String()] == 0 && o.Phase != plan.SyncFail {
			t.Errorf("%s was left out", o.Key)
		}
	}
	for _, e := range extras {
		if e.KeptFrom == "" {
			t.Errorf("%s was not pruned", e.Key)
		}
		if done[e.Key.String()] != 0 {
			t.Errorf("%s was pruned although it is kept", e.Key)
		}
	}
}
