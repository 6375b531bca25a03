package rest

import (
	"net/http"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// syncWindow is Argo CD's ApplicationSyncWindow.
type syncWindow struct {
	Kind       string `json:"kind"`
	Schedule   string `json:"schedule"`
	Duration   string `json:"duration"`
	ManualSync bool   `json:"manualSync"`
}

func syncWindowsOf(windows v1alpha1.SyncWindows) []syncWindow {
	out := make([]syncWindow, 0, len(windows))
	for _, w := range windows {
		out = append(out, syncWindow{Kind: w.Kind, Schedule: w.Schedule, Duration: w.Duration, ManualSync: w.ManualSync})
	}
	return out
}

// syncWindows are the windows of the Application's project that concern it. canSync
// is about a manual sync.
func (a *api) syncWindows(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	if a.Projects == nil {
		return nil, fault.New(fault.Unsupported, "sync windows are not served yet")
	}
	project, err := a.Projects.GetProject(r.Context(), projectOf(app))
	if err != nil {
		return nil, err
	}
	w := view.WindowsOf(app, project, a.Now())
	return struct {
		Active   []syncWindow `json:"activeWindows"`
		Assigned []syncWindow `json:"assignedWindows"`
		CanSync  bool         `json:"canSync"`
	}{syncWindowsOf(w.Active), syncWindowsOf(w.Assigned), w.CanSync}, nil
}

// projectWindows are the windows of a project that are active.
func (a *api) projectWindows(r *http.Request) (any, error) {
	project, err := a.projectNamed(r)
	if err != nil {
		return nil, err
	}
	active, _ := view.ActiveWindows(project.Spec.SyncWindows, a.Now())
	windows := v1alpha1.SyncWindows{}
	for i, w := range project.Spec.SyncWindows {
		if active[i] {
			windows = append(windows, w)
		}
	}
	return map[string]any{"windows": windows}, nil
}

// checkWindows refuses a sync that the windows block, as Argo CD's server does. What
// is asked for otherwise than here is held by the controller.
func (a *api) checkWindows(r *http.Request, app *v1alpha1.Application) error {
	if a.Projects == nil {
		return nil
	}
	project, err := a.Projects.GetProject(r.Context(), projectOf(app))
	if fault.KindOf(err) == fault.NotFound {
		return nil // the controller says so, and syncs nothing
	}
	if err != nil {
		return err
	}
	if w := view.WindowsOf(app, project, a.Now()); !w.CanSync {
		return fault.New(fault.Denied, "cannot sync: blocked by sync window: %s", w.Reason)
	}
	return nil
}
