package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/client-go/util/csaupgrade"

	"evenkeel.dev/api/v1alpha1"
)

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// IsLegacy says whether live has fields from client-side apply, or from named
// managers, that become ours when it is applied server-side.
func IsLegacy(live *unstructured.Unstructured, named ...string) bool {
	return len(legacyManagers(live, named...)) > 0
}

// LegacyManagers are the names of the managers of fields that become ours when live is
// applied.
func LegacyManagers(live *unstructured.Unstructured, named ...string) []string {
	return sets.List(legacyManagers(live, named...))
}

// legacyManagers are the managers of fields that become ours, so that a field that
// leaves the source leaves the cluster:
//   - our own where it has updated instead of applied: Argo CD without sync option
//     ServerSideApply=true, and our Replace;
//   - kubectl where it has applied client-side. Without its annotation it has edited
//     or scaled, which is a drift like any other;
//   - those that the Application names, as in Argo CD. There the name takes the
//     place of kubectl's; here it comes on top.
func legacyManagers(live *unstructured.Unstructured, named ...string) sets.Set[string] {
	legacy := sets.New(named...).Insert(v1alpha1.FieldManager).Delete("")
	if _, ok := live.GetAnnotations()[lastApplied]; ok {
		legacy.Insert("kubectl-client-side-apply", "kubectl")
	}
	found := sets.New[string]()
	meta, _ := live.Object["metadata"].(map[string]any)
	entries, _ := meta["managedFields"].([]any) // not GetManagedFields, which costs more than the whole comparison
	for _, e := range entries {
		m, _ := e.(map[string]any)
		name, _ := m["manager"].(string)
		subresource, _ := m["subresource"].(string)
		if m["operation"] == "Update" && subresource == "" && legacy.Has(name) {
			found.Insert(name)
		}
	}
	return found
}

// migrate hands the fields of client-side apply over to our field manager, as
// kubectl apply --server-side does (KEP-555). Without it a field that leaves the
// source would stay in the cluster for ever. Status writers move objects all the time,
// so it is tried a few times; if they are still faster, the object stays legacy, and
// with what should go different from what is desired, until another apply.
func (w write) migrate(ctx context.Context) error {
	const tries = 5
	for range tries {
		err := w.migrateOnce(ctx)
		if !apierrors.IsConflict(err) && !apierrors.IsInvalid(err) {
			return err
		}
	}
	return nil
}

func (w write) migrateOnce(ctx context.Context) error {
	t := w.task
	live, err := w.conn.Get(ctx, t.Kind, t.Key.Namespace, t.Key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return err
	}
	patch, err := csaupgrade.UpgradeManagedFieldsPatch(live, legacyManagers(live, t.MigrationManager), v1alpha1.FieldManager)
	if err != nil {
		return fmt.Errorf("taking over fields of client-side apply: %w", err)
	}
	if len(patch) == 0 {
		return nil
	}
	_, err = w.conn.Patch(ctx, t.Kind, t.Key, types.JSONPatchType, patch)
	return err
}
