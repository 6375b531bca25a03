package live

import (
	"maps"
	"slices"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// State is what is known of one object of an Application: from the comparison,
// and from the last operation.
type State struct {
	Key resource.Key
	// Status is the sync status, or of a hook the phase.
	Status string
	// Health is empty for kinds that have no health rule.
	Health string
	// Hook is the hook's type, empty for other objects.
	Hook    string
	Message string
	// Prune says that the object is not in the source any more.
	Prune bool
}

// States are the objects of app that keep wants: those of the last operation in
// the order in which it treated them, then all others by key. A nil keep wants all.
func States(app *v1alpha1.Application, keep func(resource.Key) bool) []State {
	managed := map[resource.Key]v1alpha1.ResourceStatus{}
	for _, r := range app.Status.Resources {
		managed[keyOfStatus(r)] = r
	}
	var out []State
	for _, r := range results(app) {
		key := keyOfResult(r)
		out = append(out, fromResult(key, r, managed))
		delete(managed, key)
	}
	for _, key := range slices.SortedFunc(maps.Keys(managed), resource.Key.Compare) {
		out = append(out, fromStatus(key, managed[key]))
	}
	if keep == nil {
		return out
	}
	return slices.DeleteFunc(out, func(s State) bool { return !keep(s.Key) })
}

func keyOfStatus(r v1alpha1.ResourceStatus) resource.Key {
	return resource.Key{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

func keyOfResult(r *v1alpha1.ResourceResult) resource.Key {
	return resource.Key{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
}

func results(app *v1alpha1.Application) v1alpha1.ResourceResults {
	op := app.Status.OperationState
	if op == nil || op.SyncResult == nil {
		return nil
	}
	return op.SyncResult.Resources
}

func fromResult(key resource.Key, r *v1alpha1.ResourceResult, managed map[resource.Key]v1alpha1.ResourceStatus) State {
	s := State{Key: key, Status: string(r.HookPhase), Health: string(r.Status), Hook: r.HookType, Message: r.Message}
	current, ok := managed[key]
	if !ok || r.HookType != "" {
		return s
	}
	// The message of an object's health is newer than that of what was done to it,
	// but only trouble has more to say.
	now := fromStatus(key, current)
	if now.Message == "" || now.Health == string(v1alpha1.HealthStatusHealthy) {
		now.Message = r.Message
	}
	return now
}

func fromStatus(key resource.Key, r v1alpha1.ResourceStatus) State {
	s := State{Key: key, Status: string(r.Status), Prune: r.RequiresPruning}
	if r.Health != nil {
		s.Health = string(r.Health.Status)
		s.Message = r.Health.Message
	}
	return s
}

// Working says whether an operation has been asked for or runs, and, after one
// that changed something, whether the comparison that follows is still to come.
func Working(app *v1alpha1.Application) bool {
	if app.Operation != nil {
		return true
	}
	op := app.Status.OperationState
	if op == nil {
		return false
	}
	if op.FinishedAt == nil || !op.Phase.Completed() {
		return true
	}
	if op.Operation.Sync != nil && op.Operation.Sync.DryRun {
		return false
	}
	compared := app.Status.ReconciledAt
	return compared == nil || compared.Before(op.FinishedAt)
}

// Note is the message for people: the state's own, or that the object is no
// longer wanted.
func (s State) Note() string {
	if s.Message == "" && s.Prune {
		return "not in the source any more: requires pruning"
	}
	return s.Message
}
