package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/resource"
)

// The kinds that are read and written here are served by every cluster.

func coreKind(kind, plural string) cluster.Kind {
	return cluster.Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: kind}, Resource: plural, Namespaced: true}
}

func jobKind() cluster.Kind {
	return cluster.Kind{GVK: schema.GroupVersionKind{Group: "batch", Version: "v1", Kind: "Job"}, Resource: "jobs", Namespaced: true}
}

// Options are what a Store is made of.
type Options struct {
	// Conn is the cluster in which Applications are.
	Conn *cluster.Conn
	// Namespace is the control namespace, where the key for Secrets is.
	Namespace string
	// Now is the clock; nil means time.Now.
	Now func() time.Time
}

// Store reads and writes ledgers, and runs what they say. It is safe for
// concurrent use; calls for one Application must not overlap.
type Store struct {
	o Options

	mu sync.Mutex
	// books are the ledgers of Applications that have something running, so that
	// waiting needs no request.
	books map[types.NamespacedName]book
	mac   []byte
}

// book is a ledger as it was last seen. One without a version is not there yet.
type book struct {
	ledger       once.Ledger
	uid, version string
}

// New makes a Store. It sends nothing.
func New(o Options) *Store {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Store{o: o, books: map[types.NamespacedName]book{}}
}

// Read reads an Application's ledger. That there is none is an empty ledger; one
// that cannot be read is an error.
func (s *Store) Read(ctx context.Context, app types.NamespacedName) (once.Ledger, error) {
	b, err := s.read(ctx, app)
	return b.ledger, err
}

func (s *Store) read(ctx context.Context, app types.NamespacedName) (book, error) {
	obj, err := s.o.Conn.Get(ctx, coreKind("ConfigMap", "configmaps"), app.Namespace, once.ConfigMapName(app.Name))
	if apierrors.IsNotFound(err) {
		return book{}, nil
	}
	if err != nil {
		return book{}, explain(err, "read the ledger of application %s", app)
	}
	return open(obj, app)
}

// open reads a ConfigMap that should be a ledger.
func open(obj *unstructured.Unstructured, app types.NamespacedName) (book, error) {
	data, _, err := unstructured.NestedStringMap(obj.Object, "data")
	if err != nil {
		return book{}, err
	}
	l, err := once.FromConfigMap(app.Name, obj.GetLabels(), obj.GetAnnotations(), data)
	if err != nil {
		return book{}, fault.Wrap(fault.Invalid, err, "ConfigMap %s/%s cannot be read as a ledger; nothing that runs once per input runs until it is mended",
			obj.GetNamespace(), obj.GetName())
	}
	return book{ledger: l, uid: string(obj.GetUID()), version: obj.GetResourceVersion()}, nil
}

// write puts an entry into the ledger that b is, if that is still the one.
func (s *Store) write(ctx context.Context, app types.NamespacedName, b book, e once.Entry) (book, error) {
	l := b.ledger.With(e)
	text, err := once.Encode(l)
	if err != nil {
		return book{}, err
	}
	var obj *unstructured.Unstructured
	if b.version == "" {
		obj, err = s.create(ctx, app, text)
	} else {
		obj, err = s.replace(ctx, app, b, text)
	}
	if err != nil {
		return book{}, explain(err, "write the ledger of application %s", app)
	}
	return open(obj, app)
}

func ledgerKey(app types.NamespacedName) resource.Key {
	return resource.Key{Kind: "ConfigMap", Namespace: app.Namespace, Name: once.ConfigMapName(app.Name)}
}

func (s *Store) create(ctx context.Context, app types.NamespacedName, text string) (*unstructured.Unstructured, error) {
	key, kind := ledgerKey(app), coreKind("ConfigMap", "configmaps")
	body, err := json.Marshal(map[string]any{
		"apiVersion": "v1", "kind": "ConfigMap",
		"metadata": map[string]any{
			"name": key.Name, "namespace": key.Namespace,
			"labels":      map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedBy},
			"annotations": map[string]string{v1alpha1.AnnotationLedgerOf: app.Name},
		},
		"data": map[string]string{once.DataKey: text},
	})
	if err != nil {
		return nil, err
	}
	return s.o.Conn.Post(ctx, kind, key, body, cluster.WriteOptions{Manager: v1alpha1.FieldManager})
}

// replace writes over the version that was read, and no other: with the resource
// version in it the API server refuses a patch of something newer.
func (s *Store) replace(ctx context.Context, app types.NamespacedName, b book, text string) (*unstructured.Unstructured, error) {
	body, err := json.Marshal(map[string]any{
		"metadata": map[string]any{"resourceVersion": b.version, "uid": b.uid},
		"data":     map[string]string{once.DataKey: text},
	})
	if err != nil {
		return nil, err
	}
	return s.o.Conn.Patch(ctx, coreKind("ConfigMap", "configmaps"), ledgerKey(app), types.MergePatchType, body)
}

// Forget deletes an Application's ledger. It is for an Application whose objects
// were deleted with it: what a migration migrated is gone, so it has to run when
// the Application comes back. An Application that leaves its objects leaves its
// ledger.
func (s *Store) Forget(ctx context.Context, app types.NamespacedName) error {
	s.drop(app)
	kind, key := coreKind("ConfigMap", "configmaps"), ledgerKey(app)
	obj, err := s.o.Conn.Get(ctx, kind, key.Namespace, key.Name)
	if apierrors.IsNotFound(err) {
		return nil
	}
	if err == nil && obj.GetAnnotations()[v1alpha1.AnnotationLedgerOf] != app.Name {
		return nil // somebody's own
	}
	if err == nil {
		err = s.o.Conn.Delete(ctx, kind, key, cluster.DeleteOptions{UID: obj.GetUID(), Propagation: "Background"})
	}
	return explain(err, "delete the ledger of application %s", app)
}

func (s *Store) keep(app types.NamespacedName, b book) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.books[app] = b
}

func (s *Store) drop(app types.NamespacedName) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.books, app)
}

func (s *Store) kept(app types.NamespacedName) (book, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.books[app]
	return b, ok
}

// conflict says whether the ledger has moved since it was read.
func conflict(err error) bool {
	return apierrors.IsConflict(err) || apierrors.IsAlreadyExists(err) || apierrors.IsNotFound(err)
}

// explain gives an error of the API server's a kind, and says what was being done.
func explain(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	kind := fault.Internal
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		kind = fault.Unavailable
	case cluster.Forbidden(err):
		kind = fault.Denied
	case conflict(err):
		kind = fault.Conflict
	case cluster.Transient(err):
		kind = fault.Unavailable
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		kind = fault.Invalid
	}
	return fault.Wrap(kind, err, format, args...)
}
