package why_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/why"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// world is an index that was shown some objects, and which of them are an Application's.
type world struct {
	index   *cluster.Cluster
	objects []comparison.Object
}

func newWorld(t *testing.T) *world {
	t.Helper()
	judge := &claim.Judge{Claims: claim.NewSet(), Now: time.Now}
	return &world{index: cluster.Static(cluster.Options{Judge: judge.Verdict}, &cluster.Kinds{})}
}

// show shows the index an object; one that nobody owns is the Application's.
func (w *world) show(t *testing.T, text string, args ...any) *cluster.Record {
	t.Helper()
	b, err := yaml.YAMLToJSON(fmt.Appendf(nil, text, args...))
	if err != nil {
		t.Fatal(err)
	}
	obj := &unstructured.Unstructured{}
	if err := obj.UnmarshalJSON(b); err != nil {
		t.Fatal(err)
	}
	r := w.index.Observe(obj)
	if len(obj.GetOwnerReferences()) == 0 {
		w.objects = append(w.objects, comparison.Object{Key: r.Key, Record: r, Known: true, Sync: v1alpha1.SyncStatusSynced})
	}
	return r
}

const (
	deployment = `{apiVersion: apps/v1, kind: Deployment, metadata: {name: %[1]s, namespace: shop, uid: d-%[1]s, generation: 2, resourceVersion: "1", annotations: %[2]s}, spec: {replicas: 1}, status: {observedGeneration: 1}}`
	pod        = `{apiVersion: v1, kind: Pod, metadata: {name: %[1]s-1, namespace: shop, uid: p-%[1]s, resourceVersion: %[3]q, ownerReferences: [{uid: d-%[1]s, kind: Deployment, name: x, apiVersion: apps/v1}]},
		spec: {restartPolicy: Always, containers: [{name: c, image: "x:1"}]}, status: {phase: Pending, containerStatuses: [{name: c, restartCount: %[4]d, state: {waiting: {reason: %[2]s}}}]}}`
)

// TestFind: of several objects that are as bad, the one of which the most can be said is
// named; what has no say is not.
func TestFind(t *testing.T) {
	w := newWorld(t)
	w.show(t, deployment, "a", "{}")
	w.show(t, pod, "a", "ContainerCreating", "1", 0)
	w.show(t, deployment, "b", "{}")
	w.show(t, pod, "b", "ImagePullBackOff", "1", 0)
	ignored := w.show(t, deployment, "c", "{}")
	w.show(t, pod, "c", "CreateContainerConfigError", "1", 0)
	e := why.Find(w.index, w.objects, ignored.Key)
	if e.Key.Name != "b" || len(e.Groups) != 1 || e.Groups[0].Text() != "1 pod ImagePullBackOff x:1" || e.Status != v1alpha1.HealthStatusProgressing {
		t.Errorf("%+v", e)
	}
	if d := cmp.Diff("pods ImagePullBackOff x:1", e.Brief().Text); d != "" {
		t.Error(d)
	}
	// What merely starts is not for a status.
	if e := why.Find(w.index, w.objects[:1], resource.Key{}); e.Key.Name != "a" || len(e.Groups) != 1 || e.Brief().Text != "" {
		t.Errorf("%+v", e)
	}
	// What cannot be read is not explained by what was known of it.
	w.objects[1].Unread = "the kind cannot be read"
	if e := why.Find(w.index, w.objects[1:2], resource.Key{}); e.Status != v1alpha1.HealthStatusUnknown || len(e.Groups) != 0 {
		t.Errorf("%+v", e)
	}
}

