package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/cluster/burst"
	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/jsonobject"
	"evenkeel.dev/internal/resource"
)

const (
	acceptJSON     = "application/json"
	acceptMeta     = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
	acceptMetaList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"

	// dialTimeout is client-go's, for a connection and for whether its other end is there.
	dialTimeout = 30 * time.Second
)

// Conn is a connection to one cluster. It is safe for concurrent use.
type Conn struct {
	rest    rest.Interface
	watches rest.Interface // of what is watched alone
	config  *rest.Config
}

// Connect prepares a connection; it sends nothing. Requests are not limited on
// the client's side: the API server's priority and fairness does that, and
// callers bound what they have in flight.
func Connect(config *rest.Config) (*Conn, error) {
	c := rest.CopyConfig(config)
	c.QPS, c.Burst = -1, -1
	c.WarningHandler = rest.NoWarnings{}
	// The scheme knows metav1.Status, so that refusals arrive with their reasons.
	scheme := runtime.NewScheme()
	metav1.AddToGroupVersion(scheme, schema.GroupVersion{Version: "v1"})
	c.NegotiatedSerializer = serializer.NewCodecFactory(scheme).WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(c)
	if err != nil {
		return nil, fmt.Errorf("connection to %s: %w", c.Host, err)
	}
	watches, err := rest.UnversionedRESTClientFor(forWatches(c))
	if err != nil {
		return nil, fmt.Errorf("connection to %s: %w", c.Host, err)
	}
	return &Conn{rest: client, watches: watches, config: c}, nil
}

// forWatches is a configuration for a connection of its own: an answer does not wait behind
// events then, and events can wait for one another.
func forWatches(config *rest.Config) *rest.Config {
	c := rest.CopyConfig(config)
	dial := burst.DialFunc(c.Dial)
	if dial == nil {
		dial = (&net.Dialer{Timeout: dialTimeout, KeepAlive: dialTimeout}).DialContext
	}
	c.Dial = burst.Dial(dial)
	return c
}

// Config is the connection's configuration; callers must not change it.
func (c *Conn) Config() *rest.Config { return c.config }

