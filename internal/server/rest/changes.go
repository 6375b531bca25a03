package rest

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// nothing is an empty answer, {}.
type nothing struct{}

func (a *api) create(r *http.Request) (any, error) {
	q := r.URL.Query()
	upsert, err := boolean(q, "upsert", false)
	if err != nil {
		return nil, err
	}
	// The API server's own validation cannot be switched off, so "validate" says
	// nothing that would be acted on; a bad value is an error all the same.
	if _, err := boolean(q, "validate", true); err != nil {
		return nil, err
	}
	app := &v1alpha1.Application{}
	if err := decode(r, app); err != nil {
		return nil, err
	}
	t, err := a.target(app.Namespace, app.Name)
	if err != nil {
		return nil, err
	}
	app.Namespace = t.namespace
	if app.Operation != nil {
		return nil, fault.New(fault.Invalid, "application %q comes with an operation: create it, then sync it", app.Name)
	}
	app.Status = v1alpha1.ApplicationStatus{}
	created, err := a.Commands.Create(r.Context(), app)
	if fault.KindOf(err) != fault.Conflict {
		return showing(created, err)
	}
	return a.upsert(r.Context(), app, upsert)
}

// upsert answers for an Application that exists: as it is when it is what was
// asked for, changed to that when upsert is set.
func (a *api) upsert(ctx context.Context, app *v1alpha1.Application, upsert bool) (any, error) {
	existing, err := a.Commands.Get(ctx, app.Namespace, app.Name)
	if err != nil {
		return nil, err
	}
	next := existing.DeepCopy()
	next.Spec, next.Finalizers = app.Spec, app.Finalizers
	if projectOf(next) == projectOf(existing) {
		next.Spec.Project = existing.Spec.Project // empty means "default"
	}
	next.Labels = merged(existing.Labels, app.Labels)
	next.Annotations = merged(existing.Annotations, app.Annotations)
	if equality.Semantic.DeepEqual(existing, next) {
		return shown(existing), nil
	}
	if !upsert {
		return nil, fault.New(fault.Conflict, "application %q exists with another spec: use upsert=true to replace it", app.Name)
	}
	return showing(a.Commands.Update(ctx, next))
}

func merged(into, from map[string]string) map[string]string {
	out := maps.Clone(into)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, from)
	return out
}

func showing(app *v1alpha1.Application, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return shown(app), nil
}

// patchRequest is Argo CD's ApplicationPatchRequest.
type patchRequest struct {
	identity
	Patch     string `json:"patch"`
	PatchType string `json:"patchType"`
}

// identity is how requests repeat the Application that the path names.
type identity struct {
	Name         string `json:"name"`
	AppNamespace string `json:"appNamespace"`
	Project      string `json:"project"`
}

// addressed is the Application that path, query and body name together.
func (a *api) addressed(r *http.Request, i identity) (*v1alpha1.Application, error) {
	if name := r.PathValue("name"); i.Name != "" && i.Name != name {
		return nil, fault.New(fault.Invalid, "the path names application %q and the body %q", name, i.Name)
	}
	q := r.URL.Query()
	for parameter, value := range map[string]string{"appNamespace": i.AppNamespace, "project": i.Project} {
		if value == "" {
			continue
		}
		if other := q.Get(parameter); other != "" && other != value {
			return nil, fault.New(fault.Invalid, "%s is %q in the query and %q in the body", parameter, other, value)
		}
		q.Set(parameter, value)
	}
	r.URL.RawQuery = q.Encode()
	return a.application(r)
}

func (a *api) patch(r *http.Request) (any, error) {
	var req patchRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	app, err := a.addressed(r, req.identity)
	if err != nil {
		return nil, err
	}
	kinds := map[string]types.PatchType{"": types.JSONPatchType, "json": types.JSONPatchType, "merge": types.MergePatchType}
	kind, ok := kinds[req.PatchType]
	if !ok {
		return nil, fault.New(fault.Invalid, "patchType %q: want json or merge", req.PatchType)
	}
	if depth([]byte(req.Patch)) > maxDepth {
		return nil, fault.New(fault.Invalid, "the patch is nested deeper than %d", maxDepth)
	}
	return showing(a.Commands.Patch(r.Context(), app.Namespace, app.Name, kind, []byte(req.Patch)))
}

func (a *api) updateSpec(r *http.Request) (any, error) {
	var spec v1alpha1.ApplicationSpec
	if err := decode(r, &spec); err != nil {
		return nil, err
	}
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	patch, err := json.Marshal([]map[string]any{{"op": "replace", "path": "/spec", "value": spec}})
	if err != nil {
		return nil, err
	}
	updated, err := a.Commands.Patch(r.Context(), app.Namespace, app.Name, types.JSONPatchType, patch)
	if err != nil {
		return nil, err
	}
	return updated.Spec, nil
}

