package appstore

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/plan/depends"
)

// Store has the Applications and AppProjects of the control namespace. It is safe
// for concurrent use.
type Store struct {
	client   rest.Interface
	apps     cache.SharedIndexInformer
	projects cache.SharedIndexInformer
	ns       string

	mu sync.Mutex
	// created is the default project that was just made, until the watch tells of it.
	created *v1alpha1.AppProject
	written map[types.NamespacedName]*v1alpha1.Application // newer than the informer's, until that catches up
}

// Options are what a Store is made of.
type Options struct {
	Conn *cluster.Conn
	// Namespace is the control namespace.
	Namespace string
	// AppChanged is told of each Application that came, changed or went;
	// ProjectChanged of each AppProject.
	AppChanged     func(types.NamespacedName)
	ProjectChanged func(name string)
	Log            *slog.Logger
}

// New makes a Store that knows nothing before Run.
func New(opts Options) *Store {
	conn, namespace, log := opts.Conn, opts.Namespace, opts.Log
	scheme := runtime.NewScheme()
	_ = v1alpha1.AddToScheme(scheme) // cannot fail: the types are constants
	config := rest.CopyConfig(conn.Config())
	config.GroupVersion, config.APIPath = &v1alpha1.GroupVersion, "/apis"
	config.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	config.ContentType = "application/json"
	client, err := rest.RESTClientFor(config)
	if err != nil {
		panic(fmt.Sprintf("a configuration that made a connection makes a client: %v", err))
	}
	o := &Store{client: client, ns: namespace, written: map[types.NamespacedName]*v1alpha1.Application{}}
	o.apps = informer(client, "applications", namespace, &v1alpha1.Application{}, log)
	o.projects = informer(client, "appprojects", namespace, &v1alpha1.AppProject{}, log)
	on(o.apps, func(m metav1.Object) {
		opts.AppChanged(types.NamespacedName{Namespace: m.GetNamespace(), Name: m.GetName()})
	})
	on(o.projects, func(m metav1.Object) { opts.ProjectChanged(m.GetName()) })
	return o
}

func informer(client rest.Interface, what, namespace string, of runtime.Object, log *slog.Logger) cache.SharedIndexInformer {
	lw := cache.NewListWatchFromClient(client, what, namespace, fields.Everything())
	i := cache.NewSharedIndexInformer(lw, of, 0, cache.Indexers{byDependency: dependencies})
	// Both fail only on an informer that runs already.
	_ = i.SetWatchErrorHandlerWithContext(func(ctx context.Context, _ *cache.Reflector, err error) {
		log.WarnContext(ctx, "cannot watch", "what", what, "err", err)
	})
	_ = i.SetTransform(func(obj any) (any, error) {
		switch x := obj.(type) {
		case *v1alpha1.Application:
			lean(x)
		case metav1.Object:
			x.SetManagedFields(nil)
		}
		return obj, nil
	})
	return i
}

func on(i cache.SharedIndexInformer, changed func(metav1.Object)) {
	handle := func(obj any) {
		if d, ok := obj.(cache.DeletedFinalStateUnknown); ok {
			obj = d.Obj
		}
		if m, ok := obj.(metav1.Object); ok {
			changed(m)
		}
	}
	_, _ = i.AddEventHandler(cache.ResourceEventHandlerFuncs{ // fails only on a stopped informer
		AddFunc: handle, DeleteFunc: handle,
		UpdateFunc: func(before, after any) {
			if differ(before, after) {
				handle(after)
			}
		},
	})
}

// differ leaves out what an informer tells again after a reconnect.
func differ(a, b any) bool {
	x, okX := a.(metav1.Object)
	y, okY := b.(metav1.Object)
	return !okX || !okY || x.GetResourceVersion() != y.GetResourceVersion()
}

// Run watches until ctx ends.
func (o *Store) Run(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { o.apps.RunWithContext(ctx) })
	wg.Go(func() { o.projects.RunWithContext(ctx) })
	wg.Wait()
}

// Synced waits until everything was read once; its error is that of ctx.
func (o *Store) Synced(ctx context.Context) error {
	if !cache.WaitForCacheSync(ctx.Done(), o.apps.HasSynced, o.projects.HasSynced) {
		return ctx.Err()
	}
	return nil
}

