package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/resource"
)

const (
	self  = "shop"
	space = "prod"
)

// start is when the operations of all tests begin.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is an Application with an operation in a model cluster.
type world struct {
	api   *model
	conn  *cluster.Conn
	kinds *cluster.Kinds
	clock time.Time
	app   *v1alpha1.Application
	// source is what is desired.
	source desired.State
	claims []*claim.Claim
	// state is the operation as it is written down; a pass that is cut off leaves it.
	state   *v1alpha1.OperationState
	memory  *Memory
	options resource.SyncOptions
	timeout time.Duration
	delay   time.Duration
	held    string
	yield   bool
	// alive are the other Applications that exist.
	alive []string
	// run is the pass of last.
	run *Run
}

// newWorld has a namespace, and an operation that began now.
func newWorld(t fataler) *world {
	w := &world{
		clock: start, memory: &Memory{},
		app: &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: self, UID: "app", Annotations: map[string]string{}}},
		state: &v1alpha1.OperationState{
			Phase: v1alpha1.OperationRunning, StartedAt: metav1.NewTime(start),
			Operation:  v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Prune: true}},
			SyncResult: &v1alpha1.SyncOperationResult{Revision: "0123456789abcdef"},
		},
	}
	w.app.Spec.Destination.Namespace = space
	w.api = newModel(func() time.Time { return w.clock })
	var err error
	if w.conn, err = cluster.Connect(&rest.Config{Host: "http://model", Transport: w.api}); err != nil {
		t.Fatal(err)
	}
	if w.kinds, err = w.conn.Discover(context.Background()); err != nil {
		t.Fatal(err)
	}
	w.api.put(&unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": space}}})
	return w
}

// fataler is a testing.T or a rapid.T.
type fataler interface {
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

// desire sets what the source has.
func (w *world) desire(t fataler, objects ...*unstructured.Unstructured) {
	state, err := desired.Build(desired.Input{
		Objects: objects, App: self, Namespace: space,
		Scope: func(gk schema.GroupKind) (bool, bool) {
			kind, ok := w.kinds.Preferred(gk)
			return kind.Namespaced, ok
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	w.source, w.claims = state, nil
	for _, o := range state.Objects {
		w.claims = append(w.claims, claim.New(self, o, nil, false))
	}
}

// observe is what a controller that has just started sees of the cluster.
func (w *world) observe() *comparison.Comparer {
	claims := claim.NewSet()
	claims.Put(self, w.claims)
	judge := &claim.Judge{Claims: claims, Now: func() time.Time { return w.clock }}
	c := cluster.Static(cluster.Options{Conn: w.conn, Judge: judge.Verdict}, w.kinds)
	for _, obj := range w.api.list() {
		c.Observe(obj.DeepCopy())
	}
	return &comparison.Comparer{Cluster: c, Claims: claims}
}

// begin is the operation's part of a pass by a controller that has just started.
func (w *world) begin() *Run {
	comparer := w.observe()
	state := w.state.DeepCopy()
	w.run = &Run{
		Engine: Engine{
			Comparer: comparer, Applier: &apply.Applier{Conn: w.conn},
			Alive: func(name string) bool { return slices.Contains(w.alive, name) }, Now: func() time.Time { return w.clock },
		},
		App: w.app, Instance: self, State: state,
		Target:  Target{Current: true, Claims: w.claims, Hooks: w.source.Hooks, Objects: comparer.Gather(self, w.claims)},
		Options: w.options, Permits: func(resource.Key) error { return nil }, Memory: w.memory,
		Flush:     func(context.Context) bool { return w.persist(state) },
		WaveDelay: w.delay, Timeout: w.timeout, Yield: w.yield, Held: w.held,
	}
	return w.run
}

// persist writes the operation's state down, which is a request as any other.
func (w *world) persist(state *v1alpha1.OperationState) bool {
	w.api.mu.Lock()
	defer w.api.mu.Unlock()
	n := w.api.asked
	w.api.asked++
	before, after := false, false
	if w.api.cut != nil {
		before, after = w.api.cut(n)
	}
	if !before {
		w.state = state.DeepCopy()
	}
	return !before && !after
}

// advance makes one pass, and says whether its outcome was written.
func (w *world) advance() (Outcome, bool) {
	r := w.begin()
	out := r.Advance(context.Background())
	return out, w.persist(r.State)
}

// terminate makes a pass that ends the operation.
func (w *world) terminate() Outcome {
	r := w.begin()
	out := r.Terminate(context.Background(), "Operation terminated")
	w.persist(r.State)
	return out
}

// retry begins the next try, as package application does when its time has come.
func (w *world) retry() {
	w.state.FinishedAt, w.state.SyncResult.Resources = nil, nil
}

// objects reads YAML documents. Beside a manifest stand words of the tests: "of" is
// the Application that tracks it, "mark" a hook's mark, "kept" a finalizer, "going"
// that it is being deleted, "age" how long before the operation it was made.
func objects(t fataler, text string) []*unstructured.Unstructured {
	var out []*unstructured.Unstructured
	for doc := range strings.SplitSeq(text, "\n---\n") {
		body := map[string]any{}
		if err := yaml.Unmarshal([]byte(doc), &body); err != nil {
			t.Fatal(err)
		}
		if len(body) == 0 {
			continue
		}
		obj := &unstructured.Unstructured{Object: body}
		word := func(name string) string {
			v, _ := body[name].(string)
			delete(body, name)
			return v
		}
		if obj.GetNamespace() == "" && obj.GetKind() != "Namespace" {
			obj.SetNamespace(space)
		}
		if of := word("of"); of != "" {
			track(obj, of)
		}
		if mark := word("mark"); mark != "" {
			annotate(obj, v1alpha1.AnnotationHookRun, strings.ReplaceAll(mark, "START", fmt.Sprint(start.Unix())))
		}
		if word("kept") != "" {
			obj.SetFinalizers(append(obj.GetFinalizers(), v1alpha1.FinalizerHook))
		}
		if word("going") != "" {
			at := metav1.NewTime(start.Add(-time.Minute))
			obj.SetDeletionTimestamp(&at)
		}
		age, _ := time.ParseDuration(word("age"))
		if age == 0 {
			age = time.Hour
		}
		obj.SetCreationTimestamp(metav1.NewTime(start.Add(-age)))
		out = append(out, obj)
	}
	return out
}

func track(obj *unstructured.Unstructured, app string) {
	key := resource.KeyOf(obj)
	annotate(obj, v1alpha1.AnnotationTrackingID, resource.TrackingID{
		App: app, Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name,
	}.String())
}

func annotate(obj *unstructured.Unstructured, name, value string) {
	a := obj.GetAnnotations()
	if a == nil {
		a = map[string]string{}
	}
	a[name] = value
	obj.SetAnnotations(a)
}

// settle lets the cluster finish what it has begun.
func (w *world) settle() {
	for range 3 {
		w.api.tick()
	}
}

// before is a time before the operation.
func before() metav1.Time { return metav1.NewTime(start.Add(-time.Hour)) }
