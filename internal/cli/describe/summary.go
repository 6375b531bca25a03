package describe

import (
	"fmt"

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

// SyncStatus is Argo CD's "Synced to main (1a2b3c4)".
func SyncStatus(app *v1alpha1.Application) string {
	target := MainSource(app).TargetRevision
	text := string(app.Status.Sync.Status)
	switch app.Status.Sync.Status {
	case v1alpha1.SyncStatusSynced:
		text += " to " + target
	case v1alpha1.SyncStatusOutOfSync:
		text += " from " + target
	}
	if rev := app.Status.Sync.Revision; !IsCommit(target) && len(rev) > 7 {
		text += " (" + Short(rev) + ")"
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