// TestChanges: a trouble that comes, goes or becomes another one matters; restarts and
// what else an object says do not.
func TestChanges(t *testing.T) {
	w := newWorld(t)
	pulling := w.show(t, pod, "a", "ImagePullBackOff", "1", 0)
	other := w.show(t, pod, "a", "CreateContainerConfigError", "2", 0)
	again := w.show(t, pod, "a", "CreateContainerConfigError", "3", 7)
	for name, c := range map[string]struct {
		a, b *cluster.Record
		want bool
	}{
		"comes": {nil, pulling, true}, "goes": {pulling, nil, true}, "another": {pulling, other, true}, "restarts": {other, again, false}, "nothing": {nil, nil, false},
	} {
		if got := why.Changes(c.a, c.b); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// TestAborted: a Rollout that went back is told of, whatever its health.
func TestAborted(t *testing.T) {
	w := newWorld(t)
	w.show(t, deployment, "a", "{}")
	w.show(t, `{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: api, namespace: shop, uid: r}, spec: {template: {spec: {containers: [{image: "x:2"}]}}}, status: {abort: true, stableRS: abc}}`)
	w.show(t, `{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: api-abc, namespace: shop, uid: rs, ownerReferences: [{uid: r, kind: Rollout, name: api, apiVersion: argoproj.io/v1alpha1}]}, spec: {template: {spec: {containers: [{image: "x:1"}]}}}}`)
	if d := cmp.Diff([]string{"Rollout shop/api was aborted: Git says image x:2, x:1 is running"}, why.Aborted(w.index, w.objects)); d != "" {
		t.Error(d)
	}
}

// TestCauses: the worst come first, few are asked about, and that one cannot be asked about
// does not keep the others from being told.
func TestCauses(t *testing.T) {
	w := newWorld(t)
	for i := range 12 {
		name := fmt.Sprintf("n%02d", i)
		w.show(t, deployment, name, "{}")
		w.show(t, pod, name, "ContainerCreating", "1", 0)
	}
	w.show(t, deployment, "z", "{}")
	w.show(t, pod, "z", "ImagePullBackOff", "1", 3)
	w.show(t, `{apiVersion: batch/v1, kind: Job, metadata: {name: j, namespace: shop, uid: j}, status: {conditions: [{type: Failed, status: "True", reason: BackoffLimitExceeded}]}}`)
	var mu sync.Mutex
	asked := 0
	q := why.Question{Index: w.index, Warning: func(_ context.Context, key resource.Key, uid string) (*view.Event, error) {
		mu.Lock()
		defer mu.Unlock()
		asked++
		if uid == "j" {
			return nil, errors.New("forbidden")
		}
		return &view.Event{Reason: "Failed", Object: view.RefOf(key)}, nil
	}}
	for _, o := range w.objects {
		q.Records = append(q.Records, o.Record)
	}
	q.Records = append(q.Records, nil) // what is not there
	got := q.Causes(t.Context())
	if len(got) != 14 || asked != 5 {
		t.Fatalf("%d causes, %d asked about", len(got), asked)
	}
	if j := got[0]; j.Object.Kind != "Job" || j.Problem != "forbidden" || j.Event != nil {
		t.Errorf("%+v", j)
	}
	if z := got[1]; z.Text != "1 pod ImagePullBackOff x:1" || z.Restarts != 3 || z.Event.Object.Name != "z-1" || z.At.Name != "z-1" {
		t.Errorf("%+v", z)
	}
	if n := got[2]; n.Object.Name != "n00" || n.Code != "starting" {
		t.Errorf("%+v", n)
	}
}

// BenchmarkExplain is of an object with 5,000 Pods below it, all in one trouble, from the
// index on.
func BenchmarkExplain(b *testing.B) {
	const size = 5000
	judge := &claim.Judge{Claims: claim.NewSet(), Now: time.Now}
	index := cluster.Static(cluster.Options{Judge: judge.Verdict}, &cluster.Kinds{})
	object := func(kind, name, owner string) *unstructured.Unstructured {
		meta := map[string]any{"name": name, "namespace": "shop", "uid": name, "resourceVersion": "1"}
		if owner != "" {
			meta["ownerReferences"] = []any{map[string]any{"uid": owner, "name": owner, "kind": "x", "apiVersion": "x"}}
		}
		return &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": kind, "metadata": meta,
			"spec": map[string]any{"containers": []any{map[string]any{"name": "c", "image": "x:1"}}},
			"status": map[string]any{"phase": "Pending", "containerStatuses": []any{map[string]any{
				"name": "c", "state": map[string]any{"waiting": map[string]any{"reason": "ImagePullBackOff"}},
			}}},
		}}
	}
	root := index.Observe(object("Thing", "root", ""))
	for i := range size {
		index.Observe(object("Pod", fmt.Sprintf("p%04d", i), "root"))
	}
	b.ReportAllocs()
	for b.Loop() {
		if g := why.Explain(index, root); len(g) != 1 || g[0].Count != size {
			b.Fatal(g)
		}
	}
}
