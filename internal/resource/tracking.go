package resource

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// TrackingID is the value of the tracking annotation, in Argo CD's format
// (argo-cd.md §1.2): <app>:<group>/<kind>:<namespace>/<name>. App is the
// Application's name, or <namespace>_<name> outside the control namespace. For
// a cluster-scoped object Namespace is the Application's destination namespace.
type TrackingID struct {
	App       string
	Group     string
	Kind      string
	Namespace string
	Name      string
}

func (t TrackingID) String() string {
	return t.App + ":" + t.Group + "/" + t.Kind + ":" + t.Namespace + "/" + t.Name
}

// ParseTrackingID reads a tracking annotation. A value in any other form is not
// one of ours and yields false.
func ParseTrackingID(s string) (TrackingID, bool) {
	app, rest, ok := strings.Cut(s, ":")
	if !ok || app == "" {
		return TrackingID{}, false
	}
	gk, nn, ok := strings.Cut(rest, ":")
	if !ok {
		return TrackingID{}, false
	}
	group, kind, ok := strings.Cut(gk, "/")
	if !ok || kind == "" {
		return TrackingID{}, false
	}
	// Names of RBAC objects may hold colons and slashes, namespaces neither.
	namespace, name, ok := strings.Cut(nn, "/")
	if !ok || name == "" {
		return TrackingID{}, false
	}
	return TrackingID{App: app, Group: group, Kind: kind, Namespace: namespace, Name: name}, true
}

// Matches says whether the id was written for this very object. A controller
// that copies an object's annotations to another makes an id that does not; such
// a copy is never compared and never pruned (argo-cd.md §1.2).
func (t TrackingID) Matches(k Key) bool {
	if t.Group != k.Group || t.Kind != k.Kind || t.Name != k.Name {
		return false
	}
	return k.Namespace == "" || t.Namespace == k.Namespace
}

// TrackingIn is the tracking id among annotations that an installation wrote. Ids of
// other installations are none: those may have Applications of the same names.
func TrackingIn(annotations map[string]string, installation string) (TrackingID, bool) {
	if annotations[v1alpha1.AnnotationInstallationID] != installation {
		return TrackingID{}, false
	}
	return ParseTrackingID(annotations[v1alpha1.AnnotationTrackingID])
}

// TrackedBy is the tracking id that obj carries for itself and that an installation
// wrote.
func TrackedBy(obj *unstructured.Unstructured, installation string) (TrackingID, bool) {
	id, ok := TrackingIn(obj.GetAnnotations(), installation)
	if !ok || !id.Matches(KeyOf(obj)) {
		return TrackingID{}, false
	}
	return id, true
}

// AppInstance is the name that an Application has in tracking ids.
func AppInstance(controlNamespace, namespace, name string) string {
	if namespace == "" || namespace == controlNamespace {
		return name
	}
	return namespace + "_" + name
}
