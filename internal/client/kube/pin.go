package kube

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// Rollback goes back to an entry of the Application's history: it pins to it and asks
// for the sync, in one write, so that nothing goes forward in between. Automated sync
// may be on; in Argo CD it may not. Its error is fault.Conflict when another operation
// has been asked for, and fault.NotFound when there is no such entry.
func (c *Client) Rollback(ctx context.Context, namespace, name string, r view.Rollback) (*v1alpha1.Application, error) {
	ch := c.change("roll back", namespace, name)
	return ch.run(ctx, func(app *v1alpha1.Application, _ *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		pin, op, err := r.Of(app, time.Now())
		switch {
		case err != nil:
			return nil, err
		case app.DeletionTimestamp != nil:
			return nil, ch.refuse(fault.Conflict, "it is being deleted")
		case app.Operation != nil:
			return nil, ch.refuse(fault.Conflict, "another operation is already in progress")
		}
		fields := map[string]any{"operation": completed(app, op)}
		if r.DryRun {
			return ch.patch(ctx, app, fields)
		}
		return ch.pin(ctx, app, pin, fields)
	})
}

// Pin holds the Application at a revision. Nothing is synced by that but what
// automated sync does.
func (c *Client) Pin(ctx context.Context, namespace, name string, p view.Pinning) (*v1alpha1.Application, error) {
	ch := c.change("pin", namespace, name)
	return ch.run(ctx, func(app *v1alpha1.Application, _ *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		pin, err := p.Of(app, time.Now())
		if err != nil {
			return nil, err
		}
		return ch.pin(ctx, app, pin, map[string]any{})
	})
}

// pin writes a pin, and fields with it.
func (c change) pin(ctx context.Context, app *v1alpha1.Application, pin view.Pin, fields map[string]any) (*unstructured.Unstructured, error) {
	annotations, err := pin.Write()
	if err != nil {
		return nil, err
	}
	fields["metadata"] = map[string]any{"annotations": annotations}
	return c.patch(ctx, app, fields)
}

// Unpin removes the Application's pin, one that cannot be read as well. Its error is
// fault.Conflict when there is none.
func (c *Client) Unpin(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	ch := c.change("unpin", namespace, name)
	return ch.run(ctx, func(app *v1alpha1.Application, _ *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		if !view.IsPinned(app) {
			return nil, ch.refuse(fault.Conflict, "it is not pinned")
		}
		annotations := map[string]any{}
		for _, a := range view.PinAnnotations() {
			annotations[a] = nil
		}
		return ch.patch(ctx, app, map[string]any{"metadata": map[string]any{"annotations": annotations}})
	})
}

// ConfirmDeletion confirms all deletions that the Application waits with for a person
// to confirm them, as Argo CD's clients do: with the time. It is never before the
// operation that asks, whose beginning may be noted as a second later than it was when
// it follows another one, and may be another clock's.
func (c *Client) ConfirmDeletion(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	ch := c.change("confirm the deletions of", namespace, name)
	return ch.run(ctx, func(app *v1alpha1.Application, _ *unstructured.Unstructured) (*unstructured.Unstructured, error) {
		at := time.Now()
		if op := app.Status.OperationState; op != nil && !op.Phase.Completed() && op.StartedAt.After(at) {
			at = op.StartedAt.Time
		}
		annotations := map[string]any{v1alpha1.AnnotationDeletionApproved: at.UTC().Format(time.RFC3339)}
		return ch.patch(ctx, app, map[string]any{"metadata": map[string]any{"annotations": annotations}})
	})
}
