package resource

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
)

func TestParseTrackingID(t *testing.T) {
	tests := map[string]struct {
		reason, in string
		want       TrackingID
		ok         bool
	}{
		"namespaced":      {"argo-cd.md §1.2", "guestbook:apps/Deployment:default/guestbook-ui", TrackingID{"guestbook", "apps", "Deployment", "default", "guestbook-ui"}, true},
		"core":            {"the core group is empty", "guestbook:/Service:default/ui", TrackingID{"guestbook", "", "Service", "default", "ui"}, true},
		"qualified":       {"an Application outside of the control namespace", "team_shop:/Service:prod/web", TrackingID{"team_shop", "", "Service", "prod", "web"}, true},
		"no namespace":    {"a cluster-scoped object of an Application without one", "a:g/Kind:/x", TrackingID{"a", "g", "Kind", "", "x"}, true},
		"colons":          {"names of RBAC objects hold colons", "a:rbac.authorization.k8s.io/ClusterRole:ns/system:a:b", TrackingID{"a", "rbac.authorization.k8s.io", "ClusterRole", "ns", "system:a:b"}, true},
		"slash in a name": {"", "a:g/Kind:ns/x/y", TrackingID{"a", "g", "Kind", "ns", "x/y"}, true},
		"empty":           {"", "", TrackingID{}, false},
		"a label's value": {"the old tracking by label has the name only", "guestbook", TrackingID{}, false},
		"no app":          {"", ":g/Kind:ns/x", TrackingID{}, false},
		"no kind":         {"", "a:g/:ns/x", TrackingID{}, false},
		"no slash":        {"", "a:Kind:ns/x", TrackingID{}, false},
		"no name":         {"", "a:g/Kind:ns/", TrackingID{}, false},
		"two parts":       {"", "a:g/Kind", TrackingID{}, false},
		"name only":       {"", "a:g/Kind:x", TrackingID{}, false},
	}
	for name, tt := range tests {
		got, ok := ParseTrackingID(tt.in)
		if got != tt.want || ok != tt.ok {
			t.Errorf("%s: %s: got %+v, %v", name, tt.reason, got, ok)
		}
		if ok && got.String() != tt.in {
			t.Errorf("%s: written as %s", name, got)
		}
	}
}

func trackingIDs() *rapid.Generator[TrackingID] {
	return rapid.Custom(func(t *rapid.T) TrackingID {
		k := keys().Draw(t, "key")
		return TrackingID{App: rapid.StringMatching(`([a-z]{1,3}_)?[a-z-]{1,5}`).Draw(t, "app"), Group: k.Group, Kind: k.Kind, Namespace: k.Namespace, Name: k.Name}
	})
}

// TestTrackingIDIsReadBack: what is written for one object is read as that, and
// stands for no other.
func TestTrackingIDIsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := trackingIDs().Draw(t, "id")
		got, ok := ParseTrackingID(id.String())
		if !ok || got != id {
			t.Errorf("%s is read as %+v, %v", id, got, ok)
		}
		k := Key{Group: id.Group, Kind: id.Kind, Namespace: id.Namespace, Name: id.Name}
		if !id.Matches(k) {
			t.Errorf("%s is not its own object's", id)
		}
		if other := keys().Draw(t, "other"); other != k && id.Matches(other) && (other.Namespace != "" || other.Kind != k.Kind || other.Name != k.Name || other.Group != k.Group) {
			t.Errorf("%s matches %s", id, other)
		}
	})
}

