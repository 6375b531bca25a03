package cli

import (
	"context"
	"io"
	"iter"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/about"
	"evenkeel.dev/internal/cli/actions"
	"evenkeel.dev/internal/cli/hooks"
	"evenkeel.dev/internal/cli/steer"
	"evenkeel.dev/internal/cli/windows"
	"evenkeel.dev/internal/view"
)

// Cluster is where Applications and AppProjects live. Its errors carry a fault.Kind:
// NotFound for one that does not exist, Conflict for one that has changed or is busy.
type Cluster interface {
	windows.Projects
	hooks.Ledgers
	steer.Cluster
	Get(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
	// List gives the Applications of a namespace, or of all when it is empty,
	// that match a label selector, ordered by namespace and name.
	List(ctx context.Context, namespace, selector string) ([]v1alpha1.Application, error)
	// Watch gives the Application as it is, then each state that follows, until
	// the consumer stops or ctx ends. When there is no such Application, or no
	// more, it ends with a NotFound error.
	Watch(ctx context.Context, namespace, name string) iter.Seq2[*v1alpha1.Application, error]
	Create(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error)
	// Update replaces metadata and spec of the Application that has app's
	// resource version.
	Update(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error)
	// Sync asks for an operation; Conflict when another one has not ended.
	Sync(ctx context.Context, namespace, name string, op v1alpha1.Operation) (*v1alpha1.Application, error)
	// Refresh asks for a comparison: v1alpha1.RefreshNormal or RefreshHard.
	Refresh(ctx context.Context, namespace, name, kind string) (*v1alpha1.Application, error)
	// Delete deletes the Application. It is left with no resources finalizer but
	// the given one; with none its objects stay.
	Delete(ctx context.Context, namespace, name, finalizer string) error
}

// Pipeline renders and compares in this process. Revisions are one for each source, in
// their order; an empty one, or none, means the Application's own.
type Pipeline interface {
	// Manifests are the objects that the source desires, Secrets as they are.
	Manifests(ctx context.Context, app *v1alpha1.Application, revisions []string) ([]*unstructured.Unstructured, error)
	// Live are the managed objects as the cluster has them, Secrets as they are.
	Live(ctx context.Context, app *v1alpha1.Application) ([]*unstructured.Unstructured, error)
	// Diff are the objects that differ, Secrets masked.
	Diff(ctx context.Context, app *v1alpha1.Application, revisions []string) ([]view.Difference, error)
	// Cause is why the objects that are not healthy are not, with the last warnings.
	Cause(ctx context.Context, app *v1alpha1.Application) ([]view.Explained, error)
	// Plan is what a sync would do, Secrets masked, with the hash that the controller
	// would find for it.
	Plan(ctx context.Context, app *v1alpha1.Application, sync v1alpha1.SyncOperation) (view.Plan, error)
}

// Plans remembers from one run of the program to the next the plans that people saw.
type Plans interface {
	Keep(plan view.Plan) error
	// Find is the plan of a hash, if it is remembered.
	Find(hash string) (view.Plan, bool)
}

// Connection says which cluster to talk to.
type Connection struct {
	// Kubeconfig is a file; empty means what kubectl would use.
	Kubeconfig string
	// Context is a context of the kubeconfig; empty means its current one.
	Context string
	// Namespace is the control plane's.
	Namespace string
}

// RunOptions are the options of "evenkeel run".
type RunOptions struct {
	Connection
	// Listen is the address of the web server, HOST:PORT.
	Listen string
	// Data is a directory for mirrors and rendered results.
	Data string
	// LogLevel is debug, info, warn or error; LogFormat text or json.
	LogLevel  string
	LogFormat string
	// UnconfinedRendering renders also where render workers cannot be confined.
	UnconfinedRendering bool
	// PluginPrograms are directories with programs of config management plugins.
	PluginPrograms []string
	// RenderTimeout and RenderMemory bound one rendering, the latter in bytes; 0 is
	// the default.
	RenderTimeout time.Duration
	RenderMemory  int64
}

// Terminal describes who reads.
type Terminal struct {
	// Out says whether the output is a terminal.
	Out bool
	// Color allows colours.
	Color bool
	// Width of the output in cells; 0 means without limit.
	Width int
	// Environ describes the terminal as os.Environ does.
	Environ []string
}

// Build says what was built from which commit.
type Build = about.Build

// Env is what the commands stand on. All fields but Plans and Run are
// required.
type Env struct {
	In       io.Reader
	Out, Err io.Writer
	Terminal Terminal
	Now      func() time.Time
	Build    Build
	// ReadFile reads a file that a flag names.
	ReadFile func(name string) ([]byte, error)
	// Connect reaches the cluster. It is called once, and only by commands that
	// need it.
	Connect func(context.Context, Connection) (Cluster, error)
	// OpenPipeline makes the pipeline. It is called once, and only by commands
	// that render.
	OpenPipeline func(context.Context, Connection) (Pipeline, error)
	// OpenActions reaches the objects of Applications. It is called by commands that act
	// on them.
	OpenActions func(context.Context, Connection) (actions.Runner, error)
	// Plans may be nil: then none is remembered.
	Plans Plans
	// Run is the controller and server; nil leaves the command out.
	Run func(context.Context, RunOptions) error
}
