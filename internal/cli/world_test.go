package cli_test

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	jsonpatch "github.com/evanphx/json-patch/v5"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/cli/actions"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
	"evenkeel.dev/internal/view"
)

// noon is when tests take place.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// step is what happens next to an Application that is being watched: a merge
// patch, or its end, after a while.
type step struct {
	patch []byte
	gone  bool
	after time.Duration
}

// world is a cluster and a pipeline in memory: the edge at which the commands
// are tested. Its Applications change as a script says, one step for each state
// that a watch gives.
type world struct {
	mu   sync.Mutex
	apps map[string]*v1alpha1.Application
	// projects are AppProjects by name, all in the control namespace.
	projects map[string]*v1alpha1.AppProject
	// ledgers are by NAMESPACE/NAME of the Application.
	ledgers map[string]once.Ledger
	steps   []step
	calls   []string
	data    pipelineData
	plans   plans
	// down makes every call fail.
	down error
}

// pipelineData is what the pipeline gives; Revisions holds the desired objects of
// other revisions.
type pipelineData struct {
	Desired     []map[string]any  `json:"desired"`
	Live        []map[string]any  `json:"live"`
	Differences []view.Difference `json:"differences"`
	Plan        view.Plan         `json:"plan"`
	Causes      []view.Explained  `json:"causes"`
	Error       string            `json:"error"`
}

func newWorld() *world {
	return &world{
		apps: map[string]*v1alpha1.Application{}, projects: map[string]*v1alpha1.AppProject{}, ledgers: map[string]once.Ledger{}, plans: plans{},
	}
}

func (w *world) put(app *v1alpha1.Application) { w.apps[app.Namespace+"/"+app.Name] = app }

func (w *world) record(format string, args ...any) {
	w.calls = append(w.calls, fmt.Sprintf(format, args...))
}

func (w *world) find(namespace, name string) (*v1alpha1.Application, error) {
	if w.down != nil {
		return nil, w.down
	}
	app := w.apps[namespace+"/"+name]
	if app == nil {
		return nil, fault.New(fault.NotFound, "get application %s/%s: not found", namespace, name)
	}
	return app, nil
}

func (w *world) Get(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	return app.DeepCopy(), nil
}

func (w *world) List(_ context.Context, namespace, selector string) ([]v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.down != nil {
		return nil, w.down
	}
	sel, err := labels.Parse(selector)
	if err != nil {
		return nil, err
	}
	var out []v1alpha1.Application
	for _, key := range sortedNames(w.apps) {
		app := w.apps[key]
		if (namespace == "" || app.Namespace == namespace) && sel.Matches(labels.Set(app.Labels)) {
			out = append(out, *app.DeepCopy())
		}
	}
	return out, nil
}

func (w *world) Watch(ctx context.Context, namespace, name string) iter.Seq2[*v1alpha1.Application, error] {
	return func(yield func(*v1alpha1.Application, error) bool) {
		app, err := w.Get(ctx, namespace, name)
		for {
			if !yield(app, err) || err != nil {
				return
			}
			app, err = w.advance(ctx, namespace, name)
		}
	}
}

// advance does the next step, or waits for the end of ctx when there is none.
func (w *world) advance(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	w.mu.Lock()
	if len(w.steps) == 0 {
		w.mu.Unlock()
		<-ctx.Done()
		return nil, ctx.Err()
	}
	next := w.steps[0]
	w.steps = w.steps[1:]
	w.mu.Unlock()
	if next.after > 0 {
		t := time.NewTimer(next.after)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	if next.gone {
		delete(w.apps, namespace+"/"+name)
		return w.find(namespace, name)
	}
	changed, err := patched(app, next.patch)
	if err != nil {
		return nil, err
	}
	w.put(changed)
	return changed.DeepCopy(), nil
}

func patched(app *v1alpha1.Application, patch []byte) (*v1alpha1.Application, error) {
	before, err := json.Marshal(app)
	if err != nil {
		return nil, err
	}
	after, err := jsonpatch.MergePatch(before, patch)
	if err != nil {
		return nil, err
	}
	out := &v1alpha1.Application{}
	return out, json.Unmarshal(after, out)
}

func (w *world) Create(_ context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record("create %s/%s", app.Namespace, app.Name)
	w.put(app.DeepCopy())
	return app, nil
}

func (w *world) Update(_ context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.record("update %s/%s", app.Namespace, app.Name)
	w.put(app.DeepCopy())
	return app, nil
}

func (w *world) Sync(_ context.Context, namespace, name string, op v1alpha1.Operation) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	if app.Operation != nil {
		return nil, fault.New(fault.Conflict, "sync application %s/%s: another operation is already in progress", namespace, name)
	}
	b, err := json.Marshal(op)
	if err != nil {
		return nil, err
	}
	w.record("sync %s/%s %s", namespace, name, b)
	app.Operation = &op
	return app, nil
}

