package rest

import (
	"net/http"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// cause is why objects are not healthy, with the last warnings about them. It is ours.
func (a *api) cause(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Inspect == nil {
		return nil, fault.New(fault.Unsupported, "causes are not served yet")
	}
	causes, err := a.Inspect.Cause(r.Context(), app.Namespace, app.Name)
	if err != nil {
		return nil, err
	}
	return map[string]any{"items": append([]view.Explained{}, causes...)}, nil
}

// events is Argo CD's ListResourceEvents.
func (a *api) events(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Inspect == nil {
		return nil, fault.New(fault.Unsupported, "events are not served yet")
	}
	q := r.URL.Query()
	items, err := a.Inspect.Events(r.Context(), app.Namespace, app.Name, view.EventQuery{
		UID: q.Get("resourceUID"), Namespace: q.Get("resourceNamespace"), Name: q.Get("resourceName"),
	})
	if err != nil {
		return nil, err
	}
	return map[string]any{"metadata": metav1.ListMeta{}, "items": append([]map[string]any{}, items...)}, nil
}
