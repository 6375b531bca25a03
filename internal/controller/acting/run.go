package acting

import (
	"context"
	"encoding/json"
	"errors"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/action"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// What is longer is no name, and should not fill a log.
const (
	maxName = 253
	maxKey  = 1024
)

// attempts is how often an action is decided anew. Most of those who change an object
// meanwhile are its controllers, who write its status a few times a second while it is
// rolled out: just when people act on it.
const attempts = 5

// RunAction runs an action on an object of an Application's tree. When the object was
// changed meanwhile it is read once more and the action decided anew, a few times; then
// it is fault.Conflict. Of several operations the first may be done when a later one fails:
// all of them are tried in a dry run before.
func (r *Runner) RunAction(ctx context.Context, app *v1alpha1.Application, run view.ActionRun) (view.ActionResult, error) {
	if len(run.Action) > maxName || len(run.Target.String()) > maxKey {
		return view.ActionResult{}, fault.New(fault.Invalid, "the name of the action or of its object is too long to be one")
	}
	var result view.ActionResult
	var err error
	for range attempts {
		var begun bool
		result, begun, err = r.try(ctx, app, run)
		if _, lost := errors.AsType[moved](err); !lost || begun {
			break
		}
	}
	r.tell(ctx, app, run, err)
	return result, err
}

// try makes one attempt. begun says that something was changed.
func (r *Runner) try(ctx context.Context, app *v1alpha1.Application, run view.ActionRun) (result view.ActionResult, begun bool, err error) {
	t, err := r.read(ctx, app, run.Target)
	if err != nil {
		return result, false, err
	}
	ops, err := r.rules().Run(ctx, t.live, run.Action, action.Input{Params: run.Params, Now: r.o.Now()})
	if err != nil {
		return result, false, t.unspoken(run, err)
	}
	steps, err := r.steps(ctx, app, t, ops)
	if err != nil {
		return result, false, t.unspoken(run, err)
	}
	for i := 0; i < len(steps) && len(steps) > 1; i++ {
		if _, err := r.do(ctx, steps[i], true); err != nil {
			return result, false, t.unspoken(run, err)
		}
	}
	version := t.live.GetResourceVersion()
	for _, s := range steps {
		s.version = version
		made, err := r.do(ctx, s, false)
		if err != nil {
			return result, begun || made != nil, t.unspoken(run, err)
		}
		begun = true
		if s.change == nil {
			result.Created = append(result.Created, resource.KeyOf(made).String())
		} else {
			version = made.GetResourceVersion()
		}
	}
	for _, op := range ops {
		if op.Verb == action.Patch && result.Note == "" {
			result.Note = r.note(app, t.live, op.Object)
		}
	}
	return result, begun, nil
}

// unspoken is an error of an action that has seen a Secret. Whatever a script has put
// into it, into names or by its own words, could be a value of the Secret, so only its
// kind is told.
func (t target) unspoken(run view.ActionRun, err error) error {
	if _, lost := errors.AsType[moved](err); lost || !t.key.IsSecret() {
		return err
	}
	return fault.New(fault.KindOf(err), "action %s of %s failed: %s; what else there is to say could hold a value of the Secret", run.Action, t.key.Human(), fault.KindOf(err))
}

// step is one request, checked.
type step struct {
	kind cluster.Kind
	key  resource.Key
	// body is an object to create; change, if there is one, changes that which exists.
	body   []byte
	change *action.Change
	// version and uid are those of the object that change was made for.
	version string
	uid     string
}

// steps checks all operations before any of them is begun.
func (r *Runner) steps(ctx context.Context, app *v1alpha1.Application, t target, ops []action.Operation) ([]step, error) {
	permits, err := r.permits(ctx, app)
	if err != nil {
		return nil, err
	}
	var out []step
	for _, op := range ops {
		var s step
		if op.Verb == action.Patch {
			change, err := action.ChangeOf(t.live, op)
			if err != nil {
				return nil, err
			}
			s = step{kind: t.kind, key: t.key, change: &change, version: t.live.GetResourceVersion(), uid: string(t.live.GetUID())}
		} else if s, err = r.creation(t, op.Object); err != nil {
			return nil, err
		}
		if own := t.self && s.change != nil; !own {
			if err := permits(s.key); err != nil {
				return nil, err
			}
		}
		if s.change == nil || !s.change.Empty() {
			out = append(out, s)
		}
	}
	return out, nil
}

// permits is the check by an Application's project.
func (r *Runner) permits(ctx context.Context, app *v1alpha1.Application) (func(resource.Key) error, error) {
	p := r.o.Project(ctx, rendering.ProjectOf(app))
	if p == nil {
		return nil, fault.New(fault.Invalid, "project %q does not exist", rendering.ProjectOf(app))
	}
	rules := project.New(p)
	if err := rules.CheckNamespace(app.Namespace, r.o.Namespace); err != nil {
		return nil, err
	}
	return func(key resource.Key) error {
		return rules.CheckObject(project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}, app.Spec.Destination)
	}, nil
}

