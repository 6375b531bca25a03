package operation

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"io/fs"
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
)

// Files is the repository at the target's revision, for hooks whose inputs are
// files.
type Files struct {
	FS fs.FS
	// ID is the id of a file or directory: equal ids, equal content.
	ID func(path string) (string, error)
}

// FilesOf gives a repository's tree as Files.
func FilesOf(tree trace.Tree) Files {
	return Files{FS: tree, ID: func(path string) (string, error) {
		id, _, ok, err := tree.Lookup(path)
		if err == nil && !ok {
			err = fmt.Errorf("%s: %w", path, fs.ErrNotExist)
		}
		return id, err
	}}
}

// onceHook is a hook that runs once per input, decoded; nil for any other.
func onceHook(o desired.Object) (*unstructured.Unstructured, error) {
	if !bytes.Contains(o.JSON, []byte(v1alpha1.AnnotationRun)) {
		return nil, nil
	}
	obj, err := o.Body()
	if err != nil {
		return nil, err
	}
	declared, err := once.Declared(obj)
	if !declared || err != nil {
		return nil, err
	}
	return obj, nil
}

// task is a hook with the state of its inputs, found once per try: a Secret that is
// rotated while a migration runs makes a run of the next sync.
func (r *Run) task(ctx context.Context, h hook) (once.Task, error) {
	name := once.Name(h.once)
	if t, ok := r.Memory.tasks[name]; ok && r.Memory.tasksOf == r.try() {
		return t, nil
	}
	t, unapplied, err := r.inputs(ctx, h)
	switch {
	case err != nil:
		return once.Task{}, err
	case len(unapplied) > 0:
		return once.Task{}, fault.New(fault.Invalid,
			"hook %s reads %s, which this sync changes only after it: give it an earlier wave, or make it a hook of the same phase in an earlier wave",
			name, unapplied[0].Human())
	}
	if r.Memory.tasks == nil || r.Memory.tasksOf != r.try() {
		r.Memory.tasks, r.Memory.tasksOf = map[string]once.Task{}, r.try()
	}
	r.Memory.tasks[name] = t
	return t, nil
}

// inputs reads what a hook depends on, one request for each ConfigMap and Secret.
// unapplied are those of them that are not yet in the cluster as they are desired.
func (r *Run) inputs(ctx context.Context, of hook) (t once.Task, unapplied []resource.Key, err error) {
	h := of.once
	got, err := r.Ledger.Gather(ctx, r.Applier.Conn, h, r.wanted)
	if err != nil {
		return once.Task{}, nil, err
	}
	in := once.Inputs{Cluster: v1alpha1.InClusterServer, Objects: got.Objects}
	for _, ref := range once.References(h) {
		if ref.Key.IsSecret() && in.MACKey == nil {
			if in.MACKey, err = r.Ledger.MACKey(ctx); err != nil {
				return once.Task{}, nil, err
			}
		}
	}
	if patterns, _ := once.Patterns(h); len(patterns) > 0 && r.Target.Files != nil {
		files, err := r.Target.Files(ctx, of.object.Source)
		if err != nil {
			return once.Task{}, nil, err
		}
		in.Files, in.ID = files.FS, files.ID
	}
	if t, err = once.NewTask(h, in); err != nil {
		return once.Task{}, nil, err
	}
	t.Revision = resource.OriginOfSync(r.State.SyncResult).Revision(of.object.Source)
	return t, got.Unapplied, nil
}

// wanted is an object or hook of the target as it is desired, or nil.
func (r *Run) wanted(key resource.Key) *unstructured.Unstructured {
	var body []byte
	if o := r.find(key); o != nil && o.Claim != nil {
		body = o.Claim.Object.JSON
	}
	for _, h := range r.Target.Hooks {
		if h.Key == key {
			body = h.JSON
		}
	}
	if body == nil {
		return nil
	}
	obj := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(body, &obj.Object); err != nil {
		return nil
	}
	return obj
}

