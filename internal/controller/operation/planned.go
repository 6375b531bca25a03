package operation

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
)

// plan is what is left to do.
func (r *Run) plan() plan.Plan {
	op := r.State.Operation.Sync
	var objects []plan.Object
	var extras []plan.Extra
	for _, o := range r.Target.Objects {
		if o.Claim != nil {
			objects = append(objects, r.planned(o))
			continue
		}
		extras = append(extras, r.extra(o))
	}
	extras = append(extras, r.prunedBefore()...)
	for _, h := range r.hooks() {
		objects = append(objects, r.plannedHook(h))
	}
	return plan.Build(objects, extras, plan.Options{
		Prune: op.Prune, Selected: selected(op.Resources),
		WaitForHealthy: r.Options.WaitForHealthy, OutOfSyncOnly: r.Options.ApplyOutOfSyncOnly,
	})
}

// planned is a desired object as the plan sees it.
func (r *Run) planned(o comparison.Object) plan.Object {
	options := r.optionsOf(o)
	done := r.applied(o.Key)
	out := plan.Object{
		Key: o.Key, Wave: o.Claim.Object.Wave, Sync: o.Sync, Missing: o.Missing(), Defines: o.Claim.Defines, Applied: done,
		Replace: options.Replace,
		// Argo CD applies everything with every full sync. For these two options together
		// that means something even where nothing differs, and people use it to have a Job
		// run again.
		Always: options.Replace && (options.Force || r.force()) && !done && !r.Options.ApplyOutOfSyncOnly && r.hooksRun() &&
			o.Record != nil && o.Record.Created < r.State.StartedAt.Unix(),
	}
	if done {
		out.Sync = v1alpha1.SyncStatusSynced
	}
	for _, d := range r.drift(o) {
		out.Differs = append(out.Differs, d.Path)
	}
	out.Fate = fate(o.Key.GroupKind(), r.drift(o), options.Replace)
	out.State, out.Message = r.progress(o, done)
	if o.Owner != "" && r.State.Operation.InitiatedBy.Automated && r.Alive(o.Owner) {
		out.KeptFrom = "belongs to Application " + o.Owner + ", which also has it in its source"
	}
	return out
}

// drift is how an object differs, and what this operation's force makes of fields that
// cannot be changed.
func (r *Run) drift(o comparison.Object) []cluster.Drift {
	if !r.force() || !apply.Recreates(o.Key.GroupKind(), true) {
		return o.Drift
	}
	out := slices.Clone(o.Drift)
	for i := range out {
		if out[i].Immutable == cluster.Refused {
			out[i].Immutable = cluster.Replaced
		}
	}
	return out
}

// fate says what becomes of an object with a change of fields that cannot be changed.
func fate(gk schema.GroupKind, drift []cluster.Drift, replace bool) string {
	var fields, advice []string
	anew := false
	for _, d := range drift {
		if d.Advice != "" {
			advice = append(advice, d.Path+" is "+d.Advice)
		}
		if d.Immutable != "" {
			fields, anew = append(fields, d.Path), anew || d.Immutable == cluster.Replaced
		}
	}
	names := strings.Join(fields, ", ")
	switch {
	case len(fields) == 0:
		return strings.Join(advice, "; ")
	case anew:
		return "it is deleted and made anew, because " + names + " cannot be changed"
	case apply.Recreates(gk, true) && replace:
		return names + " cannot be changed, and the API server will refuse it; with sync option Force=true as well the object is deleted and made anew"
	case apply.Recreates(gk, true):
		return names + " cannot be changed, and the API server will refuse it; with sync option Force=true the object is deleted and made anew"
	}
	return names + " cannot be changed, and the API server will refuse it; the object is never made anew, because what it holds would be lost"
}

// progress is how an object fares that needs no change, or none any more.
func (r *Run) progress(o comparison.Object, applied bool) (plan.State, string) {
	if applied && o.Record == nil && o.Known && o.Unread == "" {
		return plan.Failed, "it was deleted while the sync was under way"
	}
	if isApplication(o.Key) && r.Child != nil && o.Key != rendering.Self(r.App) {
		return r.Child(o.Key)
	}
	return progressOf(o.Health())
}

func progressOf(h *health.Verdict) (plan.State, string) {
	switch {
	case h == nil || h.Status == v1alpha1.HealthStatusHealthy:
		return plan.Succeeded, ""
	case h.Status == v1alpha1.HealthStatusDegraded:
		return plan.Failed, h.Message
	}
	return plan.Running, h.Message
}

func isApplication(k resource.Key) bool {
	return k.Group == v1alpha1.GroupVersion.Group && k.Kind == "Application"
}

func (r *Run) extra(o comparison.Object) plan.Extra {
	options := r.Options.Override(o.Record.Hints.SyncOptions)
	return plan.Extra{
		Key: o.Key, Wave: o.Record.Hints.Wave, Deleting: o.Record.Deleting, Done: r.pruned(o.Key),
		KeptFrom: r.keptFromPruning(o, options), Confirm: options.Prune == resource.Confirm && !r.approved(), Last: options.PruneLast,
	}
}

// keptFromPruning is why an object must not be pruned, if so.
func (r *Run) keptFromPruning(o comparison.Object, options resource.SyncOptions) string {
	return KeptFromPruning(o, Guard{Options: options, Self: rendering.Self(r.App), Permits: r.Permits})
}

// Guard is what stands between an object and its pruning.
type Guard struct {
	// Options are the object's, over the Application's.
	Options resource.SyncOptions
	// Self is the Application's own key.
	Self    resource.Key
	Permits func(resource.Key) error
}

// KeptFromPruning is why an object must never be pruned, if so. A deletion that
// only has to be confirmed is not kept.
func KeptFromPruning(o comparison.Object, g Guard) string {
	switch {
	case g.Options.Prune == resource.Denied:
		return "sync option Prune=false"
	case o.Key == g.Self:
		return "it is the Application itself"
	case o.Unread != "":
		return "it cannot be read: " + o.Unread
	}
	if _, extraneous := resource.ParseOptions(o.Record.Hints.CompareOptions)["IgnoreExtraneous"]; extraneous {
		return "compare option IgnoreExtraneous"
	}
	if err := g.Permits(o.Key); err != nil {
		return err.Error()
	}
	return ""
}

// approved says whether a person confirmed the operation's deletions.
func (r *Run) approved() bool { return Approved(r.App, r.State.StartedAt.Time) }

// Approved says whether a person confirmed deletions of an Application after since
// (argo-cd.md §1.4).
func Approved(app *v1alpha1.Application, since time.Time) bool {
	at, err := time.Parse(time.RFC3339, app.Annotations[v1alpha1.AnnotationDeletionApproved])
	return err == nil && !at.Before(since.Truncate(time.Second))
}

// optionsOf are the sync options for an object: those of the source, and those that
// the live object has besides, as in Argo CD.
func (r *Run) optionsOf(o comparison.Object) resource.SyncOptions {
	own := ""
	if o.Claim != nil {
		own = o.Claim.Object.SyncOptions
	}
	options := r.Options.Override(own)
	if o.Record != nil && own == "" {
		live := resource.SyncOptions{}.Override(o.Record.Hints.SyncOptions)
		options.Replace, options.Force = options.Replace || live.Replace, options.Force || live.Force
	}
	return options
}