// App is the newest known Application, or nil. It must not be changed.
func (o *Store) App(key types.NamespacedName) *v1alpha1.Application {
	obj, ok, err := o.apps.GetStore().GetByKey(key.String())
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || !ok {
		delete(o.written, key)
		return nil
	}
	seen, _ := obj.(*v1alpha1.Application)
	w := o.written[key]
	if w == nil || w.UID != seen.UID || !older(seen.ResourceVersion, w.ResourceVersion) {
		delete(o.written, key)
		return seen
	}
	return w
}

// Apps are all Applications, which must not be changed.
func (o *Store) Apps() []*v1alpha1.Application {
	var out []*v1alpha1.Application
	for _, obj := range o.apps.GetStore().List() {
		if a, ok := obj.(*v1alpha1.Application); ok {
			out = append(out, a)
		}
	}
	return out
}

// Project is an AppProject, or nil. It must not be changed.
func (o *Store) Project(name string) *v1alpha1.AppProject {
	obj, ok, err := o.projects.GetStore().GetByKey(o.ns + "/" + name)
	o.mu.Lock()
	defer o.mu.Unlock()
	if err != nil || !ok {
		if o.created != nil && o.created.Name == name {
			return o.created
		}
		return nil
	}
	p, _ := obj.(*v1alpha1.AppProject)
	if o.created != nil && o.created.Name == name {
		o.created = nil
	}
	return p
}

// Patch writes to an Application. After a conflict the newer Application will be
// seen.
func (o *Store) Patch(ctx context.Context, key types.NamespacedName, body []byte) (*v1alpha1.Application, error) {
	var app v1alpha1.Application
	err := o.client.Patch(types.MergePatchType).Namespace(key.Namespace).Resource("applications").Name(key.Name).
		Param("fieldManager", v1alpha1.FieldManager).Body(body).Do(ctx).Into(&app)
	if err != nil {
		return nil, err
	}
	lean(&app)
	o.mu.Lock()
	o.written[key] = &app
	o.mu.Unlock()
	return &app, nil
}

// CreateProject creates an AppProject. One that is there already is no error.
func (o *Store) CreateProject(ctx context.Context, p *v1alpha1.AppProject) error {
	err := o.client.Post().Namespace(o.ns).Resource("appprojects").Body(p).Do(ctx).Error()
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.created = p
	return nil
}

// older says whether resource version a is older than b.
func older(a, b string) bool {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	if errX != nil || errY != nil {
		return false
	}
	return x < y
}

// Projects are all AppProjects, which must not be changed.
func (o *Store) Projects() []*v1alpha1.AppProject {
	var out []*v1alpha1.AppProject
	for _, obj := range o.projects.GetStore().List() {
		if p, ok := obj.(*v1alpha1.AppProject); ok {
			out = append(out, p)
		}
	}
	return out
}

// byDependency indexes Applications by those that they depend on.
const byDependency = "depends-on"

func dependencies(obj any) ([]string, error) {
	app, ok := obj.(*v1alpha1.Application)
	if !ok {
		return nil, nil
	}
	on, err := depends.Parse(app.Annotations[v1alpha1.AnnotationDependsOn])
	if err != nil {
		return nil, nil //nolint:nilerr // whoever decides says what is wrong with it
	}
	var out []string
	for _, ref := range on {
		if ref.Namespace == "" {
			ref.Namespace = app.Namespace
		}
		out = append(out, types.NamespacedName(ref).String())
	}
	return out, nil
}

// Dependants are the Applications that depend on one by their annotation.
func (o *Store) Dependants(key types.NamespacedName) []types.NamespacedName {
	list, err := o.apps.GetIndexer().ByIndex(byDependency, key.String())
	if err != nil {
		return nil
	}
	var out []types.NamespacedName
	for _, obj := range list {
		if app, ok := obj.(*v1alpha1.Application); ok {
			out = append(out, types.NamespacedName{Namespace: app.Namespace, Name: app.Name})
		}
	}
	return out
}
