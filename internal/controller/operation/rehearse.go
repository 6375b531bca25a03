package operation

import (
	"context"
	"slices"
	"strings"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
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
	for _, res := range r.tryAll(ctx, p) {
		switch {
		case !res.Failed():
		case res.Transient && r.patient():
			r.State.Message = res.Key.Human() + ": " + res.Message
			out = max(out, stepPassing)
		default:
			out = stepFailed
			r.note(note{key: res.Key, phase: plan.Sync, version: res.Version, status: v1alpha1.ResultSyncFailed, message: res.Message}, true)
		}
	}
	if out == stepPassing {
		r.State.SyncResult.Resources, r.entries = nil, nil
	}
	return out
}

// tryAll are the results of a dry run of everything that a plan writes.
func (r *Run) tryAll(ctx context.Context, p plan.Plan) []apply.Result {
	var all work
	var removals []apply.Removal
	var earlier []resource.Key
	need := map[resource.Key][]resource.Key{} // what comes before an object
	for n := range p.Steps {
		s := &p.Steps[n]
		removals = append(removals, r.removals(s)...)
		for _, g := range s.Groups() {
			w := r.work(ctx, s.Phase, r.rehearsed(s.Phase, g))
			all.tasks, all.items = append(all.tasks, w.tasks...), append(all.items, w.items...)
			all.refused = append(all.refused, w.refused...)
			for _, i := range g {
				need[i.Key] = earlier[:len(earlier):len(earlier)]
			}
			for _, i := range g {
				earlier = append(earlier, i.Key)
			}
		}
	}
	results := append(all.refused, r.send(ctx, all, apply.Options{DryRun: true})...)
	for n := range results {
		if results[n].Existing != nil { // of the operation before, which goes first; all else was tried
			results[n].Status = v1alpha1.ResultSynced
		}
		if results[n].Failed() && r.excused(results[n], need[results[n].Key]) {
			results[n].Status, results[n].Message = v1alpha1.ResultSynced, "not tried: the sync makes first what it needs"
		}
	}
	return append(results, r.Applier.Remove(ctx, removals, apply.Options{DryRun: true})...)
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
	gk := res.Key.GroupKind()
	for _, x := range r.Target.Claims {
		if x.Defines.Kind != "" && x.Defines == gk {
			return true
		}
	}
	if _, known := r.Comparer.Cluster.Kinds().Preferred(gk); !known {
		return r.skipsMissing(res.Key)
	}
	if r.Options.CreateNamespace && res.Key.Namespace == r.App.Spec.Destination.Namespace &&
		r.Comparer.Cluster.Get(resource.Key{Kind: "Namespace", Name: res.Key.Namespace}) == nil {
		return true
	}
	for _, k := range earlier {
		if k.Kind == "Namespace" && k.Group == "" && k.Name == res.Key.Namespace && r.Comparer.Cluster.Get(k) == nil {
			return true
		}
		if quotes(res.Message, k.Name) {
			return true
		}
	}
	return false
}

// skipsMissing is sync option SkipDryRunOnMissingResource.
func (r *Run) skipsMissing(key resource.Key) bool {
	if o := r.find(key); o != nil {
		return r.optionsOf(*o).SkipDryRunOnMissingResource
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
	for _, res := range r.tryAll(ctx, r.plan()) {
		failed = failed || res.Failed()
		r.note(note{key: res.Key, phase: plan.Sync, version: res.Version, status: res.Status, message: res.Message}, true)
	}
	if failed {
		r.finish(v1alpha1.OperationFailed, "one or more objects failed to apply (dry run) "+r.failed())
		return Outcome{Ended: true}
	}
	r.finish(v1alpha1.OperationSucceeded, "successfully synced (dry run)")
	return Outcome{Ended: true}
}