func (w *world) Refresh(_ context.Context, namespace, name, kind string) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	w.record("refresh %s/%s %s", namespace, name, kind)
	metav1.SetMetaDataAnnotation(&app.ObjectMeta, v1alpha1.AnnotationRefresh, kind)
	return app, nil
}

func (w *world) Delete(_ context.Context, namespace, name, finalizer string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return err
	}
	w.record("delete %s/%s finalizer=%q", namespace, name, finalizer)
	app.DeletionTimestamp = &metav1.Time{Time: noon}
	if len(w.steps) == 0 {
		delete(w.apps, namespace+"/"+name)
	}
	return nil
}

func (w *world) GetProject(_ context.Context, namespace, name string) (*v1alpha1.AppProject, error) {
	p := w.projects[name]
	if w.down != nil {
		return nil, w.down
	}
	if p == nil || namespace != p.Namespace {
		return nil, fault.New(fault.NotFound, "get project %s/%s: not found", namespace, name)
	}
	return p.DeepCopy(), nil
}

func (w *world) SetWindows(_ context.Context, project *v1alpha1.AppProject) error {
	b, err := json.Marshal(project.Spec.SyncWindows)
	w.record("windows %s/%s@%s %s", project.Namespace, project.Name, project.ResourceVersion, b)
	w.projects[project.Name] = project.DeepCopy()
	return err
}

func (w *world) Hooks(_ context.Context, namespace, name string) (once.Ledger, error) {
	return w.ledgers[namespace+"/"+name], w.down
}

func (w *world) Rollback(_ context.Context, namespace, name string, r view.Rollback) (*v1alpha1.Application, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	if app.Operation != nil {
		return nil, fault.New(fault.Conflict, "roll back application %s/%s: another operation is already in progress", namespace, name)
	}
	pin, op, err := r.Of(app, noon)
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(op)
	if err != nil {
		return nil, err
	}
	w.record("rollback %s/%s %s %s", namespace, name, pin, b)
	annotations, err := pin.Write()
	for name, value := range annotations {
		if text, ok := value.(string); ok {
			metav1.SetMetaDataAnnotation(&app.ObjectMeta, name, text)
		}
	}
	app.Operation = &op
	return app.DeepCopy(), err
}

func (w *world) Unpin(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	app, err := w.find(namespace, name)
	if err != nil {
		return nil, err
	}
	if !view.IsPinned(app) {
		return nil, fault.New(fault.Conflict, "unpin application %s/%s: it is not pinned", namespace, name)
	}
	w.record("unpin %s/%s", namespace, name)
	for _, a := range view.PinAnnotations() {
		delete(app.Annotations, a)
	}
	return app, nil
}

func (w *world) Terminate(_ context.Context, namespace, name string) error {
	app, err := w.find(namespace, name)
	if err != nil {
		return err
	}
	if app.Operation == nil {
		return fault.New(fault.Conflict, "terminate the operation of application %s/%s: no operation is in progress", namespace, name)
	}
	w.record("terminate %s/%s", namespace, name)
	return nil
}

func (w *world) ConfirmDeletion(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	w.record("confirm deletions of %s/%s", namespace, name)
	return w.find(namespace, name)
}

func (w *world) Whoami(context.Context) (string, error) { return "alice", nil }

func (w *world) objects(list []map[string]any) ([]*unstructured.Unstructured, error) {
	if w.data.Error != "" {
		return nil, fault.New(fault.Broken, "%s", w.data.Error)
	}
	var out []*unstructured.Unstructured
	for _, o := range list {
		out = append(out, &unstructured.Unstructured{Object: o})
	}
	return out, nil
}

func (w *world) Manifests(_ context.Context, app *v1alpha1.Application, revisions []string) ([]*unstructured.Unstructured, error) {
	w.record("manifests %s/%s %q", app.Namespace, app.Name, strings.Join(revisions, ","))
	return w.objects(w.data.Desired)
}

func (w *world) Live(_ context.Context, app *v1alpha1.Application) ([]*unstructured.Unstructured, error) {
	w.record("live %s/%s", app.Namespace, app.Name)
	return w.objects(w.data.Live)
}

func (w *world) Diff(_ context.Context, app *v1alpha1.Application, revisions []string) ([]view.Difference, error) {
	w.record("diff %s/%s %q", app.Namespace, app.Name, strings.Join(revisions, ","))
	_, err := w.objects(nil)
	return w.data.Differences, err
}

