package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// rehearse has the API server try everything that the operation would write, before
// the first write: an immutable field, an admission webhook's denial or a missing
// right fails the sync while nothing is touched yet. Argo CD's dry run is the
// client's and finds none of these (argo-cd.md §5.2). A single write is its own
// test.
//
// What cannot be tried, because the sync itself makes its namespace, kind or
// whatever else it needs first, passes.
func (r *Run) rehearse(ctx context.Context) stepOutcome {
	p := r.plan()
	if p.Writes() < 2 {
		return stepDone
	}
	out := stepDone
	for _, t := range r.tryAll(ctx, p) {
		switch {
		case !t.Failed():
		case t.Transient && r.patient():
			r.State.Message = t.Key.Human() + ": " + t.Message
			out = max(out, stepPassing)
		default:
			out = stepFailed
			r.noteTrial(t)
		}
	}
	return out
}

// trial is the result of a dry run of one write.
type trial struct {
	apply.Result
	phase plan.Phase
}

// noteTrial records a trial; a hook that was tried has neither run nor begun to.
func (r *Run) noteTrial(t trial) {
	n := note{key: t.Key, phase: t.phase, version: t.Version, status: t.Status, message: t.Message}
	if r.hook(t.phase, t.Key) != nil {
		n.isHook, n.hook = true, v1alpha1.OperationSucceeded
		if t.Failed() {
			n.hook = v1alpha1.OperationFailed
		}
	}
	r.note(n, true)
}

// tryAll tries everything that a plan writes.
func (r *Run) tryAll(ctx context.Context, p plan.Plan) []trial {
	var all work
	var removals []apply.Removal
	var earlier []resource.Key
	var phases []plan.Phase // of the tasks
	var out []trial
	need := map[resource.Key][]resource.Key{} // what comes before an object
	for n := range p.Steps {
		s := &p.Steps[n]
		removals = append(removals, r.removals(s)...)
		for _, g := range s.Groups() {
			w := r.work(ctx, s.Phase, r.rehearsed(s.Phase, g))
			all.tasks, all.items = append(all.tasks, w.tasks...), append(all.items, w.items...)
			for range w.tasks {
				phases = append(phases, s.Phase)
			}
			for _, res := range w.refused {
				out = append(out, trial{res, s.Phase})
			}
			for _, i := range g {
				need[i.Key] = slices.Clip(earlier)
			}
			for _, i := range g {
				earlier = append(earlier, i.Key)
			}
		}
	}
	for n, res := range r.send(ctx, all, apply.Options{DryRun: true}) {
		out = append(out, trial{res, phases[n]})
	}
	for n := range out {
		if out[n].Existing != nil { // of the operation before, which goes first; all else was tried
			out[n].Status = v1alpha1.ResultSynced
		}
		if out[n].Failed() && r.excused(out[n].Result, need[out[n].Key]) {
			out[n].Status, out[n].Message = v1alpha1.ResultSynced, "not tried: the sync makes first what it needs"
		}
	}
	for _, res := range r.Applier.Remove(ctx, removals, apply.Options{DryRun: true}) {
		out = append(out, trial{res, plan.Sync})
	}
	return out
}

// rehearsed are the items of a group that can be tried: a hook that runs once per
// input is made only when its turn has come, and is asked for then.
func (r *Run) rehearsed(phase plan.Phase, group []plan.Item) []plan.Item {
	return slices.DeleteFunc(slices.Clone(group), func(i plan.Item) bool {
		h := r.hook(phase, i.Key)
		return i.Action == plan.Run && h != nil && (h.once != nil || h.flaw != nil)
	})
}

// excused says whether a dry run may have been refused for want of something that
// the sync makes before: the API server cannot know that.
func (r *Run) excused(res apply.Result, earlier []resource.Key) bool {
	if _, known := r.Comparer.Cluster.Kinds().Preferred(res.Key.GroupKind()); !known {
		return r.defines(res.Key) || r.skipsMissing(res.Key)
	}
	if r.Options.CreateNamespace && res.Key.Namespace == r.App.Spec.Destination.Namespace &&
		r.Comparer.Cluster.Get(resource.Key{Kind: "Namespace", Name: res.Key.Namespace}) == nil {
		return true
	}
	why := complaint(res)
	for _, k := range earlier {
		if k.Kind == "Namespace" && k.Group == "" && k.Name == res.Key.Namespace && r.Comparer.Cluster.Get(k) == nil {
			return true
		}
		if o := r.find(k); o != nil && o.Claim != nil && o.Claim.Defines.Kind != "" && o.Claim.Defines == res.Key.GroupKind() {
			return true
		}
		if quotes(why, k.Name) {
			return true
		}
	}
	return false
}

// complaint is what a refusal says about anything but the object itself: nothing if
// its own fields are invalid, which no other object mends. Those are quoted with the
// names in them, and most objects of an application have its name.
func complaint(res apply.Result) string {
	if strings.HasPrefix(res.Message, fmt.Sprintf("%s %q is invalid: ", res.Key.GroupKind(), res.Key.Name)) {
		return ""
	}
	if _, after, ok := strings.Cut(res.Message, fmt.Sprintf(" %q is forbidden: ", res.Key.Name)); ok {
		return after
	}
	return res.Message
}

// defines says whether the sync has a CustomResourceDefinition of an object's kind.
func (r *Run) defines(key resource.Key) bool {
	return slices.ContainsFunc(r.Target.Claims, func(x *claim.Claim) bool { return x.Defines.Kind != "" && x.Defines == key.GroupKind() })
}

// skipsMissing is sync option SkipDryRunOnMissingResource.
func (r *Run) skipsMissing(key resource.Key) bool {
	if o := r.find(key); o != nil {
		return r.optionsOf(*o).SkipDryRunOnMissingResource
	}
	for _, h := range r.hooks() {
		if h.key == key {
			return r.Options.Override(h.object.SyncOptions).SkipDryRunOnMissingResource
		}
	}
	return r.Options.SkipDryRunOnMissingResource
}

// quotes says whether a message of the API server names an object, as in
// `serviceaccount "web" not found` or "exceeded quota: small".
func quotes(message, name string) bool {
	for rest := message; ; {
		i := strings.Index(rest, name)
		if i < 0 {
			return false
		}
		before, after := rest[:i], rest[i+len(name):]
		if !wordEnd(before) && !wordStart(after) {
			return true
		}
		rest = after
	}
}

func wordEnd(s string) bool { return s != "" && isWord(s[len(s)-1]) }

func wordStart(s string) bool { return s != "" && isWord(s[0]) }

func isWord(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-' || b == '.'
}

// dryRun has the API server say what the operation would do, and changes nothing.
func (r *Run) dryRun(ctx context.Context) Outcome {
	failed := false
	for _, t := range r.tryAll(ctx, r.plan()) {
		failed = failed || t.Failed()
		r.noteTrial(t)
	}
	if failed {
		r.finish(v1alpha1.OperationFailed, "one or more objects failed to apply (dry run) "+r.failed())
		return Outcome{Ended: true}
	}
	r.finish(v1alpha1.OperationSucceeded, "successfully synced (dry run)")
	return Outcome{Ended: true}
}
