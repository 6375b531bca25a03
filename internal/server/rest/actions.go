package rest

import (
	"context"
	"net/http"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Actions knows what can be done to the objects of an Application's tree, and does it.
// An object that is not in the tree is fault.NotFound.
type Actions interface {
	Actions(ctx context.Context, app *v1alpha1.Application, target view.ActionTarget) ([]view.Action, error)
	RunAction(ctx context.Context, app *v1alpha1.Application, run view.ActionRun) (view.ActionResult, error)
}

// Right is something that somebody wants to do to an Application, in the words of Argo
// CD's policies (argo-cd.md §1.12): action/GROUP/KIND/NAME.
type Right struct {
	App    *v1alpha1.Application
	Action string
}

// objectQuery is Argo CD's ApplicationResourceRequest, as a query or in a body.
type objectQuery struct {
	Namespace    string `json:"namespace"`
	ResourceName string `json:"resourceName"`
	Version      string `json:"version"`
	Group        string `json:"group"`
	Kind         string `json:"kind"`
}

func objectQueryOf(r *http.Request) objectQuery {
	q := r.URL.Query()
	return objectQuery{
		Namespace: q.Get("namespace"), ResourceName: q.Get("resourceName"),
		Version: q.Get("version"), Group: q.Get("group"), Kind: q.Get("kind"),
	}
}

func (o objectQuery) target() (view.ActionTarget, error) {
	if o.Kind == "" || o.ResourceName == "" {
		return view.ActionTarget{}, fault.New(fault.Invalid, "kind and resourceName are both needed to say which object is meant")
	}
	key := resource.Key{Group: o.Group, Kind: o.Kind, Namespace: o.Namespace, Name: o.ResourceName}
	return view.ActionTarget{Key: key, Version: o.Version}, nil
}

func (a *api) listActions(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	target, err := objectQueryOf(r).target()
	if err != nil {
		return nil, err
	}
	if a.Actions == nil {
		return nil, noActions()
	}
	actions, err := a.Actions.Actions(r.Context(), app, target)
	if err != nil {
		return nil, err
	}
	return map[string]any{"actions": append([]view.Action{}, actions...)}, nil
}

func noActions() error {
	return fault.New(fault.Unsupported, "actions on objects are not served yet")
}

// runAction is Argo CD's first way of running one: the body is the action's name, the
// query says on what, and there are no parameters.
func (a *api) runAction(r *http.Request) (any, error) {
	var name string
	if err := decode(r, &name); err != nil {
		return nil, err
	}
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	return a.run(r, app, actionRequest{objectQuery: objectQueryOf(r), Action: name})
}

// actionRequest is Argo CD's ResourceActionRunRequestV2.
type actionRequest struct {
	identity
	objectQuery
	Action     string        `json:"action"`
	Parameters []actionParam `json:"resourceActionParameters"`
}

type actionParam struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// maxParams bounds the parameters of an action.
const maxParams = 64

func (a *api) runActionV2(r *http.Request) (any, error) {
	var req actionRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	app, err := a.addressed(r, req.identity)
	if err != nil {
		return nil, err
	}
	return a.run(r, app, req)
}

func (a *api) run(r *http.Request, app *v1alpha1.Application, req actionRequest) (any, error) {
	target, err := req.target()
	if err != nil {
		return nil, err
	}
	params, err := paramsOf(req.Parameters)
	switch {
	case err != nil:
		return nil, err
	case req.Action == "":
		return nil, fault.New(fault.Invalid, "the action is empty: which one is to be run?")
	case a.Actions == nil:
		return nil, noActions()
	}
	right := Right{App: app, Action: "action/" + req.Group + "/" + req.Kind + "/" + req.Action}
	if err := a.may(r, right); err != nil {
		a.Log.WarnContext(r.Context(), "resource action", "user", username, "app", app.Namespace+"/"+app.Name,
			"object", target.String(), "action", req.Action, "outcome", "denied")
		return nil, err
	}
	return a.Actions.RunAction(r.Context(), app, view.ActionRun{Target: target, Action: req.Action, Params: params, By: username})
}

func (a *api) may(r *http.Request, right Right) error {
	if a.May == nil {
		return nil
	}
	return a.May(r.Context(), right)
}

func paramsOf(list []actionParam) (map[string]string, error) {
	if len(list) > maxParams {
		return nil, fault.New(fault.Invalid, "resourceActionParameters has %d entries, %d are allowed", len(list), maxParams)
	}
	params := make(map[string]string, len(list))
	for _, p := range list {
		if p.Name == "" {
			return nil, fault.New(fault.Invalid, "resourceActionParameters has an entry without a name")
		}
		if _, twice := params[p.Name]; twice {
			return nil, fault.New(fault.Invalid, "resourceActionParameters has %s twice", resource.Shown(p.Name))
		}
		params[p.Name] = p.Value
	}
	return params, nil
}