func (a *api) delete(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	finalizer, err := deletionFinalizer(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Commands.Delete(r.Context(), app.Namespace, app.Name, finalizer)
}

// deletionFinalizer reads cascade, true unless given, and propagationPolicy,
// foreground unless given. It is empty for a deletion that leaves the objects.
func deletionFinalizer(r *http.Request) (string, error) {
	q := r.URL.Query()
	cascade, err := boolean(q, "cascade", true)
	if err != nil {
		return "", err
	}
	policy := strings.ToLower(q.Get("propagationPolicy"))
	switch {
	case policy != "" && policy != "foreground" && policy != "background" && policy != "orphan":
		return "", fault.New(fault.Invalid, "propagationPolicy %q: want foreground, background or orphan", policy)
	case policy == "orphan" && cascade && q.Has("cascade"):
		return "", fault.New(fault.Invalid, "cascade=true and propagationPolicy=orphan contradict each other")
	case !cascade || policy == "orphan":
		return "", nil
	case policy == "background":
		return v1alpha1.FinalizerBackground, nil
	}
	return v1alpha1.FinalizerForeground, nil
}

func (a *api) terminate(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	return nothing{}, a.Commands.Terminate(r.Context(), app.Namespace, app.Name)
}

// syncRequest is Argo CD's ApplicationSyncRequest.
type syncRequest struct {
	identity
	Revision      string                           `json:"revision"`
	Revisions     []string                         `json:"revisions"`
	Positions     []int64                          `json:"sourcePositions"`
	DryRun        bool                             `json:"dryRun"`
	Prune         bool                             `json:"prune"`
	Strategy      *v1alpha1.SyncStrategy           `json:"strategy"`
	Resources     []v1alpha1.SyncOperationResource `json:"resources"`
	Manifests     []string                         `json:"manifests"`
	Infos         []*v1alpha1.Info                 `json:"infos"`
	RetryStrategy *v1alpha1.RetryStrategy          `json:"retryStrategy"`
	SyncOptions   *struct {
		Items []string `json:"items"`
	} `json:"syncOptions"`
}

func (a *api) sync(r *http.Request) (any, error) {
	var req syncRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	app, err := a.addressed(r, req.identity)
	if err != nil {
		return nil, err
	}
	op, err := req.operation(app)
	if err != nil {
		return nil, err
	}
	if err := a.checkWindows(r, app); err != nil {
		return nil, err
	}
	if err := a.checkPlan(r, app, op); err != nil {
		return nil, err
	}
	return showing(a.Commands.Sync(r.Context(), app.Namespace, app.Name, op))
}

func (req *syncRequest) operation(app *v1alpha1.Application) (v1alpha1.Operation, error) {
	revisions, err := req.ofSources(app)
	if err != nil {
		return v1alpha1.Operation{}, err
	}
	op := v1alpha1.Operation{
		Sync: &v1alpha1.SyncOperation{
			Revision:     req.Revision,
			Revisions:    revisions,
			Prune:        req.Prune,
			DryRun:       req.DryRun,
			SyncStrategy: req.Strategy,
			Resources:    req.Resources,
			Manifests:    req.Manifests,
		},
		InitiatedBy: v1alpha1.OperationInitiator{Username: username},
		Info:        req.Infos,
	}
	if req.RetryStrategy != nil {
		op.Retry = *req.RetryStrategy
	}
	// The UI sends empty options when it means none of its own.
	if req.SyncOptions != nil && len(req.SyncOptions.Items) > 0 {
		op.Sync.SyncOptions = req.SyncOptions.Items
	}
	return op, nil
}

// ofSources are the revisions of an Application's sources, in their order and empty
// where none is asked for; nil if none is for any. Positions count from 1.
func (req *syncRequest) ofSources(app *v1alpha1.Application) ([]string, error) {
	switch n := len(app.Spec.Sources); {
	case len(req.Revisions) != len(req.Positions):
		return nil, fault.New(fault.Invalid, "%d revisions for %d sourcePositions", len(req.Revisions), len(req.Positions))
	case len(req.Revisions) == 0 && (n == 0 || req.Revision == ""):
		return nil, nil
	case n == 0:
		return nil, fault.New(fault.Invalid, "application %q has one source: name its revision as revision, not in revisions", app.Name)
	case req.Revision != "":
		return nil, fault.New(fault.Invalid, "application %q has a list of %d sources: name revisions with sourcePositions instead of revision", app.Name, n)
	}
	out := make([]string, len(app.Spec.Sources))
	for i, at := range req.Positions {
		if at < 1 || at > int64(len(out)) {
			return nil, fault.New(fault.Invalid, "source position %d is out of range: application %q has %d sources, counted from 1", at, app.Name, len(out))
		}
		out[at-1] = req.Revisions[i]
	}
	return out, nil
}

func (a *api) uiRefresh(r *http.Request) (any, error) {
	var req struct {
		Type string `json:"type"`
	}
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	if err := checkRefresh(req.Type); err != nil {
		return nil, err
	}
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	_, err = a.Commands.Refresh(r.Context(), app.Namespace, app.Name, req.Type)
	return nothing{}, err
}