// creation is the step that creates an object. Whether it has a namespace is the
// cluster's to say: a project has other rules for kinds without one, and what a script
// writes must not choose between them.
func (r *Runner) creation(t target, obj *unstructured.Unstructured) (step, error) {
	gvk := obj.GroupVersionKind()
	kind, ok := r.o.Kinds().Exact(gvk)
	if !ok {
		return step{}, fault.New(fault.Invalid, "the action would create a %s of %s, which the cluster does not serve", resource.Shown(gvk.Kind), resource.Shown(obj.GetAPIVersion()))
	}
	obj = obj.DeepCopy()
	switch {
	case !kind.Namespaced:
		obj.SetNamespace("")
	case obj.GetNamespace() == "":
		obj.SetNamespace(t.key.Namespace)
	}
	key := resource.KeyOf(obj)
	if kind.Namespaced && key.Namespace == "" {
		return step{}, fault.New(fault.Invalid, "the action would create %s without a namespace", key.Human())
	}
	obj.SetResourceVersion("")
	obj.SetUID("")
	body, err := json.Marshal(obj.Object)
	return step{kind: kind, key: key, body: body}, err
}

// do sends a step. What the action leaves out of a kind's fields, or adds to them, is
// dropped by the API server as it drops what Argo CD sends: field validation would
// refuse scripts that work there.
func (r *Runner) do(ctx context.Context, s step, dry bool) (*unstructured.Unstructured, error) {
	o := cluster.WriteOptions{Manager: Manager, DryRun: dry, SkipValidation: true}
	if s.change == nil {
		made, err := r.o.Conn.Post(ctx, s.kind, s.key, s.body, o)
		return made, explain(s.key, err, "creating")
	}
	return r.patch(ctx, s, o)
}

// patch changes the status by its subresource and the rest by the object, as Argo CD
// does. A kind without the subresource takes all at once. An object beside an error is
// what the first of two requests has made.
func (r *Runner) patch(ctx context.Context, s step, o cluster.WriteOptions) (made *unstructured.Unstructured, err error) {
	rest := s.change.Rest
	if len(s.change.Status) > 0 {
		made, err = r.merge(ctx, s, s.change.Status, cluster.MergeOptions{WriteOptions: o, Subresource: "status"})
		switch {
		case apierrors.IsNotFound(err):
			made, rest = nil, both(rest, s.change.Status)
		case err != nil:
			return nil, explain(s.key, err, "patching the status of")
		case !o.DryRun:
			s.version = made.GetResourceVersion()
		}
	}
	if len(rest) == 0 {
		return made, nil
	}
	after, err := r.merge(ctx, s, rest, cluster.MergeOptions{WriteOptions: o})
	if err != nil {
		return made, explain(s.key, err, "patching")
	}
	return after, nil
}

func both(a, b map[string]any) map[string]any {
	out := map[string]any{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// merge sends a patch for exactly the object that it was made for.
func (r *Runner) merge(ctx context.Context, s step, patch map[string]any, o cluster.MergeOptions) (*unstructured.Unstructured, error) {
	meta, _ := patch["metadata"].(map[string]any)
	patch = both(patch, map[string]any{"metadata": both(meta, map[string]any{"resourceVersion": s.version, "uid": s.uid})})
	body, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	return r.o.Conn.Merge(ctx, s.kind, s.key, body, o)
}
