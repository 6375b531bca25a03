package cluster

import (
	"slices"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/resource"
)

// record makes a Record without a verdict.
func (x *Index) record(key resource.Key, m wire.Meta) *Record {
	r := &Record{
		Key: key, UID: m.UID, ResourceVersion: m.ResourceVersion, Inferred: inferredOwner(key, m),
		Created: max(m.CreationTimestamp.Unix(), 0), Deleting: m.DeletionTimestamp != nil,
	}
	for _, o := range m.OwnerReferences {
		r.Owners = append(r.Owners, o.UID)
	}
	if r.App = x.appIn(m.Annotations, key); r.App != "" {
		r.Hints = hintsOf(m.Annotations)
		r.Hints.HookFinalizer = r.Hints.Hook && slices.Contains(m.Finalizers, v1alpha1.FinalizerHook)
	}
	return r
}

// appIn is the Application instance that tracks the object with these annotations, or empty.
func (x *Index) appIn(annotations map[string]string, key resource.Key) string {
	if id, ok := resource.TrackingIn(annotations, x.installation()); ok && id.Matches(key) {
		return id.App
	}
	return ""
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
