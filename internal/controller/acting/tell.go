package acting

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// eventReason is Argo CD's.
const eventReason = "ResourceActionRan"

// tell notes who ran what, and how it ended. Parameters are not noted: they may be
// anything.
func (r *Runner) tell(ctx context.Context, app *v1alpha1.Application, run view.ActionRun, err error) {
	attributes := []any{
		"user", run.By, "app", app.Namespace + "/" + app.Name, "object", run.Target.String(), "action", run.Action,
	}
	if err != nil {
		r.o.Log.WarnContext(ctx, "resource action", append(attributes, "outcome", fault.KindOf(err).String(), "err", err)...)
		return
	}
	r.o.Log.InfoContext(ctx, "resource action", append(attributes, "outcome", "ran")...)
	if err := r.event(ctx, app, run); err != nil {
		r.o.Log.WarnContext(ctx, "the event of a resource action was not written", append(attributes, "err", err)...)
	}
}

// event writes what Argo CD writes (util/argo, AuditLogger). It is written also for a
// request that has gone away since: what was done was done.
func (r *Runner) event(ctx context.Context, app *v1alpha1.Application, run view.ActionRun) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	now := r.o.Now().UTC()
	what := "ran action " + run.Action
	if run.Target.Key != rendering.Self(app) {
		what += " on resource " + run.Target.Group + "/" + run.Target.Kind + "/" + run.Target.Name
	}
	name := fmt.Sprintf("%s.%x", app.Name, now.UnixNano())
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "Event",
		"metadata": map[string]any{
			"name": name, "namespace": app.Namespace,
			"annotations": map[string]any{
				"user": run.By, "dest-server": app.Spec.Destination.Server, "dest-namespace": app.Spec.Destination.Namespace,
			},
		},
		"involvedObject": map[string]any{
			"apiVersion": v1alpha1.GroupVersion.String(), "kind": "Application", "namespace": app.Namespace, "name": app.Name,
			"uid": app.UID, "resourceVersion": app.ResourceVersion,
		},
		"source": map[string]any{"component": "evenkeel"}, "reason": eventReason, "type": "Normal", "message": run.By + " " + what,
		"firstTimestamp": now.Format(time.RFC3339), "lastTimestamp": now.Format(time.RFC3339), "count": 1,
	})
	if err != nil {
		return err
	}
	kind := cluster.Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: "Event"}, Resource: "events", Namespaced: true}
	key := resource.Key{Kind: "Event", Namespace: app.Namespace, Name: name}
	_, err = r.o.Conn.Post(ctx, kind, key, body, cluster.WriteOptions{Manager: Manager})
	return err
}

// moved is a conflict with somebody who has changed the object meanwhile.
type moved struct{ error }

// Unwrap is the error with its kind.
func (m moved) Unwrap() error { return m.error }

// explain gives an error of the API server's a kind and says what was being done. What
// the API server says of a Secret may repeat its values (CVE-2025-23216), so of that
// only the reason is given.
func explain(key resource.Key, err error, doing string) error {
	if err == nil {
		return nil
	}
	kind := kindOf(err)
	switch {
	case apierrors.IsConflict(err):
		return moved{fault.New(kind, "%s %s: it was changed meanwhile", doing, key.Human())}
	case key.IsSecret():
		reason := string(apierrors.ReasonForError(err))
		if reason == "" {
			reason = "no answer"
		}
		return fault.New(kind, "%s %s: the API server refused it: %s", doing, key.Human(), reason)
	}
	return fault.Wrap(kind, err, "%s %s", doing, key.Human())
}

func kindOf(err error) fault.Kind {
	switch {
	case apierrors.IsNotFound(err):
		return fault.NotFound
	case cluster.Forbidden(err):
		return fault.Denied
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return fault.Conflict
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err), apierrors.IsMethodNotSupported(err):
		return fault.Invalid
	}
	return fault.Unavailable
}
