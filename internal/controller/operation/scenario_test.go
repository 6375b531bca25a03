package operation

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

var update = flag.Bool("update", false, "write what was got into testdata")

// scenario is the section "operation" of a file.
type scenario struct {
	Options   []string                  `json:"options"`
	Operation v1alpha1.Operation        `json:"operation"`
	Records   v1alpha1.ResourceResults  `json:"records"`
	Retried   int64                     `json:"retried"`
	Timeout   string                    `json:"timeout"`
	WaveDelay string                    `json:"waveDelay"`
	Alive     []string                  `json:"alive"`
	App       *v1alpha1.ApplicationSpec `json:"app"`
}

// TestScenarios reads testdata/*.txtar: the comment is the reason, "source" what is
// desired, "live" what is there (see objects), "operation" the rest, "do" one word a
// line, and "want" what was written and said, and what is left.
func TestScenarios(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no cases", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			a, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			section := map[string]string{}
			for _, f := range a.Files {
				section[f.Name] = string(f.Data)
			}
			got := play(t, section)
			want := &a.Files[len(a.Files)-1]
			if *update {
				want.Data = []byte(got)
				if err := os.WriteFile(file, txtar.Format(a), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if d := cmp.Diff(string(want.Data), got); d != "" {
				t.Errorf("%s(-want +got):\n%s", a.Comment, d)
			}
		})
	}
}

func play(t *testing.T, section map[string]string) string {
	t.Helper()
	var k scenario
	if err := yaml.UnmarshalStrict([]byte(section["operation"]), &k); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	for _, obj := range objects(t, section["live"]) {
		w.api.put(obj)
	}
	w.desire(t, objects(t, section["source"])...)
	k.set(t, w)
	var b strings.Builder
	for line := range strings.Lines(section["do"]) {
		step(t, w, &b, strings.Fields(line))
	}
	for _, e := range w.state.SyncResult.Resources {
		fmt.Fprintf(&b, "record: %s %s %s %s %s: %s\n", e.SyncPhase, keyOf(e).Human(), e.Status, e.HookType, e.HookPhase, e.Message)
	}
	for _, obj := range w.api.list() {
		if obj.GetKind() == "Namespace" && obj.GetName() == space {
			continue
		}
		fmt.Fprintf(&b, "left: %s", resource.KeyOf(obj).Human())
		if id, ok := resource.TrackedBy(obj, ""); ok {
			fmt.Fprintf(&b, " of %s", id.App)
		}
		if f := obj.GetFinalizers(); len(f) > 0 {
			fmt.Fprintf(&b, " %v", f)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (k scenario) set(t *testing.T, w *world) {
	t.Helper()
	duration := func(s string) time.Duration {
		if s == "" {
			return 0
		}
		d, err := time.ParseDuration(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	w.options, w.alive = resource.ReadSyncOptions(k.Options...), k.Alive
	w.timeout, w.delay = duration(k.Timeout), duration(k.WaveDelay)
	if k.Operation.Sync == nil {
		k.Operation.Sync = &v1alpha1.SyncOperation{Prune: true}
	}
	w.state.Operation, w.state.SyncResult.Resources, w.state.RetryCount = k.Operation, k.Records, k.Retried
	if k.App != nil {
		namespace := w.app.Spec.Destination.Namespace
		w.app.Spec = *k.App
		w.app.Spec.Destination.Namespace = namespace
	}
}

// step does one line of a scenario and tells what came of it.
func step(t *testing.T, w *world, b *strings.Builder, words []string) {
	t.Helper()
	switch words[0] {
	case "pass":
		out, _ := w.advance()
		tell(w, b, out)
	case "terminate":
		tell(w, b, w.terminate())
	case "busy":
		busy, again := w.begin().Busy()
		fmt.Fprintf(b, "busy: %t %s\n", busy, again)
	case "tick":
		w.api.tick()
	case "retry":
		w.retry()
	case "restart":
		w.memory = &Memory{}
	case "yield":
		w.yield = true
	case "hold":
		w.held = "held: " + strings.Join(words[1:], " ")
	case "approve":
		w.app.Annotations[v1alpha1.AnnotationDeletionApproved] = w.clock.Format(time.RFC3339)
	case "wait":
		d, err := time.ParseDuration(words[1])
		if err != nil {
			t.Fatal(err)
		}
		w.clock = w.clock.Add(d)
	case "lose": // the answer to the next request of a method
		w.api.lose = words[1]
	case "remove": // by somebody: kind, name
		w.vanish(words[1], words[2])
	case "refuse": // the next request of a method, for an object of that name if one is given
		w.refuse(words[1], strings.Join(words[2:], ""))
	case "pod": // of a Job, why it cannot start, how old it is
		w.pod(t, words[1], words[2], words[3])
	default:
		t.Fatalf("word %q", words[0])
	}
}

func tell(w *world, b *strings.Builder, out Outcome) {
	for _, s := range inOrder(w.api.writes) {
		fmt.Fprintf(b, "  %s\n", s)
	}
	w.api.writes = nil
	var words []string
	if out.Ended {
		words = append(words, "ended")
	}
	if out.Again {
		words = append(words, "again")
	}
	if out.Yielded {
		words = append(words, "yielded")
	}
	if out.Wake != 0 {
		words = append(words, "wake "+out.Wake.String())
	}
	fmt.Fprintf(b, "%s %v: %s\n", w.state.Phase, words, w.state.Message)
}

// inOrder sorts the writes that are sent at once: those of one kind.
func inOrder(writes []string) []string {
	what := func(s string) string { return s[:strings.LastIndexByte(s, ' ')] }
	out := slices.Clone(writes)
	for from := 0; from < len(out); {
		to := from + 1
		for to < len(out) && what(out[to]) == what(out[from]) {
			to++
		}
		slices.Sort(out[from:to])
		from = to
	}
	return out
}

// vanish removes an object at once, as somebody does who also takes its finalizers.
func (w *world) vanish(kind, name string) {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	for _, key := range w.api.keys() {
		if key.Kind == kind && key.Name == name {
			delete(w.api.objects, key)
		}
	}
}

// refuse has the API server overloaded for one request of a method, for the object
// of a name unless that is empty.
func (w *world) refuse(method, name string) {
	armed := true
	w.api.refuse = func(m string, key resource.Key) error {
		if armed && m == method && (name == "" || key.Name == name) {
			armed = false
			return apierrors.NewServiceUnavailable("overloaded")
		}
		return nil
	}
}

// pod gives a Job a Pod that waits.
func (w *world) pod(t *testing.T, job, reason, age string) {
	t.Helper()
	d, err := time.ParseDuration(age)
	if err != nil {
		t.Fatal(err)
	}
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	owner := w.api.objects[resource.Key{Group: "batch", Kind: "Job", Namespace: space, Name: job}]
	obj := manifest("Pod", job+"-"+strings.ToLower(reason))
	obj.SetCreationTimestamp(metav1.NewTime(w.clock.Add(-d)))
	obj.SetOwnerReferences([]metav1.OwnerReference{{APIVersion: "batch/v1", Kind: "Job", Name: job, UID: owner.GetUID()}})
	obj.Object["status"] = map[string]any{"phase": "Pending", "containerStatuses": []any{
		map[string]any{"name": "main", "state": map[string]any{"waiting": map[string]any{"reason": reason}}},
	}}
	w.api.put(obj)
}