// Get reads one object.
func (c *Conn) Get(ctx context.Context, k Kind, namespace, name string) (*unstructured.Unstructured, error) {
	b, err := answer(c.rest.Get().AbsPath(k.path(namespace, name)).SetHeader("Accept", acceptJSON).Do(ctx))
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// WriteOptions are the options of a write of a whole object.
type WriteOptions struct {
	// DryRun asks for the outcome and changes nothing.
	DryRun bool
	// NoForce fails on fields that another manager owns instead of taking them over.
	// It is for Apply alone.
	NoForce bool
	// Manager is the field manager.
	Manager string
	// SkipValidation turns field validation off (sync option Validate=false).
	SkipValidation bool
}

// Apply sends a server-side apply of body, which is an object as JSON, and
// returns the object as it is then.
func (c *Conn) Apply(ctx context.Context, k Kind, key resource.Key, body []byte, o WriteOptions) (*unstructured.Unstructured, error) {
	r := c.rest.Patch(types.ApplyPatchType).AbsPath(k.path(key.Namespace, key.Name))
	if !o.NoForce {
		r = r.Param("force", "true")
	}
	return write(ctx, r, body, o)
}

// Post creates an object and returns it. That one of its name exists is an error.
func (c *Conn) Post(ctx context.Context, k Kind, key resource.Key, body []byte, o WriteOptions) (*unstructured.Unstructured, error) {
	return write(ctx, c.rest.Post().AbsPath(k.path(key.Namespace, "")).SetHeader("Content-Type", acceptJSON), body, o)
}

// Put writes an object as a whole over the one that exists and returns it. The body
// names the resource version that it is written over.
func (c *Conn) Put(ctx context.Context, k Kind, key resource.Key, body []byte, o WriteOptions) (*unstructured.Unstructured, error) {
	return write(ctx, c.rest.Put().AbsPath(k.path(key.Namespace, key.Name)).SetHeader("Content-Type", acceptJSON), body, o)
}

func write(ctx context.Context, r *rest.Request, body []byte, o WriteOptions) (*unstructured.Unstructured, error) {
	r = r.Param("fieldManager", o.Manager).SetHeader("Accept", acceptJSON).Body(body)
	if o.DryRun {
		r = r.Param("dryRun", "All")
	}
	if o.SkipValidation {
		r = r.Param("fieldValidation", "Ignore")
	} else {
		r = r.Param("fieldValidation", "Strict")
	}
	b, err := answer(r.Do(ctx))
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// Patch sends a JSON or merge patch.
func (c *Conn) Patch(ctx context.Context, k Kind, key resource.Key, t types.PatchType, body []byte) (*unstructured.Unstructured, error) {
	b, err := answer(c.rest.Patch(t).AbsPath(k.path(key.Namespace, key.Name)).SetHeader("Accept", acceptJSON).Body(body).Do(ctx))
	if err != nil {
		return nil, err
	}
	return decode(b)
}

// MergeOptions are the options of a merge patch.
type MergeOptions struct {
	WriteOptions
	// Subresource is what is patched of the object, as "status"; empty is the object.
	Subresource string
}

// Merge sends a merge patch under a field manager and returns the object as it is then.
// A body that names a resource version is for that one only. A kind that does not have
// the subresource is a not-found.
func (c *Conn) Merge(ctx context.Context, k Kind, key resource.Key, body []byte, o MergeOptions) (*unstructured.Unstructured, error) {
	path := k.path(key.Namespace, key.Name)
	if o.Subresource != "" {
		path += "/" + url.PathEscape(o.Subresource)
	}
	return write(ctx, c.rest.Patch(types.MergePatchType).AbsPath(path), body, o.WriteOptions)
}

// Create creates an object unless it exists, which is no error.
func (c *Conn) Create(ctx context.Context, k Kind, key resource.Key, body []byte) error {
	err := c.rest.Post().AbsPath(k.path(key.Namespace, "")).Body(body).Do(ctx).Error()
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}

// DeleteOptions are the options of a deletion.
type DeleteOptions struct {
	UID types.UID
	// Propagation is Foreground, Background or Orphan.
	Propagation string
	// DryRun asks whether it may be deleted and deletes nothing.
	DryRun bool
}

// Delete deletes exactly the object with this uid; another object of the same
// name is left alone (the API server answers with a conflict). An object that is
// gone already is no error.
func (c *Conn) Delete(ctx context.Context, k Kind, key resource.Key, o DeleteOptions) error {
	options := map[string]any{
		"kind": "DeleteOptions", "apiVersion": "v1",
		"propagationPolicy": o.Propagation,
		"preconditions":     map[string]any{"uid": o.UID},
	}
	if o.DryRun {
		options["dryRun"] = []string{"All"}
	}
	body, err := json.Marshal(options)
	if err != nil {
		return err
	}
	r := c.rest.Delete().AbsPath(k.path(key.Namespace, key.Name)).SetHeader("Content-Type", acceptJSON).Body(body)
	if o.DryRun {
		// The body alone counts. This is for whoever reads an audit log, which has no bodies.
		r = r.Param("dryRun", "All")
	}
	err = r.Do(ctx).Error()
	if apierrors.IsNotFound(err) {
		return nil
	}
	return err
}

// ServerVersion is the cluster's Kubernetes version, like v1.37.2.
func (c *Conn) ServerVersion(ctx context.Context) (string, error) {
	b, err := answer(c.rest.Get().AbsPath("/version").Do(ctx))
	if err != nil {
		return "", err
	}
	var v struct {
		GitVersion string `json:"gitVersion"`
	}
	if err := json.Unmarshal(b, &v); err != nil {
		return "", fmt.Errorf("version of the cluster: %w", err)
	}
	return v.GitVersion, nil
}

// listPage reads one page. Items stay undecoded.
func (c *Conn) listPage(ctx context.Context, k Kind, full bool, cont string) (wire.Page, error) {
	accept := acceptMetaList
	if full {
		accept = acceptJSON
	}
	r := c.rest.Get().AbsPath(k.path("", "")).SetHeader("Accept", accept).Param("limit", pageSize)
	if cont != "" {
		r = r.Param("continue", cont)
	}
	b, err := answer(r.Do(ctx))
	if err != nil {
		return wire.Page{}, err
	}
	p, err := wire.DecodePage(b)
	if err != nil {
		return wire.Page{}, fmt.Errorf("list of %s: %w", k.GVK.GroupKind(), err)
	}
	return p, nil
}

// watch opens a stream of events after a resource version.
func (c *Conn) watch(ctx context.Context, k Kind, full bool, after, timeoutSeconds string) (io.ReadCloser, error) {
	accept := acceptMeta
	if full {
		accept = acceptJSON
	}
	return c.watches.Get().AbsPath(k.path("", "")).SetHeader("Accept", accept).
		Param("watch", "true").Param("allowWatchBookmarks", "true").
		Param("resourceVersion", after).Param("timeoutSeconds", timeoutSeconds).
		Stream(ctx)
}

// raw is a GET of any path, for discovery.
func (c *Conn) raw(ctx context.Context, path, accept string) ([]byte, error) {
	return answer(c.rest.Get().AbsPath(path).SetHeader("Accept", accept).Do(ctx))
}

// path is the URL path of a kind's collection or of one object, every segment escaped.
func (k Kind) path(namespace, name string) string {
	p := "/api/" + k.GVK.Version
	if k.GVK.Group != "" {
		p = "/apis/" + k.GVK.Group + "/" + k.GVK.Version
	}
	if k.Namespaced && namespace != "" {
		p += "/namespaces/" + url.PathEscape(namespace)
	}
	p += "/" + k.Resource
	if name != "" {
		p += "/" + url.PathEscape(name)
	}
	return p
}

// answer is the body of an answer. Of a refusal Result.Raw knows the code only;
// Result.Error reads what the API server says about it.
func answer(r rest.Result) ([]byte, error) {
	if err := r.Error(); err != nil {
		return nil, err
	}
	return r.Raw()
}

func decode(b []byte) (*unstructured.Unstructured, error) {
	m, err := jsonobject.Decode(b)
	if err != nil {
		return nil, fmt.Errorf("an object from the API server: %w", err)
	}
	return &unstructured.Unstructured{Object: m}, nil
}

// Forbidden says whether the API server refused for want of a right.
func Forbidden(err error) bool {
	return apierrors.IsForbidden(err) || apierrors.IsUnauthorized(err)
}

// Transient says whether the same request may succeed later: the API server was
// away or overloaded, the object moved, or a kind is defined but not served yet.
func Transient(err error) bool {
	if err == nil {
		return false
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		return true // no answer at all
	}
	switch s := status.Status(); s.Code {
	case http.StatusTooManyRequests, http.StatusConflict, http.StatusServiceUnavailable:
		return true
	case http.StatusNotFound:
		return s.Details == nil || s.Details.Name == ""
	}
	return false
}

// Kind is one kind of object as the API server serves it.
type Kind struct {
	GVK        schema.GroupVersionKind
	Resource   string
	Namespaced bool
	// Watchable says whether objects can be listed and watched.
	Watchable bool
}
