package kubetest

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/clientcmd"

	"evenkeel.dev/test/evenkeeltest"
)

// Manager is the field manager and the user agent of a Client.
const Manager = "tester"

// Client writes and watches objects of one cluster.
type Client struct {
	dynamic dynamic.Interface
	mapper  *restmapper.DeferredDiscoveryRESTMapper
}

// New makes a client from a kubeconfig's path.
func New(kubeconfig string) (*Client, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.UserAgent, config.WarningHandler = -1, Manager, rest.NoWarnings{}
	c := &Client{}
	if c.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, err
	}
	d, err := discovery.NewDiscoveryClientForConfig(config)
	if err != nil {
		return nil, err
	}
	c.mapper = restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(d))
	return c, nil
}

// Install makes the control namespace and the CustomResourceDefinitions.
func (c *Client) Install(ctx context.Context) error { return evenkeeltest.Install(ctx, c.dynamic) }

// Apply creates or updates the objects of a YAML stream. Those without a namespace
// that need one are in the given namespace.
func (c *Client) Apply(ctx context.Context, namespace string, stream []byte) error {
	d := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(stream), 4096)
	for {
		u := &unstructured.Unstructured{}
		switch err := d.Decode(&u.Object); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case len(u.Object) == 0:
			continue
		}
		res, err := c.resource(u.GroupVersionKind().GroupKind(), cmp.Or(u.GetNamespace(), namespace), u.GroupVersionKind().Version)
		if err != nil {
			return err
		}
		if _, err := res.Apply(ctx, u.GetName(), u, metav1.ApplyOptions{FieldManager: Manager, Force: true}); err != nil {
			return err
		}
	}
}

// Create creates an object as a field manager.
func (c *Client) Create(ctx context.Context, u *unstructured.Unstructured, manager string) error {
	res, err := c.resource(u.GroupVersionKind().GroupKind(), u.GetNamespace())
	if err != nil {
		return err
	}
	_, err = res.Create(ctx, u, metav1.CreateOptions{FieldManager: manager})
	return err
}

// ClientSideApply creates the object of a manifest in a namespace, with the
// last-applied annotation that kubectl and Argo CD at its defaults write.
func (c *Client) ClientSideApply(ctx context.Context, namespace, manager string, manifest []byte) error {
	u := &unstructured.Unstructured{}
	if err := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096).Decode(&u.Object); err != nil {
		return err
	}
	u.SetNamespace(namespace)
	applied, err := json.Marshal(u.Object)
	if err != nil {
		return err
	}
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations["kubectl.kubernetes.io/last-applied-configuration"] = string(applied)
	u.SetAnnotations(annotations)
	return c.Create(ctx, u, manager)
}

// Merge merge-patches an object as a field manager.
//
// KIND/SUBRESOURCE patches that of the object, as an autoscaler does Deployment.apps/scale.
func (c *Client) Merge(ctx context.Context, kind, name, manager string, patch []byte) error {
	kind, subresource, _ := strings.Cut(kind, "/")
	res, short, err := c.find(kind, name)
	if err != nil {
		return err
	}
	var subresources []string
	if subresource != "" {
		subresources = []string{subresource}
	}
	_, err = res.Patch(ctx, short, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: manager}, subresources...)
	return err
}

// Get reads an object.
func (c *Client) Get(ctx context.Context, kind, name string) (*unstructured.Unstructured, error) {
	res, short, err := c.find(kind, name)
	if err != nil {
		return nil, err
	}
	return res.Get(ctx, short, metav1.GetOptions{})
}

// List reads all objects of a kind, of all namespaces.
func (c *Client) List(ctx context.Context, kind string) ([]unstructured.Unstructured, error) {
	res, _, err := c.find(kind, "")
	if err != nil {
		return nil, err
	}
	list, err := res.List(ctx, metav1.ListOptions{})
	if err != nil {
		return nil, err
	}
	return list.Items, nil
}

// Delete asks for an object's deletion.
func (c *Client) Delete(ctx context.Context, kind, name string) error {
	res, short, err := c.find(kind, name)
	if err != nil {
		return err
	}
	return res.Delete(ctx, short, metav1.DeleteOptions{})
}

// KindOf is the kind of a resource, which is its plural; "" when nothing serves it.
func (c *Client) KindOf(group, resource string) string {
	gvr := schema.GroupVersionResource{Group: group, Resource: resource}
	gvk, err := c.mapper.KindFor(gvr)
	if err != nil {
		c.mapper.Reset()
		if gvk, err = c.mapper.KindFor(gvr); err != nil {
			return ""
		}
	}
	return gvk.Kind
}

// find reads "KIND.GROUP" and "NS/NAME" or "NAME".
func (c *Client) find(kind, name string) (dynamic.ResourceInterface, string, error) {
	k, group, _ := strings.Cut(kind, ".")
	namespace, short, ok := strings.Cut(name, "/")
	if !ok {
		namespace, short = "", name
	}
	res, err := c.resource(schema.GroupKind{Group: group, Kind: k}, namespace)
	return res, short, err
}

func (c *Client) resource(gk schema.GroupKind, namespace string, versions ...string) (dynamic.ResourceInterface, error) {
	m, err := c.mapper.RESTMapping(gk, versions...)
	if err != nil {
		c.mapper.Reset()
		if m, err = c.mapper.RESTMapping(gk, versions...); err != nil {
			return nil, err
		}
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return c.dynamic.Resource(m.Resource), nil
	}
	return c.dynamic.Resource(m.Resource).Namespace(namespace), nil
}
