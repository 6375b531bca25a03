package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	watchtools "k8s.io/client-go/tools/watch"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
)

// fieldManager is the demo's name in what it applies; a person's edits are made as kubectl edit.
const (
	fieldManager  = "evenkeel-demo"
	personManager = "kubectl-edit"
)

// cluster is the demo's control plane, as its administrator sees it.
type cluster struct {
	objects dynamic.Interface
	mapper  meta.RESTMapper
}

func connect(kubeconfig string) (*cluster, error) {
	config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
	if err != nil {
		return nil, fmt.Errorf("the demo's kubeconfig: %w", err)
	}
	config.UserAgent = fieldManager
	config.WarningHandler = rest.NoWarnings{} // Argo CD's names for finalizers are old-fashioned
	objects, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	core, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	// Discovery may know of a new CRD only some time after it is established.
	applications := meta.NewDefaultRESTMapper([]schema.GroupVersion{v1alpha1.GroupVersion})
	applications.Add(v1alpha1.GroupVersion.WithKind("Application"), meta.RESTScopeNamespace)
	discovered := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(core.Discovery()))
	mapper := meta.FirstHitRESTMapper{MultiRESTMapper: meta.MultiRESTMapper{applications, discovered}}
	return &cluster{objects: objects, mapper: mapper}, nil
}

// kind is the client for a kind of object in a namespace, which is left out for
// those that have none.
func (c *cluster) kind(gk schema.GroupKind, namespace string) (dynamic.ResourceInterface, error) {
	m, err := c.mapper.RESTMapping(gk)
	if err != nil {
		return nil, err
	}
	if m.Scope.Name() == meta.RESTScopeNameRoot {
		return c.objects.Resource(m.Resource), nil
	}
	return c.objects.Resource(m.Resource).Namespace(namespace), nil
}

// apply applies objects in their order.
func (c *cluster) apply(ctx context.Context, objs ...*unstructured.Unstructured) error {
	for _, obj := range objs {
		client, err := c.kind(obj.GroupVersionKind().GroupKind(), obj.GetNamespace())
		if err != nil {
			return err
		}
		_, err = client.Apply(ctx, obj.GetName(), obj, metav1.ApplyOptions{FieldManager: fieldManager, Force: true})
		if err != nil {
			return fmt.Errorf("apply %s %s: %w", obj.GetKind(), obj.GetName(), err)
		}
	}
	return nil
}

// merge patches an object as a person would, and is what it is then.
func (c *cluster) merge(ctx context.Context, o object, patch map[string]any) (*unstructured.Unstructured, error) {
	client, err := c.kind(o.kind, o.namespace)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(patch)
	if err != nil {
		return nil, err
	}
	return client.Patch(ctx, o.name, types.MergePatchType, text, metav1.PatchOptions{FieldManager: personManager})
}

// get is an object, nil if there is none.
func (c *cluster) get(ctx context.Context, o object) (*unstructured.Unstructured, error) {
	client, err := c.kind(o.kind, o.namespace)
	if err != nil {
		return nil, err
	}
	obj, err := client.Get(ctx, o.name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return obj, err
}

// object names one object.
type object struct {
	kind            schema.GroupKind
	namespace, name string
}

func (o object) String() string { return o.kind.Kind + " " + o.name }

// follow watches an object until seen says that it is done, and is the time that
// this took since then. The object is nil while there is none.
func (c *cluster) follow(ctx context.Context, o object, since time.Time, seen func(*unstructured.Unstructured) bool) (time.Duration, error) {
	client, err := c.kind(o.kind, o.namespace)
	if err != nil {
		return 0, err
	}
	only := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", o.name).String()}
	err = followAll(ctx, client, only, func(objs map[string]*unstructured.Unstructured) bool { return seen(objs[o.name]) })
	return time.Since(since), err
}

// followAll lists and then watches objects of one kind, by name, until seen says
// that it is done.
func followAll(ctx context.Context, client dynamic.ResourceInterface, o metav1.ListOptions, seen func(map[string]*unstructured.Unstructured) bool) error {
	list, err := client.List(ctx, o)
	if err != nil {
		return err
	}
	objs := make(map[string]*unstructured.Unstructured, len(list.Items))
	for i := range list.Items {
		objs[list.Items[i].GetName()] = &list.Items[i]
	}
	if seen(objs) {
		return nil
	}
	events, err := watchtools.NewRetryWatcherWithContext(ctx, list.GetResourceVersion(), &cache.ListWatch{
		WatchFuncWithContext: func(ctx context.Context, more metav1.ListOptions) (watch.Interface, error) {
			more.FieldSelector = o.FieldSelector
			return client.Watch(ctx, more)
		},
	})
	if err != nil {
		return err
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		obj, ok := event.Object.(*unstructured.Unstructured)
		if event.Type == watch.Error || !ok {
			return fmt.Errorf("watch: %w", apierrors.FromObject(event.Object))
		}
		switch event.Type {
		case watch.Added, watch.Modified:
			objs[obj.GetName()] = obj
		case watch.Deleted:
			delete(objs, obj.GetName())
		case watch.Bookmark, watch.Error:
			continue
		}
		if seen(objs) {
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return errors.New("watch: the control plane ended it")
}

// readObjects reads the YAML files of a directory, one object each, by name.
func readObjects(dir fs.FS) ([]*unstructured.Unstructured, error) {
	names, err := fs.Glob(dir, "*.yaml")
	if err != nil {
		return nil, err
	}
	var objs []*unstructured.Unstructured
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		obj := &unstructured.Unstructured{}
		if err := yaml.UnmarshalStrict(text, &obj.Object); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		objs = append(objs, obj)
	}
	return objs, nil
}
