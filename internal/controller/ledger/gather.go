package ledger

import (
	"context"
	"maps"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

// Gathered are the ConfigMaps and Secrets that a hook reads.
type Gathered struct {
	// Objects are as this revision desires them, else as they are live: what
	// once.NewTask wants. It holds Secrets as they are, and is to be let go soon.
	Objects map[resource.Key]*unstructured.Unstructured
	// Unapplied are those of which the cluster does not have what is desired: see
	// once.Unapplied.
	Unapplied []resource.Key
}

// Gather gets what a hook reads: a request per object. Desired gives the objects
// and hooks of the revision, nil for what is none of them.
func (s *Store) Gather(ctx context.Context, target *cluster.Conn, hook *unstructured.Unstructured, desired func(resource.Key) *unstructured.Unstructured) (Gathered, error) {
	live, err := getAll(ctx, target, hook)
	if err != nil {
		return Gathered{}, err
	}
	wanted, out := map[resource.Key]*unstructured.Unstructured{}, Gathered{Objects: live}
	for _, r := range once.References(hook) {
		if obj := desired(r.Key); obj != nil {
			wanted[r.Key] = obj
		}
	}
	out.Unapplied = once.Unapplied(hook, wanted, live)
	maps.Copy(out.Objects, wanted)
	return out, nil
}

// getAll gets the live objects that a hook reads; what is not there is left out.
func getAll(ctx context.Context, target *cluster.Conn, hook *unstructured.Unstructured) (map[resource.Key]*unstructured.Unstructured, error) {
	out := map[resource.Key]*unstructured.Unstructured{}
	for _, r := range once.References(hook) {
		kind := coreKind("ConfigMap", "configmaps")
		if r.Key.IsSecret() {
			kind = coreKind("Secret", "secrets")
		}
		obj, err := target.Get(ctx, kind, r.Key.Namespace, r.Key.Name)
		switch {
		case apierrors.IsNotFound(err):
		case err != nil:
			return nil, explain(reasonOnly(err), "read %s", r.Key.Human())
		default:
			out[r.Key] = obj
		}
	}
	return out, nil
}
