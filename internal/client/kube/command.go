package kube

import (
	"cmp"
	"context"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Sync asks for an operation, by the rules of Argo CD's API server
// (argo-cd.md §1.4): nil SyncOptions and a zero Retry mean those of the
// Application; one that is synced automatically goes to no other revision than
// its target's. Its error is fault.Conflict when the Application's state forbids
// it, as when another operation is in progress.
func (c *Client) Sync(ctx context.Context, namespace, name string, op v1alpha1.Operation) (*v1alpha1.Application, error) {
	ch := c.change("sync", namespace, name)
	if op.Sync == nil {
		return nil, ch.refuse(fault.Invalid, "the operation is no sync")
	}
	return ch.run(ctx, func(app *v1alpha1.Application, _ *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		if reason := cannotSync(app, op.Sync); reason != "" {
			return nil, ch.refuse(fault.Conflict, reason)
		}
		return ch.patch(ctx, app, map[string]any{"operation": completed(app, op)})
	})
}

// cannotSync is why a sync cannot be asked for now; empty if it can.
func cannotSync(app *v1alpha1.Application, sync *v1alpha1.SyncOperation) string {
	switch {
	case app.DeletionTimestamp != nil:
		return "it is being deleted"
	case app.Operation != nil:
		return "another operation is already in progress"
	case !automated(app) || sync.DryRun:
		return ""
	case len(sync.Manifests) > 0:
		return "it is synced automatically, so it cannot be synced to other manifests"
	}
	return elsewhere(app, sync)
}

// elsewhere is why an Application that is synced automatically cannot be synced to
// other revisions than those of its targets.
func elsewhere(app *v1alpha1.Application, sync *v1alpha1.SyncOperation) string {
	sources, revisions := app.Spec.Sources, sync.Revisions
	if len(sources) == 0 && app.Spec.Source != nil {
		sources, revisions = []v1alpha1.ApplicationSource{*app.Spec.Source}, []string{sync.Revision}
	}
	for i, s := range sources {
		target := cmp.Or(s.TargetRevision, "HEAD")
		if i < len(revisions) && revisions[i] != "" && revisions[i] != target {
			return "it cannot be synced to " + revisions[i] + ": it is synced automatically to " + target
		}
	}
	return ""
}

func automated(app *v1alpha1.Application) bool {
	p := app.Spec.SyncPolicy
	return p != nil && p.Automated != nil && (p.Automated.Enabled == nil || *p.Automated.Enabled)
}

// completed is op with what it leaves to the Application's policy.
func completed(app *v1alpha1.Application, op v1alpha1.Operation) v1alpha1.Operation {
	p := app.Spec.SyncPolicy
	if p == nil {
		return op
	}
	if op.Sync.SyncOptions == nil {
		sync := *op.Sync
		sync.SyncOptions = p.SyncOptions
		op.Sync = &sync
	}
	if op.Retry == (v1alpha1.RetryStrategy{}) && p.Retry != nil {
		op.Retry = *p.Retry
	}
	return op
}

// Refresh asks for a comparison: v1alpha1.RefreshNormal or RefreshHard.
func (c *Client) Refresh(ctx context.Context, namespace, name, kind string) (*v1alpha1.Application, error) {
	ch := c.change("refresh", namespace, name)
	if kind != v1alpha1.RefreshNormal && kind != v1alpha1.RefreshHard {
		return nil, ch.refuse(fault.Invalid, "there is no "+kind+" refresh: want normal or hard")
	}
	obj, err := ch.merge(ctx, map[string]any{
		"metadata": map[string]any{"annotations": map[string]any{v1alpha1.AnnotationRefresh: kind}},
	})
	if err != nil {
		return nil, explain(err, ch.what())
	}
	return decode(obj)
}

// Terminate stops the running operation, whoever began it. One that has not begun is
// withdrawn. Its error is fault.Conflict when there is none.
func (c *Client) Terminate(ctx context.Context, namespace, name string) error {
	ch := c.change("terminate the operation of", namespace, name)
	_, err := ch.run(ctx, func(app *v1alpha1.Application, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		state := app.Status.OperationState
		switch {
		// Automated sync leaves .operation empty, so that alone says nothing.
		case app.Operation == nil && (state == nil || state.Phase.Completed()):
			return nil, ch.refuse(fault.Conflict, "no operation is in progress")
		case state == nil || state.Phase.Completed():
			return ch.patch(ctx, app, map[string]any{"operation": nil})
		case state.Phase == v1alpha1.OperationTerminating:
			return obj, nil
		}
		// The one field of the status that a command writes: it is how Argo CD's own
		// server asks for this.
		phase := map[string]any{"phase": v1alpha1.OperationTerminating}
		return ch.patch(ctx, app, map[string]any{"status": map[string]any{"operationState": phase}})
	})
	return err
}

// Delete deletes the Application. It is left with no resources finalizer but the
// given one, FinalizerForeground or FinalizerBackground, which has its objects
// deleted first; with none they stay. An Application that is being deleted
// already can only be let go: no finalizer can be added to it.
func (c *Client) Delete(ctx context.Context, namespace, name, finalizer string) error {
	ch := c.change("delete", namespace, name)
	if finalizer != "" && !resourcesFinalizer(finalizer) {
		return ch.refuse(fault.Invalid, "finalizer "+finalizer+" does not delete resources")
	}
	app, err := ch.run(ctx, func(app *v1alpha1.Application, obj *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		wanted := finalizersFor(app, finalizer)
		if slices.Equal(wanted, app.Finalizers) {
			return obj, nil
		}
		return ch.patch(ctx, app, map[string]any{"metadata": map[string]any{"finalizers": wanted}})
	})
	if err != nil {
		return err
	}
	if app.DeletionTimestamp != nil {
		return nil
	}
	// Not another Application that was made under the same name since.
	only := &metav1.Preconditions{UID: &app.UID}
	err = c.apps.Namespace(namespace).Delete(ctx, name, metav1.DeleteOptions{Preconditions: only})
	return explain(err, ch.what())
}

func resourcesFinalizer(f string) bool {
	return f == v1alpha1.FinalizerForeground || f == v1alpha1.FinalizerForegroundSuffix || f == v1alpha1.FinalizerBackground
}

func finalizersFor(app *v1alpha1.Application, finalizer string) []string {
	if app.DeletionTimestamp != nil && finalizer != "" {
		return app.Finalizers
	}
	wanted := slices.DeleteFunc(slices.Clone(app.Finalizers), func(f string) bool { return f != finalizer && resourcesFinalizer(f) })
	if finalizer != "" && !slices.Contains(wanted, finalizer) {
		wanted = append(wanted, finalizer)
	}
	return wanted
}
