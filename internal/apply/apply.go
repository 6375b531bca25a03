package apply

import (
	"cmp"
	"context"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

// Task is one object to write.
type Task struct {
	Key  resource.Key
	Kind cluster.Kind
	// Body is the object as JSON.
	Body []byte
	// UID is that of the live object when the operation first came to it, "" if there
	// was none. Force deletes this one and no other: whatever has the name by then
	// came later, most likely from this very operation before a crash, and is written
	// to in place. So that a crash repeats no deletion, the caller notes the UID
	// durably before it hands the task in, and hands in the same until the result is
	// no longer Pending.
	UID types.UID
	// Legacy says that the live object has fields from client-side apply (IsLegacy),
	// which have to become ours before fields can be given up. Sync option
	// ClientSideApplyMigration=false is to leave it false.
	Legacy bool
	// MigrationManager is one more manager whose fields become ours, from the
	// Application's annotation argocd.argoproj.io/client-side-apply-migration-manager.
	MigrationManager string
	// SkipValidation is sync option Validate=false.
	SkipValidation bool
	// Replace is sync option Replace=true: the body as a whole over what is there.
	Replace bool
	// Force is sync option Force=true, or an operation's strategy with force.
	Force bool
}

// Removal is one object to delete.
type Removal struct {
	Key  resource.Key
	Kind cluster.Kind
	UID  types.UID
	// Propagation is Foreground, Background or Orphan.
	Propagation string
}

// Result is what came of one object.
type Result struct {
	Key     resource.Key
	Version string
	// Status is empty while the result is Pending.
	Status  v1alpha1.ResultCode
	Message string
	// Object is the written object as it is now; nil after a removal, a dry run or
	// a failure.
	Object *unstructured.Unstructured
	// Transient says that the same may succeed later.
	Transient bool
	// Pending says that the object is on its way out and will be made anew when it is
	// gone, which takes the same task again.
	Pending bool
	// Existing is the object that was there already, which Create leaves alone.
	Existing *unstructured.Unstructured
}

// Failed says whether the result is a failure.
func (r Result) Failed() bool { return r.Status == v1alpha1.ResultSyncFailed }

// Options are how a step is carried out.
type Options struct {
	// DryRun has the API server tell the outcome and change nothing.
	DryRun bool
	// Parallel bounds the requests in flight; 0 means 8.
	Parallel int
}

const defaultParallel = 8

// Applier carries out steps in one cluster. It is safe for concurrent use.
type Applier struct {
	Conn *cluster.Conn
}

// Remove deletes, all at once.
func (a *Applier) Remove(ctx context.Context, removals []Removal, o Options) []Result {
	return each(ctx, removals, o, func(ctx context.Context, r Removal) Result {
		result := Result{Key: r.Key, Version: r.Kind.GVK.Version, Status: v1alpha1.ResultPruned, Message: "pruned"}
		if o.DryRun {
			result.Message += inDryRun
		}
		err := a.Conn.Delete(ctx, r.Kind, r.Key, cluster.DeleteOptions{UID: r.UID, Propagation: r.Propagation, DryRun: o.DryRun})
		if err != nil {
			return failure(result, err)
		}
		return result
	})
}

// Apply writes, all at once: by server-side apply, or as Replace and Force say.
func (a *Applier) Apply(ctx context.Context, tasks []Task, o Options) []Result {
	return each(ctx, tasks, o, func(ctx context.Context, t Task) Result {
		w := write{conn: a.Conn, task: t, dry: o.DryRun}
		if t.Replace && !bound(t.Kind) {
			return w.replace(ctx)
		}
		return w.apply(ctx)
	})
}

// Create makes objects that must not exist yet, all at once. One that does exist
// is left alone: the result is a failure with the object as Existing, in which
// the caller finds its own mark if it was its own request that made it.
func (a *Applier) Create(ctx context.Context, tasks []Task, o Options) []Result {
	return each(ctx, tasks, o, func(ctx context.Context, t Task) Result {
		return write{conn: a.Conn, task: t, dry: o.DryRun}.createOnly(ctx)
	})
}

// each runs f for all inputs, some at once, and returns the results in order. When
// ctx ends the rest fail.
func each[T any](ctx context.Context, in []T, o Options, f func(context.Context, T) Result) []Result {
	out := make([]Result, len(in))
	var g errgroup.Group
	g.SetLimit(cmp.Or(o.Parallel, defaultParallel))
	for i, t := range in {
		g.Go(func() error {
			out[i] = f(ctx, t)
			return nil
		})
	}
	_ = g.Wait() // results carry the errors
	return out
}
