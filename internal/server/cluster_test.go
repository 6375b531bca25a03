package server_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server"
	"evenkeel.dev/internal/view"
)

// cluster stands for what lies beyond the server: the controller's cache and the
// Kubernetes API. It records the commands that it was given.
type cluster struct {
	view *view.Store

	mu       sync.Mutex
	apps     map[string]*v1alpha1.Application
	projects map[string]*v1alpha1.AppProject
	version  int
	commands []string
	// lazy leaves the refresh annotation in place, as a controller that is down.
	lazy bool
}

func newCluster(apps ...*v1alpha1.Application) *cluster {
	c := &cluster{view: view.NewStore(view.Options{Trees: trees{}}), apps: map[string]*v1alpha1.Application{}, projects: map[string]*v1alpha1.AppProject{
		"default": {ObjectMeta: metav1.ObjectMeta{Name: "default", ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "x"}}}},
		"windowed": {ObjectMeta: metav1.ObjectMeta{Name: "windowed"}, Spec: v1alpha1.AppProjectSpec{SyncWindows: v1alpha1.SyncWindows{
			{Kind: "deny", Schedule: "0 11 * * *", Duration: "2h", Applications: []string{"sh*"}, ManualSync: true},
			{Kind: "allow", Schedule: "0 22 * * *", Duration: "1h", Namespaces: []string{"prod"}, ManualSync: true},
			{Kind: "deny", Schedule: "* * * * *", Duration: "1h", Applications: []string{"till"}, SyncOverrun: true},
		}}},
	}}
	for _, a := range apps {
		c.put(a)
	}
	return c
}

func (c *cluster) put(a *v1alpha1.Application) *v1alpha1.Application {
	c.mu.Lock()
	c.version++
	a = a.DeepCopy()
	a.ResourceVersion = fmt.Sprint(c.version)
	c.apps[a.Namespace+"/"+a.Name] = a
	c.mu.Unlock()
	c.view.PutApp(view.RowOf(a, view.Extra{}))
	return a
}

func (c *cluster) remove(namespace, name string) {
	c.mu.Lock()
	delete(c.apps, namespace+"/"+name)
	c.mu.Unlock()
	c.view.RemoveApp(namespace, name)
}

func (c *cluster) did(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.commands = append(c.commands, fmt.Sprintf(format, args...))
}

func (c *cluster) done() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.commands)
}

func (c *cluster) List(context.Context) ([]*v1alpha1.Application, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []*v1alpha1.Application
	for _, a := range c.apps {
		all = append(all, a)
	}
	return all, nil
}

func (c *cluster) Get(_ context.Context, namespace, name string) (*v1alpha1.Application, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if a, ok := c.apps[namespace+"/"+name]; ok {
		return a, nil
	}
	return nil, fault.New(fault.NotFound, "there is no application %q in namespace %q", name, namespace)
}

func (c *cluster) ListProjects(context.Context) ([]*v1alpha1.AppProject, error) {
	var all []*v1alpha1.AppProject
	for _, p := range c.projects {
		all = append(all, p)
	}
	return all, nil
}

func (c *cluster) GetProject(_ context.Context, name string) (*v1alpha1.AppProject, error) {
	if p, ok := c.projects[name]; ok {
		return p, nil
	}
	return nil, fault.New(fault.NotFound, "there is no project %q", name)
}

func (c *cluster) Sync(ctx context.Context, namespace, name string, op v1alpha1.Operation) (*v1alpha1.Application, error) {
	a, err := c.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if a.Operation != nil {
		return nil, fault.New(fault.Conflict, "another operation is already in progress")
	}
	c.did("sync %s/%s %s", namespace, name, must(json.Marshal(op)))
	a = a.DeepCopy()
	a.Operation = &op
	return c.put(a), nil
}

func (c *cluster) Refresh(ctx context.Context, namespace, name, kind string) (*v1alpha1.Application, error) {
	a, err := c.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	c.did("refresh %s/%s %s", namespace, name, kind)
	a = a.DeepCopy()
	a.Annotations = map[string]string{v1alpha1.AnnotationRefresh: kind}
	asked := c.put(a)
	if !c.lazy {
		a.Annotations = nil
		c.put(a)
	}
	return asked, nil
}

func (c *cluster) Create(ctx context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	if _, err := c.Get(ctx, app.Namespace, app.Name); err == nil {
		return nil, fault.New(fault.Conflict, "it exists already")
	}
	c.did("create %s/%s", app.Namespace, app.Name)
	return c.put(app), nil
}

func (c *cluster) Update(_ context.Context, app *v1alpha1.Application) (*v1alpha1.Application, error) {
	c.did("update %s/%s", app.Namespace, app.Name)
	return c.put(app), nil
}

func (c *cluster) Patch(ctx context.Context, namespace, name string, kind types.PatchType, patch []byte) (*v1alpha1.Application, error) {
	c.did("patch %s/%s %s %s", namespace, name, kind, patch)
	return c.Get(ctx, namespace, name)
}

func (c *cluster) Delete(_ context.Context, namespace, name, finalizer string) error {
	c.did("delete %s/%s %q", namespace, name, finalizer)
	return nil
}

func (c *cluster) Terminate(_ context.Context, namespace, name string) error {
	c.did("terminate %s/%s", namespace, name)
	return nil
}

func (c *cluster) Rollback(ctx context.Context, namespace, name string, r view.Rollback) (*v1alpha1.Application, error) {
	app, err := c.Get(ctx, namespace, name)
	if err != nil {
		return nil, err
	}
	if r.ID != 3 {
		return nil, fault.New(fault.NotFound, "application %s/%s has no history entry %d", namespace, name, r.ID)
	}
	c.did("rollback %s/%s %s", namespace, name, must(json.Marshal(r)))
	return app, nil
}

