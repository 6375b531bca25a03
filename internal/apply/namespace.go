package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

// Namespace is the destination namespace of an Application with CreateNamespace=true
// that has no manifest of it.
type Namespace struct {
	Kind cluster.Kind
	Name string
	// App is the Application's name in tracking ids.
	App string
	// Metadata is spec.syncPolicy.managedNamespaceMetadata; nil leaves a namespace that
	// exists alone.
	Metadata *v1alpha1.ManagedNamespaceMetadata
}

// EnsureNamespace creates the namespace, or gives it its metadata.
//
// Each Application does so under a field manager of its own. Argo CD uses the one
// under which it applies everything, so two Applications with one destination
// take each other's labels away; as we apply manifests server-side, they would
// also take those of the Namespace's manifest, and its tracking id, if a third
// Application has it. A label that Argo CD had set and that the spec has dropped
// since stays.
func (a *Applier) EnsureNamespace(ctx context.Context, n Namespace, o Options) Result {
	key := resource.Key{Kind: "Namespace", Name: n.Name}
	body, err := json.Marshal(n.object())
	w := write{conn: a.Conn, task: Task{Key: key, Kind: n.Kind, Body: body}, dry: o.DryRun}
	if err != nil {
		return w.failed(err)
	}
	if n.Metadata == nil {
		obj, err := a.Conn.Post(ctx, n.Kind, key, body, w.options())
		switch {
		case apierrors.IsAlreadyExists(err):
			return w.done(nil, "unchanged")
		case err != nil:
			return w.failed(err)
		}
		return w.done(obj, "created")
	}
	options := w.options()
	options.Manager = n.manager()
	obj, err := a.Conn.Apply(ctx, n.Kind, key, body, options)
	if err != nil {
		return w.failed(err)
	}
	return w.done(obj, "serverside-applied")
}

// Settled says whether EnsureNamespace has nothing to do: live, nil if there is
// none, has the metadata, and none that has left the spec. It asks nobody.
func (n Namespace) Settled(live *unstructured.Unstructured) bool {
	if live == nil || n.Metadata == nil {
		return live != nil
	}
	labels, annotations := n.owned(live)
	return has(live.GetLabels(), n.Metadata.Labels) && has(live.GetAnnotations(), n.Metadata.Annotations) &&
		within(labels, n.Metadata.Labels) && within(annotations, n.Metadata.Annotations)
}

func has(live, wanted map[string]string) bool {
	for k, v := range wanted {
		if got, ok := live[k]; !ok || got != v {
			return false
		}
	}
	return true
}

func within(owned map[string]any, wanted map[string]string) bool {
	for field := range owned {
		key, isField := strings.CutPrefix(field, "f:") // "." is the map itself
		if _, ok := wanted[key]; isField && !ok {
			return false
		}
	}
	return true
}

// owned are the fields of labels and annotations that this Application has set
// earlier, as managed fields spell them.
func (n Namespace) owned(live *unstructured.Unstructured) (labels, annotations map[string]any) {
	manager := n.manager()
	entries, _, _ := unstructured.NestedSlice(live.Object, "metadata", "managedFields")
	for _, e := range entries {
		entry, _ := e.(map[string]any)
		if entry["manager"] == manager && entry["operation"] == "Apply" {
			labels, _, _ = unstructured.NestedMap(entry, "fieldsV1", "f:metadata", "f:labels")
			annotations, _, _ = unstructured.NestedMap(entry, "fieldsV1", "f:metadata", "f:annotations")
		}
	}
	return labels, annotations
}

// maxManager is how long the API server lets a field manager's name be.
const maxManager = 128

// manager is the field manager of the metadata.
func (n Namespace) manager() string {
	name := v1alpha1.FieldManager + "/namespace/" + n.App
	if len(name) <= maxManager {
		return name
	}
	sum := sha256.Sum256([]byte(n.App))
	return v1alpha1.FieldManager + "/namespace/" + hex.EncodeToString(sum[:16])
}

func (n Namespace) object() map[string]any {
	meta := map[string]any{"name": n.Name}
	if n.Metadata != nil && len(n.Metadata.Labels) > 0 {
		meta["labels"] = n.Metadata.Labels
	}
	if n.Metadata != nil && len(n.Metadata.Annotations) > 0 {
		meta["annotations"] = n.Metadata.Annotations
	}
	return map[string]any{"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
}
