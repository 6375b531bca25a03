package view

import (
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/window"
)

// Windows are the sync windows of an AppProject as they concern an Application.
type Windows struct {
	Assigned, Active v1alpha1.SyncWindows
	// CanSync says whether a person may sync now, Reason why or why not.
	CanSync bool
	Reason  string
	// CanAutoSync says whether automated sync may sync now.
	CanAutoSync bool
}

// WindowsOf are the windows of app's project at a time.
func WindowsOf(app *v1alpha1.Application, project *v1alpha1.AppProject, now time.Time) Windows {
	in := window.Of(app, window.Read(project.Spec.SyncWindows), now)
	automated := window.Decide(in)
	in.Manual = true
	d := window.Decide(in)
	return Windows{
		Assigned: window.Assigned(in), Active: window.Active(in), CanSync: d.Allowed, Reason: d.Reason, CanAutoSync: automated.Allowed,
	}
}

// ActiveWindows says of each of the windows whether it is active at a time, or counts
// as such because it cannot be read; and what is wrong with them.
func ActiveWindows(windows v1alpha1.SyncWindows, now time.Time) (active []bool, problems []string) {
	set := window.Read(windows)
	return set.Active(now), set.Problems()
}

// CheckWindow says what is wrong with a window that somebody is about to write.
func CheckWindow(w *v1alpha1.SyncWindow) []string { return window.Check(w) }
