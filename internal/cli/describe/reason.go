package describe

import (
	"fmt"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/live"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Reason says in one sentence why an Application is as it is. The first thing
// that holds, in the order below, is what matters most to whoever looks.
func Reason(app *v1alpha1.Application, now time.Time) string {
	for _, explain := range [...]func(*v1alpha1.Application, time.Time) string{
		beingDeleted, inOperation, inError, afterFailure, unhealthy, outOfSync, inProgress,
	} {
		if text := explain(app, now); text != "" {
			return text
		}
	}
	switch {
	case app.Status.Sync.Status == "":
		return "not compared yet: is the controller running in this namespace?"
	case app.Status.Sync.Status == v1alpha1.SyncStatusUnknown:
		return "live and desired state could not be compared"
	case app.Status.Health.Status == v1alpha1.HealthStatusHealthy:
		return "equal to " + at(app) + " and healthy"
	}
	return "equal to " + at(app)
}

func beingDeleted(app *v1alpha1.Application, now time.Time) string {
	if app.DeletionTimestamp == nil {
		return ""
	}
	text := "being deleted since " + Age(app.DeletionTimestamp.Time, now)
	if len(app.Finalizers) > 0 {
		text += ", waiting for finalizer " + strings.Join(app.Finalizers, ", ")
	}
	return text
}

func inOperation(app *v1alpha1.Application, now time.Time) string {
	op := app.Status.OperationState
	if op == nil || op.Phase.Completed() {
		if app.Operation != nil {
			return "an operation has been requested and not been picked up yet"
		}
		return ""
	}
	text := "an operation is " + strings.ToLower(string(op.Phase)) + " since " + Age(op.StartedAt.Time, now)
	if by := Initiator(op.Operation.InitiatedBy); by != "" {
		text += ", started by " + by
	}
	if op.RetryCount > 0 {
		text += fmt.Sprintf(", retry %d", op.RetryCount)
	}
	if op.Message != "" {
		text += ": " + op.Message
	}
	return text
}

func inError(app *v1alpha1.Application, now time.Time) string {
	for _, c := range app.Status.Conditions {
		if !strings.HasSuffix(string(c.Type), "Error") {
			continue
		}
		text := string(c.Type)
		if !c.LastTransitionTime.IsZero() {
			text += " since " + Age(c.LastTransitionTime.Time, now)
		}
		return text + ": " + c.Message
	}
	return ""
}

func afterFailure(app *v1alpha1.Application, now time.Time) string {
	op := app.Status.OperationState
	if op == nil || op.Phase != v1alpha1.OperationFailed && op.Phase != v1alpha1.OperationError {
		return ""
	}
	text := "the last operation " + map[v1alpha1.OperationPhase]string{
		v1alpha1.OperationFailed: "failed", v1alpha1.OperationError: "ended in an error",
	}[op.Phase]
	if op.FinishedAt != nil {
		text += " " + Age(op.FinishedAt.Time, now) + " ago"
	}
	if op.Message != "" {
		text += ": " + op.Message
	}
	return text
}

func unhealthy(app *v1alpha1.Application, now time.Time) string {
	return byHealth(app, now, v1alpha1.HealthStatusDegraded)
}

func inProgress(app *v1alpha1.Application, now time.Time) string {
	for _, h := range [...]v1alpha1.HealthStatusCode{
		v1alpha1.HealthStatusProgressing, v1alpha1.HealthStatusSuspended, v1alpha1.HealthStatusMissing, v1alpha1.HealthStatusUnknown,
	} {
		if text := byHealth(app, now, h); text != "" {
			return text
		}
	}
	return ""
}

// byHealth names the objects of a health that the Application has too.
func byHealth(app *v1alpha1.Application, now time.Time, want v1alpha1.HealthStatusCode) string {
	if app.Status.Health.Status != want {
		return ""
	}
	var names []string
	for _, st := range live.States(app, nil) {
		if st.Health != string(want) {
			continue
		}
		name := st.Key.Human()
		if st.Message != "" {
			name += " (" + st.Message + ")"
		}
		names = append(names, name)
	}
	text := string(want)
	if since := app.Status.Health.LastTransitionTime; !since.IsZero() {
		text += " since " + Age(since.Time, now)
	}
	switch message := app.Status.Health.Message; {
	case message != "" && len(names) > 1: // it is about one of them
		return fmt.Sprintf("%s: %s, and %d more", text, message, len(names)-1)
	case message != "":
		return text + ": " + message
	case len(names) == 0:
		return text
	}
	return text + ": " + Few(names)
}

func outOfSync(app *v1alpha1.Application, _ time.Time) string {
	if app.Status.Sync.Status != v1alpha1.SyncStatusOutOfSync {
		return ""
	}
	var differ, prune []string
	for _, st := range live.States(app, nil) {
		switch {
		case st.Prune:
			prune = append(prune, st.Key.Human())
		case st.Status == string(v1alpha1.SyncStatusOutOfSync):
			differ = append(differ, st.Key.Human())
		}
	}
	var parts []string
	if len(differ) > 0 {
		parts = append(parts, fmt.Sprintf("%d of %d objects differ from %s: %s",
			len(differ), len(app.Status.Resources), at(app), Few(differ)))
	}
	if len(prune) > 0 {
		parts = append(parts, fmt.Sprintf("%d no longer in the source: %s", len(prune), Few(prune)))
	}
	if len(parts) == 0 {
		parts = append(parts, "differs from "+at(app))
	}
	if why := view.Waiting(app); why != "" {
		parts = append(parts, "its sync waits: "+why)
	}
	return strings.Join(parts, "; ")
}

func at(app *v1alpha1.Application) string {
	if text := Revisions(app); text != "" {
		return text
	}
	return "the source"
}

// Few lists the first three names.
func Few(names []string) string {
	const most = 3
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}

// Age is the time from then to now in its two largest units: 3d4h, 12m5s.
func Age(then, now time.Time) string {
	d := max(0, now.Sub(then)).Truncate(time.Second)
	days, hours := int(d.Hours())/24, int(d.Hours())%24
	minutes, seconds := int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case days > 0:
		return two(days, "d", hours, "h")
	case hours > 0:
		return two(hours, "h", minutes, "m")
	case minutes > 0:
		return two(minutes, "m", seconds, "s")
	}
	return fmt.Sprintf("%ds", seconds)
}

