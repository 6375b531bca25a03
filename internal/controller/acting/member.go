package acting

import (
	"context"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/action"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Indexed are the members that the controller's index knows.
type Indexed struct{ Inspector *inspect.Inspector }

// Member looks into the Application's tree. What has the name of something in it, and
// is not that, is no member: the tree is about to change.
func (i Indexed) Member(_ context.Context, app *v1alpha1.Application, live *unstructured.Unstructured) error {
	key := resource.KeyOf(live)
	id := key.String()
	for _, n := range i.Inspector.Tree(app.Namespace, app.Name) {
		switch {
		case n.ID != id || n.Missing:
		case n.UID != "" && n.UID != string(live.GetUID()):
			return fault.New(fault.Conflict, "%s was replaced a moment ago: try again", key.Human())
		default:
			return nil
		}
	}
	return stranger(app, key)
}

func stranger(app *v1alpha1.Application, key resource.Key) error {
	return fault.New(fault.NotFound, "%s is not in the tree of application %q", key.Human(), app.Name)
}

// Undone asks the comparison, so that what may differ is no difference here either.
func (i Indexed) Undone(app *v1alpha1.Application, live, after *unstructured.Unstructured) Undone {
	claimed := i.Inspector.Claims.Of(resource.KeyOf(live), resource.AppInstance(i.Inspector.Namespace, app.Namespace, app.Name))
	if claimed == nil {
		return Undone{}
	}
	differences, _, err := claimed.Compare(after)
	if err != nil {
		return Undone{}
	}
	var u Undone
	fields := changed(live, after)
	for _, d := range differences {
		if slices.ContainsFunc(fields, func(f string) bool { return within(f, d.Path) || within(d.Path, f) }) {
			u.Fields = append(u.Fields, d.Path)
		}
	}
	slices.Sort(u.Fields)
	for _, other := range i.Inspector.Store.Apps() {
		if resource.AppInstance(i.Inspector.Namespace, other.Namespace, other.Name) == claimed.App {
			u.By = other
		}
	}
	return u
}

// changed are pointers to the fields in which after is not live.
func changed(live, after *unstructured.Unstructured) []string {
	change, err := action.ChangeOf(live, action.Operation{Verb: action.Patch, Object: after})
	if err != nil {
		return nil
	}
	return change.Fields()
}

// within says that a pointer is that of a field or of one inside of it.
func within(pointer, field string) bool {
	return pointer == field || strings.HasPrefix(pointer, field+"/")
}

// Owners are the members that can be told without an index, by the Application's status
// and by who owns whom: for the command line.
type Owners struct {
	Conn  *cluster.Conn
	Kinds func() *cluster.Kinds
}

// maxOwners bounds the way up from an object.
const maxOwners = 16

// Member goes up from owner to owner until one is in the Application's status.
func (o Owners) Member(ctx context.Context, app *v1alpha1.Application, live *unstructured.Unstructured) error {
	managed := map[resource.Key]bool{}
	for _, s := range app.Status.Resources {
		managed[resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}] = true
	}
	level := []*unstructured.Unstructured{live}
	for range maxOwners {
		var next []*unstructured.Unstructured
		for _, obj := range level {
			if managed[resource.KeyOf(obj)] {
				return nil
			}
			owners, err := o.owners(ctx, obj)
			if err != nil {
				return err
			}
			next = append(next, owners...)
		}
		if len(next) == 0 || len(next) > maxOwners {
			break
		}
		level = next
	}
	return stranger(app, resource.KeyOf(live))
}

func (o Owners) owners(ctx context.Context, obj *unstructured.Unstructured) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, ref := range obj.GetOwnerReferences() {
		owner, err := o.owner(ctx, obj.GetNamespace(), ref)
		if err != nil {
			return nil, err
		}
		if owner != nil {
			out = append(out, owner)
		}
	}
	return out, nil
}

// owner is nil where the reference leads nowhere, or to another object of that name.
func (o Owners) owner(ctx context.Context, namespace string, ref metav1.OwnerReference) (*unstructured.Unstructured, error) {
	kind, ok := o.Kinds().Exact(schema.FromAPIVersionAndKind(ref.APIVersion, ref.Kind))
	if !ok || resource.CheckName(ref.Name) != "" {
		return nil, nil
	}
	if !kind.Namespaced {
		namespace = ""
	}
	owner, err := o.Conn.Get(ctx, kind, namespace, ref.Name)
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, explain(resource.Key{Group: kind.GVK.Group, Kind: ref.Kind, Namespace: namespace, Name: ref.Name}, err, "reading the owner")
	case owner.GetUID() != ref.UID:
		return nil, nil
	}
	return owner, nil
}

// Undone asks the managed fields: what the controller has applied is what Git says. It
// misses what somebody else has changed before, and says nothing of the Application's
// own object, which would be another one's to undo.
func (Owners) Undone(app *v1alpha1.Application, live, after *unstructured.Unstructured) Undone {
	if resource.KeyOf(live) == rendering.Self(app) {
		return Undone{}
	}
	applied := appliedFields(live)
	u := Undone{By: app}
	for _, f := range changed(live, after) {
		if applied != nil && owns(applied, f) {
			u.Fields = append(u.Fields, f)
		}
	}
	return u
}

// appliedFields are those that the controller owns by applying them.
func appliedFields(live *unstructured.Unstructured) map[string]any {
	entries, _, _ := unstructured.NestedSlice(live.Object, "metadata", "managedFields")
	for _, e := range entries {
		m, _ := e.(map[string]any)
		if m["manager"] == v1alpha1.FieldManager && m["operation"] == string(metav1.ManagedFieldsOperationApply) && m["subresource"] == nil {
			fields, _ := m["fieldsV1"].(map[string]any)
			return fields
		}
	}
	return nil
}

// owns says whether a field is owned, by itself or with all that it is in.
func owns(fields map[string]any, pointer string) bool {
	unescape := strings.NewReplacer("~1", "/", "~0", "~")
	for segment := range strings.SplitSeq(strings.TrimPrefix(pointer, "/"), "/") {
		next, ok := fields["f:"+unescape.Replace(segment)].(map[string]any)
		if !ok {
			return false
		}
		if len(next) == 0 {
			return true
		}
		fields = next
	}
	return true
}
