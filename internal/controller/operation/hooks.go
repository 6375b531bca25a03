package operation

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

// hook is one hook in one of its phases.
type hook struct {
	phase  plan.Phase
	key    resource.Key
	object desired.Object
	// once is the decoded hook if it runs once per input: then package ledger makes its
	// Job, under a name of its own, and lets it go. flaw is why it cannot be one.
	once *unstructured.Unstructured
	flaw error
}

// name is what people call the hook when they choose what becomes of it.
func (h hook) name() string { return h.key.Namespace + "/" + h.key.Name }

// hooks are the hooks that the operation runs, one for each phase.
func (r *Run) hooks() []hook {
	if r.made != nil || !r.hooksRun() {
		return r.made
	}
	choices, _ := once.ChoicesOf(r.State.Operation.Info)         // begin says what is wrong with them
	r.made = slices.DeleteFunc(r.declared(), func(h hook) bool { // a person leaves it out of this sync
		return h.once == nil && h.flaw == nil && choices.For(h.name()).Word == once.Skip
	})
	return r.made
}

// declared are the hooks of a sync that the target has, one for each phase.
func (r *Run) declared() []hook {
	out := []hook{}
	for _, o := range r.Target.Hooks {
		decoded, flaw := onceHook(o)
		for _, t := range o.HookTypes {
			phase := plan.Phase(t)
			switch phase {
			case plan.PreSync, plan.Sync, plan.PostSync, plan.SyncFail:
				key := o.Key
				if key.Name == "" {
					key.Name = r.generated(o, phase)
				}
				out = append(out, hook{phase: phase, key: key, object: o, once: decoded, flaw: flaw})
			}
		}
	}
	return out
}

// generated is the name of a hook with generateName. It is Argo CD's, so that an
// operation begun by one is carried on by the other (argo-cd.md §5.4). Of several
// sources it has no revision.
func (r *Run) generated(o desired.Object, phase plan.Phase) string {
	const revisionLength = 7
	revision := r.State.SyncResult.Revision
	if len(revision) > revisionLength {
		revision = revision[:revisionLength]
	}
	return generateName(o) + strings.ToLower(fmt.Sprintf("%s-%s-%d", revision, phase, r.State.StartedAt.Unix()))
}

