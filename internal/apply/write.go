package apply

import (
	"context"
	"errors"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
)

const inDryRun = " (dry run)"

// write is one task while it is carried out.
type write struct {
	conn *cluster.Conn
	task Task
	dry  bool
}

// apply applies server-side.
func (w write) apply(ctx context.Context) Result {
	t := w.task
	if t.Legacy && !w.dry { // its dry run would not show in that of the apply
		if err := w.migrate(ctx); err != nil {
			return w.failed(err)
		}
	}
	obj, left, err := Send(ctx, w.conn, Request{Kind: t.Kind, Key: t.Key, Body: t.Body, Options: w.options()})
	switch {
	case err == nil && len(left) > 0:
		return w.done(obj, "serverside-applied without "+strings.Join(left, ", ")+", which the API server does not know")
	case err == nil:
		return w.done(obj, "serverside-applied")
	case apierrors.IsInvalid(err) && t.UID != "" && recreatable(t.Kind) && (t.Force || isBinding(t.Kind)):
		return w.recreateIfImmutable(ctx, err)
	}
	return w.failed(err)
}

// replace writes the body as a whole: over what exists at its resource version,
// so that a change in between is a conflict, or as a new object. With Force what
// exists is deleted first, as kubectl replace --force does.
func (w write) replace(ctx context.Context) Result {
	t := w.task
	live, err := w.conn.Get(ctx, t.Kind, t.Key.Namespace, t.Key.Name)
	switch {
	case apierrors.IsNotFound(err):
		return w.create(ctx, "created")
	case err != nil:
		return w.failed(err)
	case t.Force && recreatable(t.Kind) && live.GetUID() == t.UID:
		return w.recreate(ctx, live, nil)
	case t.Force && recreatable(t.Kind):
		return w.apply(ctx) // new already; a Job, say, cannot be replaced as its selector is made at its creation
	}
	body, err := over(t.Body, live)
	if err != nil {
		return w.failed(err)
	}
	obj, err := w.conn.Put(ctx, t.Kind, t.Key, body, w.options())
	if err != nil {
		r := w.failed(err)
		r.Transient = r.Transient || apierrors.IsNotFound(err) // gone since it was read
		return r
	}
	return w.done(obj, "replaced")
}

// over is body as it replaces live. Finalizers and owners that the source does not
// speak of stay: they are the promises of other controllers, and dropping a
// finalizer leaks for good what it guards. (kubectl replace drops both.)
func over(body []byte, live *unstructured.Unstructured) ([]byte, error) {
	next := &unstructured.Unstructured{}
	if err := utiljson.Unmarshal(body, &next.Object); err != nil {
		return nil, errors.New("the object to apply is no JSON object") // an error of the decoder could quote it
	}
	next.SetResourceVersion(live.GetResourceVersion())
	if next.GetFinalizers() == nil && live.GetFinalizers() != nil {
		next.SetFinalizers(live.GetFinalizers())
	}
	if next.GetOwnerReferences() == nil && live.GetOwnerReferences() != nil {
		next.SetOwnerReferences(live.GetOwnerReferences())
	}
	return utiljson.Marshal(next.Object)
}

// bound says of kinds that other controllers write into their spec which claim and
// volume belong together. Replacing a PersistentVolume unbinds it, replacing a
// PersistentVolumeClaim is always refused, and making either anew loses data. They
// are applied whatever the options say; Argo CD replaces them.
func bound(k cluster.Kind) bool {
	return k.GVK.Group == "" && (k.GVK.Kind == "PersistentVolume" || k.GVK.Kind == "PersistentVolumeClaim")
}

func (w write) options() cluster.WriteOptions {
	return cluster.WriteOptions{DryRun: w.dry, Manager: v1alpha1.FieldManager, SkipValidation: w.task.SkipValidation}
}

func (w write) result() Result {
	return Result{Key: w.task.Key, Version: w.task.Kind.GVK.Version, Status: v1alpha1.ResultSynced}
}

// done is the result of a write that succeeded; obj may be nil.
func (w write) done(obj *unstructured.Unstructured, verb string) Result {
	r := w.result()
	r.Message = strings.ToLower(w.task.Key.Kind) + "/" + w.task.Key.Name + " " + verb
	if w.dry {
		r.Message += inDryRun
		return r
	}
	r.Object = obj
	return r
}

func (w write) failed(err error) Result { return failure(w.result(), err) }

func (w write) create(ctx context.Context, verb string) Result {
	obj, err := w.conn.Post(ctx, w.task.Kind, w.task.Key, w.task.Body, w.options())
	if err != nil {
		return w.failed(err)
	}
	return w.done(obj, verb)
}

// createOnly is one task of Create.
func (w write) createOnly(ctx context.Context) Result {
	t := w.task
	obj, err := w.conn.Post(ctx, t.Kind, t.Key, t.Body, w.options())
	if err == nil {
		return w.done(obj, "created")
	}
	r := w.failed(err)
	if !apierrors.IsAlreadyExists(err) {
		return r
	}
	live, err := w.conn.Get(ctx, t.Kind, t.Key.Namespace, t.Key.Name)
	switch {
	case apierrors.IsNotFound(err): // gone since, so trying again is the thing to do
	case err != nil:
		return w.failed(err)
	default:
		r.Existing = live
	}
	return r
}
