package application

import (
	"context"
	"encoding/json"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// List are the Applications as the controller sees them, which must not be changed.
func (c *Controller) List(context.Context) ([]*v1alpha1.Application, error) {
	return c.store.list(), nil
}

// Get is one Application.
func (c *Controller) Get(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	app := c.store.app(appKey(namespace, name))
	if app == nil {
		return nil, fault.New(fault.NotFound, "application %q not found in namespace %s", name, namespace)
	}
	return app, nil
}

// ListProjects are the AppProjects of the control namespace.
func (c *Controller) ListProjects(context.Context) ([]*v1alpha1.AppProject, error) {
	var out []*v1alpha1.AppProject
	for _, obj := range c.store.projects.GetStore().List() {
		if p, ok := obj.(*v1alpha1.AppProject); ok {
			out = append(out, p)
		}
	}
	return out, nil
}

// GetProject is one AppProject.
func (c *Controller) GetProject(_ context.Context, name string) (*v1alpha1.AppProject, error) {
	p := c.store.project(name)
	if p == nil {
		return nil, fault.New(fault.NotFound, "project %q not found", name)
	}
	return p, nil
}

// Diff is the objects of an Application that are not in sync, desired and live,
// Secrets masked. It reads those from the cluster, one request each.
func (c *Controller) Diff(ctx context.Context, namespace, name string) ([]view.Difference, error) {
	if _, err := c.Get(ctx, namespace, name); err != nil {
		return nil, err
	}
	out := []view.Difference{}
	for _, n := range c.Tree(namespace, name) {
		if !n.Managed || n.Sync == string(v1alpha1.SyncStatusSynced) {
			continue
		}
		d, err := c.difference(ctx, n, resource.AppInstance(c.o.Namespace, namespace, name))
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (c *Controller) difference(ctx context.Context, n view.Node, instance string) (view.Difference, error) {
	d := view.Difference{ID: n.ID, Group: n.Group, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name, Changes: n.Drift}
	key := resource.Key{Group: n.Group, Kind: n.Kind, Namespace: n.Namespace, Name: n.Name}
	if x := c.claims.by(instance, key); x != nil {
		want, err := x.body()
		if err != nil {
			return d, err
		}
		if d.Desired, err = Show(want); err != nil {
			return d, err
		}
	}
	kind, ok := c.cluster.Kinds().Preferred(key.GroupKind())
	if n.Missing || !ok {
		return d, nil
	}
	live, err := c.o.Conn.Get(ctx, kind, n.Namespace, n.Name)
	if apierrors.IsNotFound(err) {
		return d, nil
	}
	if err != nil {
		return d, fault.Wrap(fault.Unavailable, err, "reading %s", key.Human())
	}
	d.Live, err = Show(live)
	return d, err
}

// Show is an object as YAML for people: Secrets masked, without managed fields.
func Show(obj *unstructured.Unstructured) (string, error) {
	out := resource.Masked(obj).DeepCopy()
	out.SetManagedFields(nil)
	b, err := yaml.Marshal(out.Object)
	return string(b), err
}

// Manifests are the rendered objects as JSON, Secrets masked. A revision other
// than the one in force cannot be asked for here.
func (c *Controller) Manifests(ctx context.Context, namespace, name, revision string) ([]string, error) {
	app, err := c.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if revision != "" && revision != app.Status.Sync.Revision {
		return nil, fault.New(fault.Unsupported, "manifests of another revision than %s are not served yet; use evenkeel app manifests --revision", app.Status.Sync.Revision)
	}
	var out []string
	for _, x := range c.claims.all(resource.AppInstance(c.o.Namespace, namespace, name)) {
		obj, err := x.body()
		if err != nil {
			return nil, err
		}
		b, err := json.Marshal(resource.Masked(obj).Object)
		if err != nil {
			return nil, err
		}
		out = append(out, string(b))
	}
	return out, nil
}
