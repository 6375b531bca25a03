package rest

import (
	"context"
	"log/slog"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/view"
)

// Applications reads Applications from a cache. What it returns is shared and is
// not changed here. A missing Application is fault.NotFound.
type Applications interface {
	List(ctx context.Context) ([]*v1alpha1.Application, error)
	Get(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
}

// Projects reads the AppProjects of the control namespace, in the same way.
type Projects interface {
	ListProjects(ctx context.Context) ([]*v1alpha1.AppProject, error)
	GetProject(ctx context.Context, name string) (*v1alpha1.AppProject, error)
}

// Commands changes Applications. It decides about what is asked for by the state
// in the cluster, not by that of a cache; its errors have kinds.
type Commands interface {
	// Sync asks for an operation. A nil SyncOptions and a zero Retry mean those of
	// the Application. fault.Conflict when another operation is in progress.
	Sync(ctx context.Context, namespace, name string, op v1alpha1.Operation) (*v1alpha1.Application, error)
	// Refresh asks for a comparison, kind being normal or hard.
	Refresh(ctx context.Context, namespace, name, kind string) (*v1alpha1.Application, error)
	// Create makes an Application; fault.Conflict when there is one of that name.
	Create(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error)
	// Update replaces spec, labels, annotations and finalizers of the Application
	// that has app's resource version; fault.Conflict when it has moved on.
	Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error)
	// Get reads an Application from the cluster, not from a cache.
	Get(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
	// Patch changes spec, labels, annotations or finalizers by a JSON patch or a
	// merge patch; a patch that changes anything else is fault.Invalid.
	Patch(ctx context.Context, namespace, name string, kind types.PatchType, patch []byte) (*v1alpha1.Application, error)
	// Delete deletes an Application, leaving it no resources finalizer but the
	// given one, which has its objects deleted first. With none they stay.
	Delete(ctx context.Context, namespace, name, finalizer string) error
	// Terminate stops the operation; fault.Conflict when there is none.
	Terminate(ctx context.Context, namespace, name string) error
	// Rollback pins to an entry of the history and asks for the sync, at once;
	// fault.Conflict when another operation has been asked for.
	Rollback(ctx context.Context, namespace, name string, r view.Rollback) (*v1alpha1.Application, error)
	// Pin holds the Application at a revision and syncs nothing.
	Pin(ctx context.Context, namespace, name string, p view.Pinning) (*v1alpha1.Application, error)
	// Unpin removes the pin; fault.Conflict when there is none.
	Unpin(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
	// ConfirmDeletion confirms the deletions that wait for a person.
	ConfirmDeletion(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
}

// Planner says what a sync would do, without doing it. A revision other than the one in
// force may be fault.Unsupported.
type Planner interface {
	Plan(ctx context.Context, namespace, name string, sync v1alpha1.SyncOperation) (view.Plan, error)
}

// Inspector looks at the objects of one Application, in the cluster and in the
// source.
type Inspector interface {
	// Diff is the managed objects with their desired and live state.
	Diff(ctx context.Context, namespace, name string) ([]view.Difference, error)
	// Manifests are the rendered objects as JSON, Secrets masked; an empty revision
	// means the one that is compared with.
	Manifests(ctx context.Context, namespace, name, revision string) ([]string, error)
	// Cause is why each object that is not healthy is not, with the last warnings about
	// what is in trouble.
	Cause(ctx context.Context, namespace, name string) ([]view.Explained, error)
	// Events are Kubernetes' events about one of the Application's objects, or about
	// itself; fault.Invalid when the object is none of them.
	Events(ctx context.Context, namespace, name string, q view.EventQuery) ([]map[string]any, error)
	// Problems are the conditions with the whole of what their messages begin to say.
	Problems(ctx context.Context, namespace, name string) ([]view.Problem, error)
}

// Version is Argo CD's VersionMessage.
type Version struct {
	Version          string
	BuildDate        string
	GitCommit        string
	GitTag           string `json:",omitempty"`
	GitTreeState     string `json:",omitempty"`
	GoVersion        string
	Compiler         string
	Platform         string
	KustomizeVersion string `json:",omitempty"`
	HelmVersion      string `json:",omitempty"`
	KubectlVersion   string `json:",omitempty"`
	JsonnetVersion   string `json:",omitempty"`
}

// Options of the API. Projects, Inspect, Plans and Actions may be nil: then what needs
// them is 501.
type Options struct {
	View     *view.Store
	Commands Commands
	Apps     Applications
	Projects Projects
	Inspect  Inspector
	Plans    Planner
	Actions  Actions
	// May says whether somebody may do something; its error is fault.Denied. Nil permits
	// everything, as long as there is no login.
	May func(context.Context, Right) error
	// Namespace is the control namespace, where requests look that name none;
	// empty means "argocd".
	Namespace string
	Version   Version
	// Now is the clock that sync windows go by; nil means the real one.
	Now func() time.Time
	// Log gets defects and, at debug level, every change that was asked for.
	Log *slog.Logger
}

// username is who asks, as long as there is no login.
const username = "local"

// api is the API's endpoints.
type api struct {
	Options
	watches chan struct{} // a slot per open stream of Applications
}
