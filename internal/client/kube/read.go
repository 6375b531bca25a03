package kube

import (
	"cmp"
	"context"
	"slices"

	authenticationv1 "k8s.io/api/authentication/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
)

// Client reads and changes Applications, and the sync windows of AppProjects. It is safe for concurrent use.
type Client struct {
	apps     dynamic.NamespaceableResourceInterface
	projects dynamic.NamespaceableResourceInterface
	core     kubernetes.Interface
}

// New makes a client. It does not reach the cluster yet.
func New(cfg *rest.Config) (*Client, error) {
	d, err := dynamic.NewForConfig(cfg)
	if err != nil {
		return nil, explain(err, "make a client for the cluster")
	}
	core, err := kubernetes.NewForConfig(cfg)
	if err != nil {
		return nil, explain(err, "make a client for the cluster")
	}
	return &Client{apps: d.Resource(v1alpha1.ApplicationResource), projects: d.Resource(v1alpha1.AppProjectResource), core: core}, nil
}

// Get reads one Application; NotFound when there is none.
func (c *Client) Get(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	obj, err := c.apps.Namespace(namespace).Get(ctx, name, metav1.GetOptions{})
	if err != nil {
		return nil, explain(err, "get application "+namespace+"/"+name)
	}
	return decode(obj)
}

// pageSize bounds one answer of the API server's.
const pageSize = 500

// List gives the Applications of a namespace, or of all when it is empty, that
// match a label selector, ordered by namespace and name.
func (c *Client) List(ctx context.Context, namespace, selector string) ([]v1alpha1.Application, error) {
	what := "list applications in namespace " + namespace
	if namespace == "" {
		what = "list applications in all namespaces"
	}
	var out []v1alpha1.Application
	opts := metav1.ListOptions{LabelSelector: selector, Limit: pageSize}
	for {
		page, err := c.apps.Namespace(namespace).List(ctx, opts)
		if expired(err) && opts.Continue != "" {
			// The list is too old to go on with: one whole list is consistent again.
			out, opts = nil, metav1.ListOptions{LabelSelector: selector}
			continue
		}
		if err != nil {
			return nil, explain(err, what)
		}
		for i := range page.Items {
			app, err := decode(&page.Items[i])
			if err != nil {
				return nil, err
			}
			out = append(out, *app)
		}
		opts.Continue = page.GetContinue()
		if opts.Continue == "" {
			break
		}
	}
	slices.SortFunc(out, func(a, b v1alpha1.Application) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	return out, nil
}

// Hooks is the ledger of an Application's hooks that run once per input. That there
// is none is an empty ledger; one that cannot be read is fault.Invalid.
func (c *Client) Hooks(ctx context.Context, namespace, name string) (once.Ledger, error) {
	what := "read the ledger of application " + namespace + "/" + name
	cm, err := c.core.CoreV1().ConfigMaps(namespace).Get(ctx, once.ConfigMapName(name), metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return once.Ledger{}, nil
	}
	if err != nil {
		return once.Ledger{}, explain(err, what)
	}
	l, err := once.FromConfigMap(name, cm.Labels, cm.Annotations, cm.Data)
	return l, fault.Wrap(fault.Invalid, err, "%s: ConfigMap %s", what, cm.Name)
}

// Whoami is the name that the cluster knows the caller by.
func (c *Client) Whoami(ctx context.Context) (string, error) {
	review, err := c.core.AuthenticationV1().SelfSubjectReviews().Create(ctx, &authenticationv1.SelfSubjectReview{}, metav1.CreateOptions{})
	if err != nil {
		return "", explain(err, "ask the cluster who is asking")
	}
	return review.Status.UserInfo.Username, nil
}

func decode(obj *unstructured.Unstructured) (*v1alpha1.Application, error) {
	app := &v1alpha1.Application{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, app); err != nil {
		return nil, explain(err, "read application "+obj.GetNamespace()+"/"+obj.GetName())
	}
	return app, nil
}
