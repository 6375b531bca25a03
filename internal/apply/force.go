package apply

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/internal/cluster"
)

// Recreates says whether an object of a kind is deleted and made anew where the API
// server refuses a change of it. force is sync option Force=true.
func Recreates(gk schema.GroupKind, force bool) bool {
	kind := cluster.Kind{GVK: gk.WithVersion("")}
	return recreatable(kind) && (force || isBinding(kind))
}

// recreatable says of which kinds Force may delete an object. With a Namespace or a
// CustomResourceDefinition all that is in it would go, so those are updated in
// place, as in Argo CD.
func recreatable(k cluster.Kind) bool {
	switch k.GVK.GroupKind().String() {
	case "Namespace", "CustomResourceDefinition.apiextensions.k8s.io":
		return false
	}
	return !bound(k)
}

// isBinding says of kinds whose only immutable field is the role. Argo CD makes
// them anew when it changes, without being asked (kubectl auth reconcile).
func isBinding(k cluster.Kind) bool {
	return k.GVK.Group == "rbac.authorization.k8s.io" && (k.GVK.Kind == "RoleBinding" || k.GVK.Kind == "ClusterRoleBinding")
}

// recreateIfImmutable makes an object anew if it is the change that was refused and
// not the object as such: an object that could not be created would be lost.
func (w write) recreateIfImmutable(ctx context.Context, refusal error) Result {
	t := w.task
	live, err := w.conn.Get(ctx, t.Kind, t.Key.Namespace, t.Key.Name)
	switch {
	case apierrors.IsNotFound(err):
		return w.create(ctx, "created")
	case err != nil:
		return w.failed(err)
	case live.GetUID() != t.UID:
		return w.failed(refusal)
	}
	return w.recreate(ctx, live, refusal)
}

// recreate deletes live and makes it anew, or says that it is Pending. Before the
// deletion the API server is asked whether it would take the new one. refusal is
// why the object could not be changed. Without one the deletion was asked for as
// such, and is made also where the API server cannot know.
func (w write) recreate(ctx context.Context, live *unstructured.Unstructured, refusal error) Result {
	if live.GetDeletionTimestamp() != nil && !w.dry {
		return w.pending(live)
	}
	if err := w.tryCreate(ctx); err != nil && !holds(live, err) {
		switch {
		case refusal != nil:
			return w.notAnew(refusal, err)
		case !untriable(err) && !overQuota(err):
			return w.failed(err)
		}
	}
	t := w.task
	// Background is what kubectl's --force does: dependants go after it.
	err := w.conn.Delete(ctx, t.Kind, t.Key, cluster.DeleteOptions{
		UID: live.GetUID(), Propagation: string(metav1.DeletePropagationBackground), DryRun: w.dry,
	})
	if err != nil {
		return w.failed(err)
	}
	if w.dry {
		return w.done(nil, "deleted and created anew")
	}
	obj, err := w.conn.Post(ctx, t.Kind, t.Key, t.Body, w.options())
	switch {
	case err == nil:
		return w.done(obj, "deleted and created anew")
	case apierrors.IsAlreadyExists(err):
		return w.pending(live)
	}
	r := w.failed(err)
	r.Message = "deleted to be created anew, which failed: " + r.Message
	r.Transient = true // it would have been created a moment ago, so it is worth another try
	return r
}

// notAnew is the result of a change that was refused, for an object that would be
// refused as well if it were made anew.
func (w write) notAnew(refusal, err error) Result {
	r := w.failed(refusal)
	if why := explain(w.task.Key, err); why != r.Message {
		r.Message += "; and it cannot be made anew: " + why
	}
	return r
}

// pending is the result of an object that is not gone yet.
func (w write) pending(live *unstructured.Unstructured) Result {
	r := w.result()
	r.Status, r.Pending = "", true
	r.Message = "waiting until " + w.task.Key.Human() + " is deleted, to create it anew"
	if f := live.GetFinalizers(); len(f) > 0 {
		r.Message += fmt.Sprintf("; its finalizers are %s", strings.Join(f, ", "))
	}
	return r
}

// tryCreate asks whether the API server would create the object if it were not
// there: it checks everything else before the name.
func (w write) tryCreate(ctx context.Context) error {
	o := w.options()
	o.DryRun = true
	_, err := w.conn.Post(ctx, w.task.Kind, w.task.Key, w.task.Body, o)
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// holds says that creating is refused only for ports and addresses that live
// itself, a Service, has: it gives them back. The API server has no code for that,
// so this reads its text.
func holds(live *unstructured.Unstructured, err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return false
	}
	s := status.Status()
	if s.Reason != metav1.StatusReasonInvalid || s.Details == nil || len(s.Details.Causes) == 0 {
		return false
	}
	own := allocated(live)
	for _, c := range s.Details.Causes {
		value, ok := strings.CutSuffix(c.Message, " is already allocated")
		if !ok || !slices.ContainsFunc(own, func(o string) bool { return strings.Contains(value, "Invalid value: "+o+": ") }) {
			return false
		}
	}
	return true
}

// allocated are the ports and addresses of a Service as messages spell them.
func allocated(service *unstructured.Unstructured) []string {
	var own []string
	ips, _, _ := unstructured.NestedStringSlice(service.Object, "spec", "clusterIPs")
	for _, ip := range ips {
		own = append(own, strconv.Quote(ip))
	}
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	for _, port := range ports {
		p, _ := port.(map[string]any)
		if n, ok := p["nodePort"].(int64); ok {
			own = append(own, strconv.FormatInt(n, 10))
		}
	}
	if p, ok, _ := unstructured.NestedInt64(service.Object, "spec", "healthCheckNodePort"); ok {
		own = append(own, strconv.FormatInt(p, 10))
	}
	return own
}

// overQuota says that a quota is in the way, which the object to be deleted may
// itself be filling.
func overQuota(err error) bool {
	return apierrors.IsForbidden(err) && strings.Contains(err.Error(), "exceeded quota: ")
}

// untriable says that the API server cannot try a write: an admission webhook has
// side effects.
func untriable(err error) bool {
	return apierrors.IsBadRequest(err) && strings.Contains(err.Error(), "does not support dry run")
}