func (c *cluster) Pin(ctx context.Context, namespace, name string, p view.Pinning) (*v1alpha1.Application, error) {
	c.did("pin %s/%s %s", namespace, name, must(json.Marshal(p)))
	return c.Get(ctx, namespace, name)
}

func (c *cluster) Unpin(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	c.did("unpin %s/%s", namespace, name)
	return c.Get(ctx, namespace, name)
}

func (c *cluster) ConfirmDeletion(ctx context.Context, namespace, name string) (*v1alpha1.Application, error) {
	c.did("confirm deletions of %s/%s", namespace, name)
	return c.Get(ctx, namespace, name)
}

// Plan tells in its hash whether it prunes, and in its one step of what it was asked.
func (c *cluster) Plan(_ context.Context, _, _ string, sync v1alpha1.SyncOperation) (view.Plan, error) {
	if sync.Revision != "" {
		return view.Plan{}, fault.New(fault.Unsupported, "only the revision in force can be planned here")
	}
	p := view.Plan{Hash: map[bool]string{false: "aaaaaaaaaaaaaaaa", true: "bbbbbbbbbbbbbbbb"}[sync.Prune], Revision: "abc", Skipped: []view.PlanItem{}}
	step := view.PlanStep{Phase: "Sync", Items: []view.PlanItem{}}
	for _, r := range sync.Resources {
		step.Items = append(step.Items, view.PlanItem{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name, Action: "update"})
	}
	p.Steps = []view.PlanStep{step}
	return p, nil
}

func (c *cluster) Diff(context.Context, string, string) ([]view.Difference, error) {
	return []view.Difference{{Group: "apps", Kind: "Deployment", Namespace: "prod", Name: "web", Desired: "spec: {replicas: 2}\n", Live: "", Changes: nil}}, nil
}

func (c *cluster) Problems(_ context.Context, _, name string) ([]view.Problem, error) {
	if name != "shop" {
		return nil, nil
	}
	return []view.Problem{{Type: "ComparisonError", Message: "first …", Text: "first\nsecond"}}, nil
}

func (c *cluster) Cause(_ context.Context, _, name string) ([]view.Explained, error) {
	if name != "shop" {
		return nil, nil
	}
	of := view.Ref{ID: "apps/Deployment/prod/web", Group: "apps", Kind: "Deployment", Namespace: "prod", Name: "web"}
	return []view.Explained{{
		Cause:   view.Cause{Object: of, Code: "imagePull", Params: map[string]string{"count": "3"}, Text: "3 pods ImagePullBackOff x:1"},
		Objects: []view.Ref{{ID: "/Pod/prod/web-1"}}, Event: &view.Event{Reason: "Failed", Count: 4, LastAt: "2026-11-23T08:00:00Z"},
	}}, nil
}

func (c *cluster) Events(_ context.Context, _, _ string, q view.EventQuery) ([]map[string]any, error) {
	switch q {
	case view.EventQuery{}:
		return nil, nil
	case view.EventQuery{UID: "u2", Namespace: "prod", Name: "web-1"}:
		return []map[string]any{{"reason": "FailedCreate", "type": "Warning", "count": 3}}, nil
	}
	return nil, fault.New(fault.Invalid, "%q is not part of application", q.Name)
}

func (c *cluster) Manifests(_ context.Context, _, _, revision string) ([]string, error) {
	if revision == "broken" {
		return nil, fault.New(fault.Broken, "kustomization.yaml: no such file")
	}
	return []string{`{"kind":"Service"}`}, nil
}

func must(b []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(b)
}

func newApp(namespace, name, project string, labels map[string]string) *v1alpha1.Application {
	return &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: labels, ManagedFields: []metav1.ManagedFieldsEntry{{Manager: "kubectl"}}},
		Spec: v1alpha1.ApplicationSpec{
			Project:     project,
			Source:      &v1alpha1.ApplicationSource{RepoURL: "https://git.example/" + name, Path: "."},
			Destination: v1alpha1.ApplicationDestination{Server: v1alpha1.InClusterServer, Namespace: "prod"},
		},
		Status: v1alpha1.ApplicationStatus{Sync: v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusSynced, Revision: "abc"}, Health: v1alpha1.AppHealthStatus{Status: v1alpha1.HealthStatusHealthy}},
	}
}

func (c *cluster) Actions(_ context.Context, _ *v1alpha1.Application, t view.ActionTarget) ([]view.Action, error) {
	switch t.Kind {
	case "Deployment":
		return []view.Action{
			{Name: "restart", IconClass: "fa fa-fw fa-redo"},
			{Name: "pause", DisplayName: "Pause", Disabled: true},
			{Name: "scale", Params: []view.ActionParam{{Name: "replicas", Default: "2"}}, Note: "Git says otherwise"},
		}, nil
	case "ConfigMap":
		return nil, nil
	}
	return nil, fault.New(fault.NotFound, "%s is not in the tree", t.Human())
}

func (c *cluster) RunAction(_ context.Context, app *v1alpha1.Application, r view.ActionRun) (view.ActionResult, error) {
	c.did("action %s/%s %s %s %s %v %s", app.Namespace, app.Name, r.Target, r.Target.Version, r.Action, r.Params, r.By)
	if r.Action == "scale" {
		return view.ActionResult{Note: "Git says otherwise", Created: []string{"batch/Job/prod/x"}}, nil
	}
	return view.ActionResult{}, nil
}

// may denies one action.
func may(_ context.Context, r server.Right) error {
	if strings.HasSuffix(r.Action, "/forbidden") {
		return fault.New(fault.Denied, "you may not do %s to %s/%s", r.Action, r.App.Namespace, r.App.Name)
	}
	return nil
}