// choices are what a person has decided about hooks for this operation.
func (r *Run) choices() (once.Choices, error) {
	c, err := once.ChoicesOf(r.State.Operation.Info)
	if err != nil {
		return c, err
	}
	c.Request, c.By = fmt.Sprint(r.State.StartedAt.Unix()), r.State.Operation.InitiatedBy.Username
	if !r.hooksRun() {
		return c, nil
	}
	var names []string
	for _, h := range r.declared() { // hooks has none that is left out
		if name := h.name(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return c, c.Check(names)
}

// carry does what can be done now of a hook that runs once per input, and records
// how it stands.
func (r *Run) carry(ctx context.Context, h hook) stepOutcome {
	p, err := r.progressOnce(ctx, h)
	switch {
	case err != nil && fault.KindOf(err).Transient() && r.patient():
		r.State.Message = "hook " + h.key.Human() + ": " + err.Error()
		return stepPassing
	case err != nil:
		r.failHook(h, err.Error())
		return stepFailed
	case p.Do == once.Refuse:
		r.failHook(h, p.Reason)
		return stepFailed
	case p.Do == once.Wait:
		r.noteHook(h, v1alpha1.OperationRunning, p.Reason)
		return stepDone
	}
	r.noteHook(h, v1alpha1.OperationSucceeded, p.Reason)
	return stepDone
}

func (r *Run) failHook(h hook, message string) {
	r.note(note{
		key: h.key, phase: h.phase, version: h.object.GVK.Version, status: v1alpha1.ResultSynced, message: message,
		hook: v1alpha1.OperationFailed, isHook: true,
	}, true)
}

func (r *Run) progressOnce(ctx context.Context, h hook) (ledger.Progress, error) {
	choices, err := r.choices()
	if err != nil {
		return ledger.Progress{}, err
	}
	t, err := r.task(ctx, h)
	if err != nil {
		return ledger.Progress{}, err
	}
	job := resource.Key{Group: "batch", Kind: "Job", Namespace: h.key.Namespace, Name: once.JobName(t.Name, t.Key)}
	var seen ledger.Seen
	if live := r.Comparer.Cluster.Get(job); live != nil {
		phase, _ := completion(live)
		seen = ledger.Seen{UID: live.UID, Going: phase == v1alpha1.OperationRunning && !live.Deleting}
	}
	return r.Ledger.Step(ctx, ledger.Run{
		App: types.NamespacedName{Namespace: r.App.Namespace, Name: r.App.Name}, Instance: r.Instance, Target: r.Applier.Conn,
		Hook: h.once, Task: t, Choice: choices.For(t.Name), Seen: seen,
		SkipValidation: r.Options.Override(h.object.SyncOptions).NoValidate,
	})
}

// Decided is what would become of the hooks that run once per input, by place.
type Decided map[place]once.Decision

// decide asks the ledger about the hooks that run once per input, and changes
// nothing. Without a ledger, or with one that cannot be read, nothing is known.
func (r *Run) decide(ctx context.Context) (Decided, error) {
	out := Decided{}
	var book once.Ledger
	read := false
	for _, h := range r.hooks() {
		if h.once == nil || r.Ledger == nil {
			continue
		}
		if !read {
			var err error
			if book, err = r.Ledger.Read(ctx, types.NamespacedName{Namespace: r.App.Namespace, Name: r.App.Name}); err != nil {
				return nil, err
			}
			read = true
		}
		choices, err := r.choices()
		if err != nil {
			return nil, err
		}
		t, _, err := r.inputs(ctx, h)
		if err != nil {
			return nil, err
		}
		out[place{h.phase, h.key}] = once.Decide(book, t, choices.For(t.Name))
	}
	return out, nil
}

// Pending is why a sync is due although nothing is out of sync: a hook that runs
// once per input has inputs that it did not run with. Empty if there is none, or
// if that cannot be told; the sync that comes by itself will say so.
func (r *Run) Pending(ctx context.Context) string {
	decisions, err := r.decide(ctx)
	if err != nil {
		return ""
	}
	for _, h := range r.hooks() {
		if d, ok := decisions[place{h.phase, h.key}]; ok && d.Action == once.ActRun && h.phase != plan.SyncFail {
			return "hook " + h.key.Human() + " is to run: " + d.Reason
		}
	}
	return ""
}

// Inputs identifies what Pending depends on, without a request; 0 when there is no
// hook that runs once per input.
func (r *Run) Inputs() uint64 {
	sum := fnv.New64a()
	found := false
	for _, h := range r.hooks() {
		if h.once == nil {
			continue
		}
		found = true
		_, _ = fmt.Fprintf(sum, "%s %x\n", h.key, h.object.Hash) // a hash takes every byte
		for _, ref := range once.References(h.once) {
			if live := r.Comparer.Cluster.Get(ref.Key); live != nil {
				_, _ = fmt.Fprintf(sum, "%s %s\n", live.UID, live.ResourceVersion)
			}
		}
	}
	if !found {
		return 0
	}
	_, _ = fmt.Fprintln(sum, resource.OriginOfSync(r.State.SyncResult).Revisions)
	return max(sum.Sum64(), 1)
}