func TestTrackedBy(t *testing.T) {
	object := func(kind, namespace, name, id string) *unstructured.Unstructured {
		meta := map[string]any{"namespace": namespace, "name": name}
		if id != "" {
			meta["annotations"] = map[string]any{v1alpha1.AnnotationTrackingID: id}
		}
		return &unstructured.Unstructured{Object: map[string]any{"apiVersion": "v1", "kind": kind, "metadata": meta}}
	}
	tests := map[string]struct {
		reason string
		obj    *unstructured.Unstructured
		want   string
	}{
		"own":               {"", object("Service", "prod", "web", "shop:/Service:prod/web"), "shop"},
		"none":              {"", object("Service", "prod", "web", ""), ""},
		"of another name":   {"a controller that copies annotations makes an id that is not the copy's", object("Service", "prod", "copy", "shop:/Service:prod/web"), ""},
		"of another kind":   {"Endpoints copy their Service's annotations", object("Endpoints", "prod", "web", "shop:/Service:prod/web"), ""},
		"of another group":  {"", object("Service", "prod", "web", "shop:serving.knative.dev/Service:prod/web"), ""},
		"elsewhere":         {"a copy in another namespace", object("Service", "other", "web", "shop:/Service:prod/web"), ""},
		"cluster-scoped":    {"its id has the Application's namespace", object("Namespace", "", "web", "shop:/Namespace:prod/web"), "shop"},
		"nonsense":          {"", object("Service", "prod", "web", "shop"), ""},
		"of no annotations": {"", &unstructured.Unstructured{}, ""},
	}
	for name, tt := range tests {
		got, ok := TrackedBy(tt.obj, "")
		if got.App != tt.want || ok != (tt.want != "") {
			t.Errorf("%s: %s: got %+v, %v", name, tt.reason, got, ok)
		}
	}
}

func TestAppInstance(t *testing.T) {
	for _, tt := range []struct{ control, namespace, want string }{
		{"argocd", "argocd", "web"},
		{"argocd", "", "web"},
		{"argocd", "team", "team_web"},
	} {
		if got := AppInstance(tt.control, tt.namespace, "web"); got != tt.want {
			t.Errorf("%+v: got %s", tt, got)
		}
	}
}

// FuzzTrackingID: no annotation makes it panic; what is read is what was written;
// and it is read as one object only, so that no annotation can claim another.
func FuzzTrackingID(f *testing.F) {
	for _, seed := range []string{
		"", ":", "a:b/c:d/e", "a:/Service:ns/x", "a:rbac.authorization.k8s.io/ClusterRole:ns/system:x", "a::b/c", "a:b/c:d/e/f:g", "a:b/c/d:e/f",
		"team_a:apps/Deployment:ns/web", "a:/:/", "a:/K:/n", strings.Repeat("a:/", 100),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, ok := ParseTrackingID(s)
		if !ok {
			if id != (TrackingID{}) {
				t.Errorf("%q is none, and yet %+v", s, id)
			}
			return
		}
		if id.String() != s {
			t.Errorf("%q is written as %q", s, id)
		}
		if id.App == "" || id.Kind == "" || id.Name == "" || strings.Contains(id.App, ":") {
			t.Errorf("%q has parts that are empty: %+v", s, id)
		}
		obj := &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Service",
			"metadata": map[string]any{"name": "web", "namespace": "prod", "annotations": map[string]any{v1alpha1.AnnotationTrackingID: s}},
		}}
		if got, ok := TrackedBy(obj, ""); ok && s != got.App+":/Service:prod/web" {
			t.Errorf("%q claims Service prod/web", s)
		}
	})
}

// What another installation tracks is not ours, whatever the name: two of them may
// well have Applications of one name.
func TestTrackingOfInstallations(t *testing.T) {
	id := TrackingID{App: "shop", Kind: "ConfigMap", Namespace: "prod", Name: "c"}.String()
	for _, tt := range []struct {
		ours, theirs string
		want         bool
	}{
		{"", "", true}, {"a", "a", true}, {"a", "b", false}, {"", "b", false}, {"a", "", false},
	} {
		annotations := map[string]string{v1alpha1.AnnotationTrackingID: id}
		if tt.theirs != "" {
			annotations[v1alpha1.AnnotationInstallationID] = tt.theirs
		}
		if _, got := TrackingIn(annotations, tt.ours); got != tt.want {
			t.Errorf("installation %q reads an id of %q: %t, want %t", tt.ours, tt.theirs, got, tt.want)
		}
	}
}
