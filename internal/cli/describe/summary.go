package describe

import (
	"fmt"
	"strings"

	"evenkeel.dev/api/v1alpha1"
)

// SyncPolicy is Argo CD's "Automated (Prune)".
func SyncPolicy(app *v1alpha1.Application) string {
	a := Automated(app)
	if a == nil {
		return "Manual"
	}
	words := "Automated"
	if a.Prune {
		words += " (Prune)"
	}
	if a.SelfHeal {
		words += " (Self-Heal)"
	}
	return words
}

// SyncStatus is Argo CD's "Synced to main (1a2b3c4)", with each of several sources.
func SyncStatus(app *v1alpha1.Application) string {
	text := string(app.Status.Sync.Status)
	at, revisions := []string{}, app.Status.Sync.Revisions
	if len(app.Spec.Sources) == 0 {
		revisions = []string{app.Status.Sync.Revision}
	}
	for i, src := range Sources(app) {
		target := src.TargetRevision
		if i < len(revisions) && !IsCommit(target) && len(revisions[i]) > 7 {
			target += " (" + Short(revisions[i]) + ")"
		}
		at = append(at, strings.TrimSpace(target))
	}
	switch app.Status.Sync.Status {
	case v1alpha1.SyncStatusSynced:
		return text + " to " + strings.Join(at, ", ")
	case v1alpha1.SyncStatusOutOfSync:
		return text + " from " + strings.Join(at, ", ")
	}
	if len(app.Spec.Sources) == 0 && len(revisions[0]) > 7 {
		text += " (" + Short(revisions[0]) + ")"
	}
	return text
}

// HistorySources are the sources of a history entry, also when it has only one.
func HistorySources(h v1alpha1.RevisionHistory) []v1alpha1.ApplicationSource {
	if len(h.Sources) > 0 {
		return h.Sources
	}
	return []v1alpha1.ApplicationSource{h.Source}
}

// HistoryRevision is what the i-th source was deployed from: "main (1a2b3c4)".
func HistoryRevision(h v1alpha1.RevisionHistory, src v1alpha1.ApplicationSource, i int) string {
	revision := h.Revision
	if len(h.Sources) > 0 {
		revision = ""
		if len(h.Revisions) == len(h.Sources) {
			revision = h.Revisions[i]
		}
	}
	if revision == "" || revision == src.TargetRevision {
		return src.TargetRevision
	}
	return fmt.Sprintf("%s (%s)", src.TargetRevision, Short(revision))
}
