package rest

import (
	"net/http"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// plan is what a sync of the Application would do now (view.Plan): GET with prune,
// revision and resources, one GROUP/KIND/NAMESPACE/NAME each; or POST with the request
// that would be sent to …/sync. It is ours.
func (a *api) plan(r *http.Request) (any, error) {
	if a.Plans == nil {
		return nil, fault.New(fault.Unsupported, "plans are not served yet")
	}
	req, err := plannedRequest(r)
	if err != nil {
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
	return a.Plans.Plan(r.Context(), app.Namespace, app.Name, *op.Sync)
}

func plannedRequest(r *http.Request) (syncRequest, error) {
	var req syncRequest
	if r.Method == http.MethodPost {
		err := decode(r, &req)
		return req, err
	}
	q := r.URL.Query()
	var err error
	if req.Prune, err = boolean(q, "prune", false); err != nil {
		return req, err
	}
	req.Revision = q.Get("revision")
	for _, id := range q["resources"] {
		key, ok := resource.ParseKey(id)
		if !ok {
			return req, fault.New(fault.Invalid, "query parameter resources: %q: want GROUP/KIND/NAMESPACE/NAME", id)
		}
		req.Resources = append(req.Resources, v1alpha1.SyncOperationResource{Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name})
	}
	return req, nil
}

// checkPlan refuses a sync that is to do just one plan if that is not what it would do
// now. The controller asks the same before it begins; here people learn of it before
// anything is recorded. A plan that cannot be made here is left to the controller.
func (a *api) checkPlan(r *http.Request, app *v1alpha1.Application, op v1alpha1.Operation) error {
	wanted := ""
	for _, i := range op.Info {
		if i != nil && i.Name == v1alpha1.InfoPlan {
			wanted = i.Value
		}
	}
	if wanted == "" || a.Plans == nil {
		return nil
	}
	now, err := a.Plans.Plan(r.Context(), app.Namespace, app.Name, *op.Sync)
	if err != nil || now.Hash == wanted {
		return nil //nolint:nilerr // the controller says what is wrong
	}
	return fault.New(fault.Conflict, "the plan %s is out of date: desired or live have moved since, and what would be done now is plan %s", wanted, now.Hash)
}
