package view

import (
	"fmt"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// DeedsOf are what was done to an Application, as its status tells it. Of an object's
// wave the status says nothing; wave does. It is pure.
func DeedsOf(app *v1alpha1.Application, wave func(phase string, key resource.Key) int) []Deed {
	var out []Deed
	for _, h := range app.Status.History {
		source, sources := sourcesOf(app, resource.OriginOfHistory(&h))
		out = append(out, Deed{ID: fmt.Sprintf("deployment/%d", h.ID), Deployment: &Deployment{
			ID: h.ID, Revision: revision(h.Revision, h.Revisions), StartedAt: stamp(h.DeployStartedAt), DeployedAt: stamp(&h.DeployedAt),
			InitiatedBy: h.InitiatedBy.Username, Automated: h.InitiatedBy.Automated,
			Source: source, Sources: sources,
		}})
	}
	state := app.Status.OperationState
	if state == nil || state.SyncResult == nil {
		return out
	}
	for i, r := range state.SyncResult.Resources {
		if r == nil {
			continue
		}
		key := resource.Key{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}
		phase := r.SyncPhase
		if phase == "" {
			phase = "Sync"
		}
		out = append(out, Deed{ID: "result/" + phase + "/" + key.String(), Result: &Result{
			Order: i, Phase: phase, Wave: wave(phase, key), Group: r.Group, Version: r.Version, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name,
			Hook: r.HookType, Status: string(r.Status), HookPhase: string(r.HookPhase), Message: clip(r.Message, maxMessage),
		}})
	}
	return out
}
