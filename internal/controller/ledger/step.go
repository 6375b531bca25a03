package ledger

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

// maxSteps bounds the steps of one call. A run from the intent to its Job takes
// three, from its end to being let go four.
const maxSteps = 20

// maxRefusal bounds what is kept of why the API server refuses a Job.
const maxRefusal = 500

// Run is a task to carry on.
type Run struct {
	App types.NamespacedName
	// Instance is the Application's name in tracking ids.
	Instance string
	// Target is the destination cluster.
	Target *cluster.Conn
	Hook   *unstructured.Unstructured
	Task   once.Task
	Choice once.Choice
	// SkipValidation is sync option Validate=false.
	SkipValidation bool
	// Seen is what the index shows of the Job that runs, if there is one.
	Seen Seen
}

// Seen is what a cluster's index knows of a Job.
type Seen struct {
	UID types.UID
	// Going says that it has not ended and is not being deleted.
	Going bool
}

// Progress is where a task stands.
type Progress struct {
	// Do is once.Done, once.Wait or once.Refuse.
	Do     once.Do
	Reason string
	// Entry is the task's entry in the ledger; zero if there is none.
	Entry once.Entry
}

// Step does what can be done of a task now, and never waits. Where an error is
// transient the same call is to be made later; nothing is lost or doubled.
func (s *Store) Step(ctx context.Context, r Run) (Progress, error) {
	b, ok := s.kept(r.App)
	if ok {
		if p, ok := s.quiet(b, r); ok {
			return p, nil
		}
	}
	b, err := s.read(ctx, r.App)
	if err != nil {
		return Progress{}, err
	}
	for range maxSteps {
		st := once.Situation{Ledger: b.ledger, Task: r.Task, Choice: r.Choice, Now: s.o.Now()}
		job, err := findJob(ctx, r, st.Look())
		if err != nil {
			return Progress{}, err
		}
		if job != nil {
			seen := once.JobOf(job)
			st.Job = &seen
		}
		step := once.Next(st)
		switch step.Do {
		case once.Done, once.Wait, once.Refuse:
			s.remember(r.App, b, step.Do)
			return progress(b, r.Task, step), nil
		}
		next, refused, err := s.perform(ctx, r, b, step, job)
		if err != nil {
			s.drop(r.App)
			return Progress{}, err
		}
		b = next
		if refused != "" {
			return progress(b, r.Task, once.Step{Do: once.Refuse, Reason: refused}), nil
		}
	}
	return Progress{}, fault.New(fault.Internal, "hook %s makes no progress", r.Task.Name)
}

// remember keeps the ledger of what runs and no other, so that memory is bounded
// by what is under way.
func (s *Store) remember(app types.NamespacedName, b book, do once.Do) {
	if do == once.Wait {
		s.keep(app, b)
		return
	}
	s.drop(app)
}

// quiet answers without a request if the index says that nothing has happened to
// the Job that runs.
func (s *Store) quiet(b book, r Run) (Progress, bool) {
	if !r.Seen.Going || r.Seen.UID == "" {
		return Progress{}, false
	}
	for _, e := range b.ledger.Entries {
		if e.Task != r.Task.Name || e.Outcome != once.Running || e.UID != string(r.Seen.UID) {
			continue
		}
		step := once.Next(once.Situation{
			Ledger: b.ledger, Task: r.Task, Choice: r.Choice, Now: s.o.Now(),
			Job: &once.Job{Name: e.Job, UID: e.UID, Key: e.Key, Attempt: e.Attempts, Outcome: once.Running, Held: true},
		})
		return progress(b, r.Task, step), step.Do == once.Wait
	}
	return Progress{}, false
}

func progress(b book, t once.Task, step once.Step) Progress {
	e, _ := b.ledger.Find(t.Name, t.Key)
	return Progress{Do: step.Do, Reason: step.Reason, Entry: e}
}

func findJob(ctx context.Context, r Run, name string) (*unstructured.Unstructured, error) {
	job, err := r.Target.Get(ctx, jobKind(), r.Hook.GetNamespace(), name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return job, explain(err, "read Job %s/%s", r.Hook.GetNamespace(), name)
}

// perform makes a step. Refused is why the API server will not have a Job.
func (s *Store) perform(ctx context.Context, r Run, b book, step once.Step, job *unstructured.Unstructured) (next book, refused string, err error) {
	key := resource.Key{Group: "batch", Kind: "Job", Namespace: r.Hook.GetNamespace(), Name: step.Entry.Job}
	switch step.Do {
	case once.Write:
		if step.Log && job != nil {
			step.Entry.Log = logTail(ctx, r.Target, job)
		}
		next, err = s.write(ctx, r.App, b, step.Entry)
		return next, "", err
	case once.Create:
		return s.createJob(ctx, r, b, step.Entry, key)
	case once.Delete:
		err = r.Target.Delete(ctx, jobKind(), key, cluster.DeleteOptions{UID: types.UID(step.UID), Propagation: "Background"})
	case once.Release:
		err = release(ctx, r.Target, key, job)
	}
	if conflict(err) { // it has moved or is gone: look again
		err = nil
	}
	return b, "", explain(err, "%s Job %s/%s", step.Do, key.Namespace, key.Name)
}

// createJob makes the Job. If the API server will not have it nothing has run: the
// entry stays as it is, with the reason, and the next sync tries again.
func (s *Store) createJob(ctx context.Context, r Run, b book, e once.Entry, key resource.Key) (next book, refused string, err error) {
	body, err := json.Marshal(once.JobFor(r.Hook, e, r.Instance).Object)
	if err != nil {
		return book{}, "", err
	}
	_, err = r.Target.Post(ctx, jobKind(), key, body, cluster.WriteOptions{Manager: v1alpha1.FieldManager, SkipValidation: r.SkipValidation})
	if err == nil || apierrors.IsAlreadyExists(err) { // which one it is, the next step sees
		return b, "", nil
	}
	if cluster.Transient(err) && !apierrors.IsNotFound(err) || ctx.Err() != nil {
		return book{}, "", explain(err, "create Job %s/%s", key.Namespace, key.Name)
	}
	refused = "the API server refuses Job " + key.Name + ": " + err.Error()
	if refused = strings.ToValidUTF8(refused[:min(len(refused), maxRefusal)], ""); refused == e.Message {
		return b, refused, nil
	}
	e.Message = refused
	next, err = s.write(ctx, r.App, b, e)
	return next, refused, err
}

// release takes our finalizer off the Job that was seen, and no other.
func release(ctx context.Context, target *cluster.Conn, key resource.Key, job *unstructured.Unstructured) error {
	if job == nil {
		return nil
	}
	left := slices.DeleteFunc(slices.Clone(job.GetFinalizers()), func(f string) bool { return f == v1alpha1.FinalizerHook })
	body, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"resourceVersion": job.GetResourceVersion(), "uid": job.GetUID(), "finalizers": left,
	}})
	if err != nil {
		return err
	}
	_, err = target.Patch(ctx, jobKind(), key, types.MergePatchType, body)
	return err
}
