package cluster

import (
	"encoding/json"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// meta is the part of an object that a Record needs.
type meta struct {
	Name              string            `json:"name"`
	Namespace         string            `json:"namespace"`
	UID               types.UID         `json:"uid"`
	ResourceVersion   string            `json:"resourceVersion"`
	CreationTimestamp time.Time         `json:"creationTimestamp"`
	DeletionTimestamp *time.Time        `json:"deletionTimestamp"`
	Annotations       map[string]string `json:"annotations"`
	Labels            labels            `json:"labels"`
	Finalizers        []string          `json:"finalizers"`
	OwnerReferences   []struct {
		UID types.UID `json:"uid"`
	} `json:"ownerReferences"`
}

// labels are those few that matter.
type labels struct {
	// Service is the one that an EndpointSlice is of.
	Service string `json:"kubernetes.io/service-name"`
}

type page struct {
	Metadata struct {
		ResourceVersion string `json:"resourceVersion"`
		Continue        string `json:"continue"`
	} `json:"metadata"`
	Items []json.RawMessage `json:"items"`
}

// partial is an object of which only the metadata is decoded.
type partial struct {
	Metadata meta `json:"metadata"`
}

func metaOf(obj *unstructured.Unstructured) meta {
	m := meta{
		Name: obj.GetName(), Namespace: obj.GetNamespace(), UID: obj.GetUID(), ResourceVersion: obj.GetResourceVersion(),
		CreationTimestamp: obj.GetCreationTimestamp().Time, Annotations: obj.GetAnnotations(), Finalizers: obj.GetFinalizers(),
	}
	m.Labels.Service = obj.GetLabels()["kubernetes.io/service-name"]
	if t := obj.GetDeletionTimestamp(); t != nil {
		m.DeletionTimestamp = &t.Time
	}
	for _, o := range obj.GetOwnerReferences() {
		m.OwnerReferences = append(m.OwnerReferences, struct {
			UID types.UID `json:"uid"`
		}{o.UID})
	}
	return m
}

// record makes a Record without a verdict.
func (x *Index) record(key resource.Key, m meta) *Record {
	r := &Record{
		Key: key, UID: m.UID, ResourceVersion: m.ResourceVersion, Inferred: inferredOwner(key, m),
		Created: max(m.CreationTimestamp.Unix(), 0), Deleting: m.DeletionTimestamp != nil,
	}
	for _, o := range m.OwnerReferences {
		r.Owners = append(r.Owners, o.UID)
	}
	if id, ok := resource.TrackingIn(m.Annotations, x.installation()); ok && id.Matches(key) {
		r.App = id.App
		r.Hints = hintsOf(m.Annotations)
		r.Hints.HookFinalizer = r.Hints.Hook && slices.Contains(m.Finalizers, v1alpha1.FinalizerHook)
	}
	return r
}

func isDeletionHook(a map[string]string) bool {
	types, _ := resource.HookTypes(a)
	return slices.Contains(types, resource.HookPreDelete) || slices.Contains(types, resource.HookPostDelete)
}

func hintsOf(a map[string]string) Hints {
	return Hints{
		Wave:           resource.WaveOf(a),
		SyncOptions:    a[v1alpha1.AnnotationSyncOptions],
		CompareOptions: a[v1alpha1.AnnotationCompareOptions],
		HelmKeep:       a[v1alpha1.AnnotationHelmPolicy] == "keep",
		Hook:           resource.IsHookAnnotated(a),
		DeletionHook:   isDeletionHook(a),
		HookRun:        a[v1alpha1.AnnotationHookRun],
		IgnoreHealth:   a[v1alpha1.AnnotationIgnoreHealth] == "true",
	}
}
