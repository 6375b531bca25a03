package ledger_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/test/playgroundtest"
)

// world is a real control plane and a store over it.
type world struct {
	*testing.T
	client *dynamic.DynamicClient
	conn   *cluster.Conn
	store  *ledger.Store
}

func (w world) kind(o *unstructured.Unstructured) dynamic.ResourceInterface {
	gv := o.GroupVersionKind().GroupVersion()
	return w.client.Resource(gv.WithResource(resourceOf(o))).Namespace(o.GetNamespace())
}

func (w world) create(text string) {
	w.Helper()
	o := object(w.T, text)
	if o.GetKind() == "Namespace" {
		o.SetNamespace("")
	}
	if _, err := w.kind(o).Create(w.Context(), o, metav1.CreateOptions{}); err != nil {
		w.Fatal(err)
	}
}

// run gathers and keys the hook anew, as each pass may.
func (w world) run(hook *unstructured.Unstructured, revision string) ledger.Run {
	w.Helper()
	got, err := w.store.Gather(w.Context(), w.conn, hook, nothing)
	if err != nil {
		w.Fatal(err)
	}
	mac, err := w.store.MACKey(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	task, err := once.NewTask(hook, once.Inputs{Objects: got.Objects, MACKey: mac})
	if err != nil {
		w.Fatal(err)
	}
	task.Revision = revision
	return ledger.Run{App: types.NamespacedName{Namespace: "default", Name: "shop"}, Instance: "shop", Target: w.conn, Hook: hook, Task: task}
}

// drive makes a step with each event of the Job until there is nothing to wait for.
func (w world) drive(r ledger.Run) ledger.Progress {
	w.Helper()
	for {
		p, err := w.store.Step(w.Context(), r)
		if err != nil {
			w.Fatal(err)
		}
		if p.Do != once.Wait {
			return p
		}
		w.await(r.Hook.GetNamespace(), p.Entry.Job, func(j once.Job) bool { return j.Outcome != once.Running })
	}
}

// await waits until a Job is as wanted, by a watch.
func (w world) await(namespace, name string, is func(once.Job) bool) {
	w.Helper()
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	jobs := w.client.Resource(schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}).Namespace(namespace)
	lw := &cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
			return jobs.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", name).String()
			return jobs.Watch(ctx, o)
		},
	}
	_, err := watchtools.UntilWithSync(ctx, lw, &unstructured.Unstructured{}, nil, func(e watch.Event) (bool, error) {
		o, ok := e.Object.(*unstructured.Unstructured)
		return ok && is(once.JobOf(o)), nil
	})
	if err != nil {
		w.Fatalf("Job %s: %v", name, err)
	}
}

// TestPlayground: the same against a real API server with its Job and TTL controllers.
func TestPlayground(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a control plane")
	}
	c := playgroundtest.Start(t, playgroundtest.Options{})
	config, err := clientcmd.BuildConfigFromFlags("", c.Kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := cluster.Connect(config)
	if err != nil {
		t.Fatal(err)
	}
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	w := world{T: t, client: client, conn: conn, store: ledger.New(ledger.Options{Conn: conn, Namespace: "default"})}
	t.Run("succeeds", func(t *testing.T) { w.T = t; w.succeeds() })
	t.Run("collected", func(t *testing.T) { w.T = t; w.collected() })
	t.Run("fails", func(t *testing.T) { w.T = t; w.fails() })
}

const hookText = `
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  namespace: %s
  annotations: {argocd.argoproj.io/hook: PreSync, argocd.argoproj.io/hook-delete-policy: HookSucceeded, evenkeel.dev/run: once-per-input}
spec:
  backoffLimit: 0
  template:
    metadata:
      annotations: {playground.evenkeel.dev/logs: "password is hunter2\ndone", playground.evenkeel.dev/exit-code: "%d", playground.evenkeel.dev/run: 100ms}
    spec:
      restartPolicy: Never
      containers:
      - {name: migrate, image: "migrate:%s", envFrom: [{secretRef: {name: db}}]}
`

func (w world) namespace(name string) {
	w.create(fmt.Sprintf("{apiVersion: v1, kind: Namespace, metadata: {name: %s}}", name))
	w.create(fmt.Sprintf("{apiVersion: v1, kind: Secret, metadata: {name: db, namespace: %s}, stringData: {password: hunter2}}", name))
}