func two(large int, unit string, small int, smallUnit string) string {
	if small == 0 {
		return fmt.Sprintf("%d%s", large, unit)
	}
	return fmt.Sprintf("%d%s%d%s", large, unit, small, smallUnit)
}

// aborted is what can be done about a Rollout that went back by itself.
func aborted(app *v1alpha1.Application, name string) string {
	const otherwise = "correct it in Git, or have the Rollout try again"
	entry, ok := view.Before(app)
	if !ok {
		return otherwise
	}
	return fmt.Sprintf("go back to what was deployed before (%s): evenkeel app rollback %s %d; or %s",
		resource.OriginOfHistory(&entry).Short(), name, entry.ID, otherwise)
}

// All is how to see the whole of a condition of which the message is a part. The mark is
// that of the renderers (render/tree.Clip).
func All(app *v1alpha1.Application, c v1alpha1.ApplicationCondition) string {
	if c.Type != v1alpha1.ConditionComparisonError || !strings.Contains(c.Message, " …") {
		return ""
	}
	return "see all of it: evenkeel app get " + app.Namespace + "/" + app.Name + " --show-errors"
}

// NextStep is what somebody can do about a condition.
func NextStep(app *v1alpha1.Application, c v1alpha1.ApplicationCondition) string {
	name := app.Namespace + "/" + app.Name
	switch c.Type {
	case v1alpha1.ConditionComparisonError:
		return "mend the source or its credentials, then: evenkeel app get " + name + " --hard-refresh"
	case v1alpha1.ConditionInvalidSpecError:
		return "correct the spec (kubectl edit applications.argoproj.io " + app.Name + " -n " + app.Namespace + ") or what the project " + Project(app) + " permits"
	case v1alpha1.ConditionSyncError:
		return "see which object failed above, then: evenkeel app sync " + name
	case v1alpha1.ConditionDeletionError:
		return "see what keeps the objects from going; evenkeel app delete " + name + " --cascade=false leaves them in place"
	case v1alpha1.ConditionSharedResourceWarning:
		return "let only one application have the object in its source"
	case v1alpha1.ConditionRepeatedResourceWarning:
		return "the source holds the object more than once: keep one (evenkeel app manifests " + name + ")"
	case v1alpha1.ConditionExcludedResourceWarning:
		return "the settings exclude this kind: remove it from the source, or change resource.exclusions"
	case v1alpha1.ConditionOrphanedResourceWarning:
		return "add the objects to the source, delete them, or ignore them in the project " + Project(app)
	case v1alpha1.ConditionUnsupportedFieldWarning:
		return "nothing acts on it: correct it if it is misspelt, else do not rely on it"
	case v1alpha1.ConditionSyncWaiting:
		return "it syncs by itself once that is over; sync windows: evenkeel proj windows list " + Project(app)
	case v1alpha1.ConditionRolloutAborted:
		return aborted(app, name)
	case v1alpha1.ConditionPinned:
		return "go forward again: evenkeel app unpin " + name
	case v1alpha1.ConditionUnknownError:
		return "see the controller's log"
	}
	return ""
}
