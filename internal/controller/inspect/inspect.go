package inspect

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/appstore"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/orphan"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Inspector reads. It is safe for concurrent use.
type Inspector struct {
	Store   *appstore.Store
	Cluster *cluster.Cluster
	Claims  *claim.Set
	// Orphans finds orphans; nil finds none.
	Orphans *orphan.Finder
	// Longer are the problems of an Application that say more than its conditions; nil
	// knows none.
	Longer func(types.NamespacedName) []view.Problem
	// Sensitive are the annotations that are not shown; nil means none.
	Sensitive func() []string
	// Namespace is the control namespace.
	Namespace string

	warnings warnings
}

// List are the Applications as the controller sees them, which must not be changed.
func (i *Inspector) List(context.Context) ([]*v1alpha1.Application, error) {
	return i.Store.Apps(), nil
}

// Get is one Application.
func (i *Inspector) Get(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	app := i.Store.App(types.NamespacedName{Namespace: namespace, Name: name})
	if app == nil {
		return nil, fault.New(fault.NotFound, "application %q not found in namespace %s", name, namespace)
	}
	return app, nil
}

// Problems are the conditions of an Application with their whole texts.
func (i *Inspector) Problems(ctx context.Context, namespace, name string) ([]view.Problem, error) {
	app, err := i.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	var longer []view.Problem
	if i.Longer != nil {
		longer = i.Longer(types.NamespacedName{Namespace: namespace, Name: name})
	}
	return view.Problems(app.Status.Conditions, longer), nil
}

// ListProjects are the AppProjects of the control namespace.
func (i *Inspector) ListProjects(context.Context) ([]*v1alpha1.AppProject, error) {
	return i.Store.Projects(), nil
}

// GetProject is one AppProject.
func (i *Inspector) GetProject(_ context.Context, name string) (*v1alpha1.AppProject, error) {
	p := i.Store.Project(name)
	if p == nil {
		return nil, fault.New(fault.NotFound, "project %q not found", name)
	}
	return p, nil
}

// Diff is the objects of an Application that are not in sync, desired and live,
// Secrets masked. It reads those from the cluster, one request each.
func (i *Inspector) Diff(ctx context.Context, namespace, name string) ([]view.Difference, error) {
	if _, err := i.Get(ctx, namespace, name); err != nil {
		return nil, err
	}
	out := []view.Difference{}
	for _, n := range i.Tree(namespace, name) {
		if !n.Managed || n.Sync == string(v1alpha1.SyncStatusSynced) {
			continue
		}
		d, err := i.difference(ctx, n, resource.AppInstance(i.Namespace, namespace, name))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (i *Inspector) difference(ctx context.Context, n view.Node, instance string) (view.Difference, error) {
	d := view.Difference{ID: n.ID, Group: n.Group, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name, Changes: n.Drift}
	key := resource.Key{Group: n.Group, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name}
	if x := i.Claims.By(instance, key); x != nil {
		want, err := x.Body()
		if err != nil {
			return d, err
		}
		if d.Desired, err = Show(want, i.sensitive()...); err != nil {
			return d, err
		}
	}
	kind, ok := i.Cluster.Kinds().Preferred(key.GroupKind())
	if n.Missing || !ok {
		return d, nil
	}
	live, err := i.Cluster.Conn().Get(ctx, kind, n.Namespace, n.Name)
	if apierrors.IsNotFound(err) {
		return d, nil
	}
	if err != nil {
		return d, fault.Wrap(fault.Unavailable, err, "reading %s", key.Human())
	}
	d.Live, err = Show(live, i.sensitive()...)
	return d, err
}

func (i *Inspector) sensitive() []string {
	if i.Sensitive == nil {
		return nil
	}
	return i.Sensitive()
}

// Show is an object as YAML for people: Secrets and sensitive annotations masked,
// without managed fields.
func Show(obj *unstructured.Unstructured, sensitive ...string) (string, error) {
	out := resource.Masked(obj, sensitive...).DeepCopy()
	out.SetManagedFields(nil)
	b, err := yaml.Marshal(out.Object)
	return string(b), err
}

// Manifests are the rendered objects as JSON, Secrets masked. A revision other
// than the one in force cannot be asked for here.
func (i *Inspector) Manifests(ctx context.Context, namespace, name, revision string) ([]string, error) {
	app, err := i.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if revision != "" && (revision != app.Status.Sync.Revision || len(app.Spec.Sources) > 0) {
		return nil, fault.New(fault.Unsupported, "manifests of another revision than that in force are not served yet; use evenkeel app manifests --revision, or --revisions for one of several sources")
	}
	var out []string
	for _, x := range i.Claims.All(resource.AppInstance(i.Namespace, namespace, name)) {
		obj, err := x.Body()
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(resource.Masked(obj, i.sensitive()...).Object)
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, nil
}