func generateName(o desired.Object) string {
	var body struct {
		Metadata struct {
			GenerateName string `json:"generateName"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(o.JSON, &body); err != nil {
		return ""
	}
	return body.Metadata.GenerateName
}

// mark is what a hook of this try carries in a phase.
func (r *Run) mark(phase plan.Phase) string { return r.try() + "-" + strings.ToLower(string(phase)) }

// mine says whether a live object is the hook that this try made. An operation
// that Argo CD began has no marks: what it recorded as running and has been made
// since the operation began is its hook.
func (r *Run) mine(h hook, live *cluster.Record) bool {
	if live == nil || h.once != nil || r.others(live) {
		return false
	}
	if live.Hints.HookRun != "" {
		return live.Hints.HookRun == r.mark(h.phase)
	}
	e := r.entry(h.phase, h.key)
	return e != nil && e.Status == v1alpha1.ResultSynced && live.Created >= r.State.StartedAt.Unix()
}

// others says whether a live object is tracked by another Application. Marks are no
// proof of the contrary: Applications that begin a sync in the same second have the
// same, and an automated sync of one commit begins for many at once.
func (r *Run) others(live *cluster.Record) bool { return live.App != "" && live.App != r.Instance }

// plannedHook is a hook as the plan sees it.
func (r *Run) plannedHook(h hook) plan.Object {
	live := r.Comparer.Cluster.Get(h.key)
	out := plan.Object{Key: h.key, Phase: h.phase, Wave: h.object.Wave, Hook: true, Missing: live == nil}
	e := r.entry(h.phase, h.key)
	switch {
	case h.flaw != nil && e == nil, h.once != nil && e == nil:
	case e != nil && e.Status == v1alpha1.ResultSyncFailed:
		out.State, out.Message = plan.Failed, e.Message
	case e != nil && e.HookPhase.Completed():
		out.State, out.Message = plan.Succeeded, e.Message
		if e.HookPhase != v1alpha1.OperationSucceeded {
			out.State = plan.Failed
		}
	case e != nil || r.mine(h, live):
		out.State = plan.Running
	case r.taken(h) != nil: // making it says so
	case live != nil && (h.object.DeletePolicy.BeforeCreation || r.runsToCompletion(h.key)):
		out.Stale, out.Going = true, live.Deleting && !live.Hints.HookFinalizer
	}
	return out
}

// taken is why a hook cannot be made: an object of its name belongs to another
// Application, and is not deleted or written over for it. (Argo CD deletes it.)
func (r *Run) taken(h hook) error {
	live := r.Comparer.Cluster.Get(h.key)
	if live == nil || h.once != nil || !r.others(live) || !r.Alive(live.App) {
		return nil
	}
	return takenError{key: h.key, app: live.App}
}

type takenError struct {
	key resource.Key
	app string
}

func (e takenError) Error() string {
	return e.key.Human() + " exists and belongs to Application " + e.app + ", so the hook cannot be made: give it another name, or generateName"
}

// runsToCompletion says of which kinds an object that is there already would count
// as having run. Such a hook is always made anew, whatever its delete policy: Argo
// CD takes the Job of the sync before for this one's (argo-cd #25475).
func (r *Run) runsToCompletion(k resource.Key) bool {
	switch {
	case k.Group == "batch" && k.Kind == "Job", k.Group == "" && k.Kind == "Pod":
		return true
	}
	return r.isCustom(k)
}

// isCustom says whether a kind is not Kubernetes' own and its health is judged.
func (r *Run) isCustom(k resource.Key) bool {
	hasRule := r.HasRule
	if hasRule == nil {
		hasRule = health.HasRule
	}
	return strings.Contains(k.Group, ".") && !strings.HasSuffix(k.Group, ".k8s.io") && hasRule(k.GroupKind())
}

// observeHooks records how the hooks fare that are made and not known to have
// completed, and says whether any of them has completed.
func (r *Run) observeHooks(ctx context.Context) (completed, passing bool) {
	for _, h := range r.hooks() {
		e := r.entry(h.phase, h.key)
		if h.once != nil {
			if e != nil && e.Status == v1alpha1.ResultSynced && !e.HookPhase.Completed() {
				passing = r.carry(ctx, h) == stepPassing || passing
				completed = completed || r.entry(h.phase, h.key).HookPhase.Completed()
			}
			continue
		}
		live := r.Comparer.Cluster.Get(h.key)
		if e == nil && r.mine(h, live) { // made, and cut off before that was recorded
			r.noteHook(h, v1alpha1.OperationRunning, "created")
			e = r.entry(h.phase, h.key)
		}
		if e == nil || e.Status != v1alpha1.ResultSynced || e.HookPhase.Completed() {
			continue
		}
		phase, message := r.seen(h, live)
		if phase != v1alpha1.OperationRunning {
			e.HookPhase, e.Message = phase, message
			completed = true
		}
	}
	return completed, passing
}

// seen is how a hook of this try fares. Its finalizer keeps it until its outcome
// was seen, so one that is gone, or is going while nothing of it runs any more, was
// deleted by somebody.
func (r *Run) seen(h hook, live *cluster.Record) (v1alpha1.OperationPhase, string) {
	const deleted = "it was deleted before it had completed"
	if !r.mine(h, live) {
		return v1alpha1.OperationFailed, deleted
	}
	phase, message := completion(live)
	if phase == v1alpha1.OperationRunning && live.Deleting && len(r.Comparer.Cluster.Children(live.UID)) == 0 {
		return v1alpha1.OperationFailed, deleted
	}
	return phase, message
}

// completion is a hook's phase by its health (argo-cd.md §5.4).
func completion(live *cluster.Record) (v1alpha1.OperationPhase, string) {
	message := live.Verdict.Message
	switch live.Verdict.Health {
	case "":
		return v1alpha1.OperationSucceeded, "created"
	case v1alpha1.HealthStatusHealthy:
		return v1alpha1.OperationSucceeded, message
	case v1alpha1.HealthStatusDegraded, v1alpha1.HealthStatusUnknown:
		return v1alpha1.OperationFailed, message
	case v1alpha1.HealthStatusProgressing, v1alpha1.HealthStatusSuspended, v1alpha1.HealthStatusMissing:
	}
	return v1alpha1.OperationRunning, message
}

func (r *Run) noteHook(h hook, phase v1alpha1.OperationPhase, message string) {
	r.note(note{
		key: h.key, phase: h.phase, version: h.object.GVK.Version, status: v1alpha1.ResultSynced, message: message, hook: phase, isHook: true,
	}, true)
}

// release takes the finalizer off hooks whose completion is recorded.
func (r *Run) release(ctx context.Context) (Outcome, bool) {
	for _, h := range r.hooks() {
		e := r.entry(h.phase, h.key)
		live := r.Comparer.Cluster.Get(h.key)
		if e == nil || !e.HookPhase.Completed() || !r.mine(h, live) || !live.Hints.HookFinalizer {
			continue
		}
		if err := r.Unfinalize(ctx, live); err != nil {
			r.State.Message = "taking the finalizer off hook " + h.key.Human() + ": " + err.Error()
			return Outcome{Again: true}, true
		}
	}
	return Outcome{}, false
}

// Unfinalize takes the hooks' finalizer off an object and leaves others in place.
func (e *Engine) Unfinalize(ctx context.Context, live *cluster.Record) error {
	kind, ok := e.Comparer.Cluster.Kinds().Preferred(live.Key.GroupKind())
	if !ok {
		return nil
	}
	obj, err := e.Applier.Conn.Get(ctx, kind, live.Key.Namespace, live.Key.Name)
	if err != nil || obj.GetUID() != live.UID {
		return ignoreGone(err)
	}
	left := slices.DeleteFunc(slices.Clone(obj.GetFinalizers()), func(f string) bool { return f == v1alpha1.FinalizerHook })
	if len(left) == len(obj.GetFinalizers()) {
		e.Comparer.Cluster.Observe(obj)
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": live.UID, "resourceVersion": obj.GetResourceVersion(), "finalizers": left,
	}})
	if err != nil {
		return err
	}
	after, err := e.Applier.Conn.Patch(ctx, kind, live.Key, types.MergePatchType, patch)
	if err != nil {
		return ignoreGone(err)
	}
	if after.GetDeletionTimestamp() == nil || len(after.GetFinalizers()) > 0 {
		e.Comparer.Cluster.Observe(after) // else it is gone with that
	}
	return nil
}

// identity is what a hook is made with besides its manifest.
type identity struct {
	key  resource.Key
	mark string
	// instance is the Application's name in tracking ids, namespace its destination's.
	instance, namespace string
}

// hookBody is a hook as it is made: with its name, the mark and the finalizer, and
// with a tracking id where it had none for want of a name.
func hookBody(o desired.Object, id identity) ([]byte, error) {
	obj, err := o.Body()
	if err != nil {
		return nil, err
	}
	obj.SetName(id.key.Name)
	obj.SetGenerateName("")
	annotations := obj.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[v1alpha1.AnnotationHookRun] = id.mark
	if o.Key.Name == "" {
		annotations[v1alpha1.AnnotationTrackingID] = resource.TrackingID{
			App: id.instance, Group: id.key.Group, Kind: id.key.Kind, Namespace: cmp.Or(id.key.Namespace, id.namespace), Name: id.key.Name,
		}.String()
	}
	obj.SetAnnotations(annotations)
	if !slices.Contains(obj.GetFinalizers(), v1alpha1.FinalizerHook) {
		obj.SetFinalizers(append(obj.GetFinalizers(), v1alpha1.FinalizerHook))
	}
	return json.Marshal(obj.Object)
}

// Busy says whether a hook of the operation runs that can still end by itself: one
// whose Pods cannot start would hold up a newer commit for ever. If that is open yet
// it says when to ask again.
func (r *Run) Busy() (busy bool, again time.Duration) {
	for _, h := range r.hooks() {
		e := r.entry(h.phase, h.key)
		if h.once != nil && e != nil && !e.HookPhase.Completed() {
			return true, 0 // what it changes is worth more than the time it takes
		}
		live := r.Comparer.Cluster.Get(h.key)
		if !r.mine(h, live) || e != nil && e.HookPhase.Completed() {
			continue
		}
		if phase, _ := completion(live); phase != v1alpha1.OperationRunning {
			continue
		}
		left, blocked := r.blocked(live)
		switch {
		case !blocked:
			return true, 0
		case left > 0:
			busy, again = true, max(again, left)
		}
	}
	return busy, again
}

// startGrace is how long a Pod may fail to start before its hook counts as stuck: an
// image that is being pushed, a node that is being added.
const startGrace = 15 * time.Second

// blocked says whether a hook has Pods of which none can start now, and how long that
// may still pass.
func (r *Run) blocked(live *cluster.Record) (left time.Duration, blocked bool) {
	pods := r.Comparer.Cluster.Children(live.UID)
	if live.Key.Kind == "Pod" && live.Key.Group == "" {
		pods = []*cluster.Record{live}
	}
	for _, p := range pods {
		if p.Verdict.Blocked == "" {
			return 0, false
		}
		left = max(left, time.Unix(p.Created, 0).Add(startGrace).Sub(r.Now()))
	}
	return left, len(pods) > 0
}

// cleanup deletes the hooks that are to be deleted when an operation has ended. An
// object that ran in several phases is deleted if any of them says so.
func (r *Run) cleanup(ctx context.Context, failed bool) (Outcome, bool) {
	if out, done := r.release(ctx); done {
		return out, false
	}
	var removals []apply.Removal
	for _, h := range r.hooks() {
		live := r.Comparer.Cluster.Get(h.key)
		e := r.entry(h.phase, h.key)
		if e == nil || !r.mine(h, live) || live.Deleting {
			continue
		}
		policy := h.object.DeletePolicy
		if failed && policy.Failed || !failed && policy.Succeeded {
			removals = append(removals, r.removal(live))
		}
	}
	for _, res := range r.Remove(ctx, removals) {
		if res.Failed() {
			r.State.Message = "deleting hook " + res.Key.Human() + ": " + res.Message
			if res.Transient && r.patient() {
				return Outcome{Again: true}, false
			}
		}
	}
	return Outcome{}, true
}

// Terminate ends an operation now: hooks that run are deleted.
func (r *Run) Terminate(ctx context.Context, why string) Outcome {
	for _, h := range r.hooks() {
		e := r.entry(h.phase, h.key)
		live := r.Comparer.Cluster.Get(h.key)
		if !r.mine(h, live) {
			continue
		}
		phase, message := completion(live)
		running := phase == v1alpha1.OperationRunning
		if e == nil || !e.HookPhase.Completed() {
			if running {
				phase, message = v1alpha1.OperationFailed, "Terminated"
			}
			r.noteHook(h, phase, message)
		}
		// One that is recorded as terminated may still run: its deletion has failed before.
		if live.Deleting || !running && !h.object.DeletePolicy.Failed {
			continue
		}
		if res := r.Remove(ctx, []apply.Removal{r.removal(live)}); res[0].Failed() {
			r.State.Message = "deleting hook " + h.key.Human() + ": " + res[0].Message
			return Outcome{Again: true}
		}
	}
	if out, done := r.release(ctx); done {
		return out
	}
	r.finish(v1alpha1.OperationFailed, why)
	return Outcome{Ended: true}
}

func (r *Run) removal(live *cluster.Record) apply.Removal {
	kind, _ := r.Comparer.Cluster.Kinds().Preferred(live.Key.GroupKind())
	return apply.Removal{Key: live.Key, Kind: kind, UID: live.UID, Propagation: Propagation(r.Comparer.Cluster, live, r.Options.Propagation)}
}

func ignoreGone(err error) error {
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}