func (w *world) Plan(_ context.Context, app *v1alpha1.Application, sync v1alpha1.SyncOperation) (view.Plan, error) {
	b, err := json.Marshal(sync)
	if err != nil {
		return view.Plan{}, err
	}
	w.record("plan %s/%s %s", app.Namespace, app.Name, b)
	_, err = w.objects(nil)
	return w.data.Plan, err
}

func (w *world) Cause(_ context.Context, app *v1alpha1.Application) ([]view.Explained, error) {
	w.record("cause %s/%s", app.Namespace, app.Name)
	_, err := w.objects(nil)
	return w.data.Causes, err
}

// plans are those that the world remembers.
type plans map[string]view.Plan

func (p plans) Keep(plan view.Plan) error {
	p[plan.Hash] = plan
	return nil
}

func (p plans) Find(hash string) (view.Plan, bool) {
	plan, ok := p[hash]
	return plan, ok
}

// env is an environment over the world.
func (w *world) env(out, errs *strings.Builder) cli.Env {
	return cli.Env{
		In: strings.NewReader(""), Out: out, Err: errs,
		Now:     func() time.Time { return noon },
		Build:   cli.Build{Version: "v0.1.0", GitCommit: "1a2b3c4d", GitTreeState: "clean", BuildDate: "2026-11-23T00:00:00Z", GoVersion: "go1.26", Compiler: "gc", Platform: "linux/amd64"},
		Connect: func(context.Context, cli.Connection) (cli.Cluster, error) { return w, w.down },
		Plans:   w.plans,
		OpenActions: func(_ context.Context, c cli.Connection) (actions.Runner, error) {
			w.record("actions of %s", c.Namespace)
			return w, nil
		},
		OpenPipeline: func(context.Context, cli.Connection) (cli.Pipeline, error) { return w, nil },
		Run: func(_ context.Context, o cli.RunOptions) error {
			w.record("run %+v", o)
			return nil
		},
	}
}

func (w *world) Actions(_ context.Context, app *v1alpha1.Application, t view.ActionTarget) ([]view.Action, error) {
	switch t.Kind {
	case "Deployment":
		note := ""
		if app.Spec.SyncPolicy != nil {
			note = "Git says otherwise about /spec/replicas: self-heal undoes this"
		}
		return []view.Action{{Name: "restart"}, {Name: "resume", Disabled: true}, {Name: "scale", Params: []view.ActionParam{{Name: "replicas", Default: "2"}}, Note: note}}, nil
	case "Application":
		return []view.Action{{Name: "toggle-auto-sync", DisplayName: "Enable Auto-Sync"}}, nil
	case "Service":
		return nil, fault.New(fault.NotFound, "%s is not there", t.Human())
	}
	return nil, nil
}

func (w *world) RunAction(_ context.Context, app *v1alpha1.Application, r view.ActionRun) (view.ActionResult, error) {
	w.record("action %s/%s %s %q %s %v by %s", app.Namespace, app.Name, r.Target, r.Target.Version, r.Action, r.Params, r.By)
	switch r.Action {
	case "explode":
		return view.ActionResult{}, fault.New(fault.NotFound, "%s has no action %q", r.Target.Human(), r.Action)
	case "create-job":
		return view.ActionResult{Created: []string{"batch/Job/web/made"}, Note: "Git says otherwise"}, nil
	}
	return view.ActionResult{}, nil
}

// loadApps reads Applications from a stream of YAML documents.
func loadApps(stream string) ([]*v1alpha1.Application, error) {
	var out []*v1alpha1.Application
	for _, doc := range documents(stream) {
		app := &v1alpha1.Application{}
		if err := yaml.UnmarshalStrict([]byte(doc), app); err != nil {
			return nil, err
		}
		out = append(out, app)
	}
	return out, nil
}

// loadSteps reads steps: merge patches, or {gone: true}.
func loadSteps(stream string) ([]step, error) {
	var out []step
	for _, doc := range documents(stream) {
		b, err := yaml.YAMLToJSON([]byte(doc))
		if err != nil {
			return nil, err
		}
		out = append(out, step{patch: b, gone: string(b) == `{"gone":true}`})
	}
	return out, nil
}

func documents(stream string) []string {
	var out []string
	for doc := range strings.SplitSeq("\n"+stream, "\n---\n") {
		if strings.TrimSpace(doc) != "" {
			out = append(out, doc)
		}
	}
	return out
}

func sortedNames(m map[string]*v1alpha1.Application) []string {
	return slices.Sorted(maps.Keys(m))
}
