package apply

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

// Task is one object to apply.
type Task struct {
	Key  resource.Key
	Kind cluster.Kind
	// Body is the object as JSON.
	Body []byte
	// Legacy says that the live object has fields from client-side apply, which
	// have to become ours before fields can be given up.
	Legacy bool
	// SkipValidation is sync option Validate=false.
	SkipValidation bool
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
	Status  v1alpha1.ResultCode
	Message string
	// Object is the applied object as it is now; nil after a removal, a dry run or
	// a failure.
	Object *unstructured.Unstructured
	// Transient says that the same may succeed later.
	Transient bool
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
			result.Message = "pruned (dry run)"
			return result
		}
		if err := a.Conn.Delete(ctx, r.Kind, r.Key, r.UID, r.Propagation); err != nil {
			return failure(result, err)
		}
		return result
	})
}

// Apply applies, all at once.
func (a *Applier) Apply(ctx context.Context, tasks []Task, o Options) []Result {
	return each(ctx, tasks, o, func(ctx context.Context, t Task) Result {
		result := Result{Key: t.Key, Version: t.Kind.GVK.Version, Status: v1alpha1.ResultSynced}
		if t.Legacy && !o.DryRun {
			if err := a.migrate(ctx, t); err != nil {
				return failure(result, err)
			}
		}
		obj, err := a.Conn.Apply(ctx, t.Kind, t.Key, t.Body, cluster.ApplyOptions{
			DryRun: o.DryRun, Manager: v1alpha1.FieldManager, SkipValidation: t.SkipValidation,
		})
		if err != nil {
			return failure(result, err)
		}
		result.Message = strings.ToLower(t.Key.Kind) + "/" + t.Key.Name + " serverside-applied"
		if o.DryRun {
			result.Message += " (dry run)"
			return result
		}
		result.Object = obj
		return result
	})
}

// legacyManagers wrote objects by client-side apply: kubectl, and Argo CD without
// the sync option ServerSideApply=true.
var legacyManagers = sets.New("kubectl-client-side-apply", "kubectl", v1alpha1.FieldManager)

// IsLegacy says whether live has fields from client-side apply.
func IsLegacy(live *unstructured.Unstructured) bool {
	if _, ok := live.GetAnnotations()["kubectl.kubernetes.io/last-applied-configuration"]; !ok {
		return false
	}
	for _, m := range live.GetManagedFields() {
		if m.Operation == "Update" && m.Subresource == "" && legacyManagers.Has(m.Manager) {
			return true
		}
	}
	return false
}

// migrate hands the fields of client-side apply over to our field manager, as
// kubectl apply --server-side does (KEP-555). Without it a field that leaves the
// source would stay in the cluster for ever.
func (a *Applier) migrate(ctx context.Context, t Task) error {
	live, err := a.Conn.Get(ctx, t.Kind, t.Key.Namespace, t.Key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, legacyManagers, v1alpha1.FieldManager)
	if err != nil {
		return fmt.Errorf("taking over fields of client-side apply: %w", err)
	}
	if len(patch) == 0 {
		return nil
	}
	_, err = a.Conn.Patch(ctx, t.Kind, t.Key, types.JSONPatchType, patch)
	if apierrors.IsConflict(err) || apierrors.IsInvalid(err) {
		return nil // it has moved; the next apply migrates
	}
	return err
}

func failure(r Result, err error) Result {
	r.Status, r.Message, r.Transient = v1alpha1.ResultSyncFailed, explain(r.Key, err), cluster.Transient(err)
	return r
}

// explain is what the API server said, without a Secret's values, which it repeats
// when it refuses one (CVE-2025-23216).
func explain(key resource.Key, err error) string {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return err.Error()
	}
	s := status.Status()
	if !key.IsSecret() {
		return s.Message
	}
	if s.Details == nil {
		return fmt.Sprintf("the API server refused the Secret: %s", s.Reason)
	}
	var fields []string
	for _, c := range s.Details.Causes {
		fields = append(fields, c.Field)
	}
	return fmt.Sprintf("the API server refused the Secret: %s %s", s.Reason, strings.Join(fields, ", "))
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