// succeeds: a Job that a TTL of no time removes is seen to have succeeded, runs
// once, and again when its image changes and not when that is reverted.
func (w world) succeeds() {
	w.namespace("good")
	v1, v2 := object(w.T, fmt.Sprintf(hookText, "good", 0, "v1")), object(w.T, fmt.Sprintf(hookText, "good", 0, "v2"))
	p := w.drive(w.run(v1, "one"))
	if p.Do != once.Done || p.Entry.Outcome != once.Succeeded || p.Entry.Attempts != 1 || p.Entry.Held {
		w.Fatalf("%+v", p)
	}
	if d := cmp.Diff("password is ••••••\ndone", p.Entry.Log); d != "" {
		w.Error(d)
	}
	w.gone("good", p.Entry.Job)
	for i, c := range []struct {
		hook   *unstructured.Unstructured
		reason string
		jobs   int
	}{{v1, "ran with these inputs at one", 1}, {v2, "ran with these inputs at two", 2}, {v1, "ran with these inputs at one", 2}} {
		r := w.run(c.hook, "two")
		if i == 1 {
			d := once.Decide(w.ledger(), r.Task, r.Choice)
			if d.Action != once.ActRun || d.Reason != "input changed: image migrate:v1 → migrate:v2" {
				w.Fatalf("%+v", d)
			}
		}
		if p := w.drive(r); p.Do != once.Done || !strings.HasPrefix(p.Reason, c.reason) || len(w.ledger().Entries) != c.jobs {
			w.Fatalf("%+v", p)
		}
	}
}

func (w world) ledger() once.Ledger {
	w.Helper()
	l, err := w.store.Read(w.Context(), types.NamespacedName{Namespace: "default", Name: "shop"})
	if err != nil {
		w.Fatal(err)
	}
	return l
}

// gone waits until a Job is no more: nothing of ours holds it.
func (w world) gone(namespace, name string) {
	w.Helper()
	jobs := w.client.Resource(schema.GroupVersionResource{Group: "batch", Version: "v1", Resource: "jobs"}).Namespace(namespace)
	ctx, cancel := context.WithTimeout(w.Context(), time.Minute)
	defer cancel()
	o, err := jobs.Get(ctx, name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return
	}
	if err != nil {
		w.Fatal(err)
	}
	events, err := jobs.Watch(ctx, metav1.ListOptions{
		FieldSelector: fields.OneTermEqualSelector("metadata.name", name).String(), ResourceVersion: o.GetResourceVersion(),
	})
	if err != nil {
		w.Fatal(err)
	}
	defer events.Stop()
	for e := range events.ResultChan() {
		if e.Type == watch.Deleted {
			return
		}
	}
	w.Fatalf("Job %s stays", name)
}

// collected: a Job that a TTL deletes while nobody looks is there to tell how it
// ended, until that is written down.
func (w world) collected() {
	w.namespace("brief")
	hook := object(w.T, fmt.Sprintf(hookText, "brief", 0, "v1"))
	r := w.run(hook, "one")
	p, err := w.store.Step(w.Context(), r)
	if err != nil || p.Do != once.Wait {
		w.Fatalf("%+v, %v", p, err)
	}
	job := object(w.T, fmt.Sprintf("{apiVersion: batch/v1, kind: Job, metadata: {name: %s, namespace: brief}}", p.Entry.Job))
	if _, err := w.kind(job).Patch(w.Context(), p.Entry.Job, types.MergePatchType, []byte(`{"spec":{"ttlSecondsAfterFinished":0}}`), metav1.PatchOptions{}); err != nil {
		w.Fatal(err)
	}
	w.await("brief", p.Entry.Job, func(j once.Job) bool { return j.Deleting })
	if p := w.drive(r); p.Do != once.Done || p.Entry.Outcome != once.Succeeded {
		w.Fatalf("%+v", p)
	}
	w.gone("brief", p.Entry.Job)
}

// fails: what failed is refused, and a person may have it run again.
func (w world) fails() {
	w.namespace("bad")
	r := w.run(object(w.T, fmt.Sprintf(hookText, "bad", 3, "v1")), "one")
	p := w.drive(r)
	if p.Do != once.Refuse || p.Entry.Outcome != once.Failed || !strings.HasPrefix(p.Entry.Message, "BackoffLimitExceeded") || p.Entry.Log == "" {
		w.Fatalf("%+v", p)
	}
	if again := w.drive(r); again.Do != once.Refuse || again.Entry.Attempts != 1 {
		w.Fatalf("%+v", again)
	}
	r.Choice = once.Choice{Word: once.Run, Request: "two", By: "alice"}
	if p := w.drive(r); p.Do != once.Refuse || p.Entry.Attempts != 2 || p.Entry.By != "alice" {
		w.Fatalf("%+v", p)
	}
}
