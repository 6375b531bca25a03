package view

import (
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
)

// Pin holds an Application at a commit.
type Pin = pin.Pin

// PinOf is the pin of an Application, nil if there is none; an error says what is
// wrong with one that cannot be read.
func PinOf(app *v1alpha1.Application) (*Pin, error) { return pin.Read(app) }

// IsPinned says whether an Application is meant to be pinned, be it with a pin that
// cannot be read.
func IsPinned(app *v1alpha1.Application) bool {
	_, ok := app.Annotations[v1alpha1.AnnotationPin]
	return ok
}

// PinAnnotations are all that a pin consists of.
func PinAnnotations() []string { return pin.Annotations }

// Pinning is what somebody says who pins.
type Pinning struct {
	// Revision is a full commit id, of several sources one of each, separated by commas;
	// empty takes that of the history entry ID.
	Revision string
	// ID is that of an entry of the history.
	ID int64
	// By is who pins, Reason why; both may be empty.
	By, Reason string
	// Until is when the pin ends by itself, UntilNewer that it does so with a newer
	// commit. With neither it lasts until it is removed.
	Until      time.Time
	UntilNewer bool
}

// Of is the pin of an Application that is wanted, at a time.
func (p Pinning) Of(app *v1alpha1.Application, now time.Time) (Pin, error) {
	if !p.Until.IsZero() && !p.Until.After(now) {
		return Pin{}, fault.New(fault.Invalid, "a pin until %s would have ended already", p.Until.UTC().Format(time.RFC3339))
	}
	made, err := pin.At(app, p.Revision)
	if p.Revision == "" {
		made, err = pin.To(app, p.ID)
	}
	made.By, made.Reason, made.Until = p.By, p.Reason, p.Until
	if p.UntilNewer {
		made.NewerThan = pin.Newest
	}
	return made, err
}

// Rollback is what somebody asks for who goes back to an entry of the history.
type Rollback struct {
	Pinning
	// Prune deletes what that entry has not.
	Prune bool
	// DryRun tries the sync and pins nothing.
	DryRun bool
}

// Of is the pin and the sync of an Application that go back, at a time. Hooks run as
// in every sync; Argo CD's rollback runs none. What automated sync would prune by
// itself is pruned at once. The sync names the commit, so that it fails rather than do
// another one where the commit cannot be had.
func (r Rollback) Of(app *v1alpha1.Application, now time.Time) (Pin, v1alpha1.Operation, error) {
	made, err := r.Pinning.Of(app, now)
	auto, _, prunes := automation(app.Spec.SyncPolicy)
	source, revision, sources, revisions := made.Origin(app).Fields()
	sync := &v1alpha1.SyncOperation{Revision: revision, Revisions: revisions, Prune: r.Prune || auto && prunes, DryRun: r.DryRun}
	if r.DryRun && made.Sources != nil { // else the pin says which sources
		sync.Sources = sources
		if !made.Listed {
			sync.Source = &source
		}
	}
	return made, v1alpha1.Operation{Sync: sync, InitiatedBy: v1alpha1.OperationInitiator{Username: r.By}}, err
}

// Waiting is why a sync that is due has not begun, or does not go on; empty if none
// waits.
func Waiting(app *v1alpha1.Application) string {
	for _, c := range app.Status.Conditions {
		if c.Type == v1alpha1.ConditionSyncWaiting {
			return c.Message
		}
	}
	return ""
}
