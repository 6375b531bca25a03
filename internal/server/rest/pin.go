package rest

import (
	"net/http"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// pinFields are what a pin says: which entry of the history, why, and until when.
type pinFields struct {
	ID         int64  `json:"id"`
	Reason     string `json:"reason"`
	Until      string `json:"until"`
	UntilNewer bool   `json:"untilNewerCommit"`
}

// longest is how much people may write of a reason, in bytes.
const longest = 1024

func (f pinFields) pinning() (view.Pinning, error) {
	p := view.Pinning{ID: f.ID, By: username, Reason: f.Reason, UntilNewer: f.UntilNewer}
	if len(f.Reason) > longest {
		return p, fault.New(fault.Invalid, "the reason is longer than %d bytes", longest)
	}
	if f.Until == "" {
		return p, nil
	}
	var err error
	if p.Until, err = time.Parse(time.RFC3339, f.Until); err != nil {
		return p, fault.New(fault.Invalid, "until: %q is no time like 2026-01-31T18:00:00Z", f.Until)
	}
	return p, nil
}

// rollbackRequest is Argo CD's ApplicationRollbackRequest and, in addition, what a pin
// says.
type rollbackRequest struct {
	identity
	pinFields
	DryRun bool `json:"dryRun"`
	Prune  bool `json:"prune"`
}

// rollback pins to an entry of the history and syncs to it. Automated sync may be on:
// it heals to the pin then; Argo CD refuses. A sync window does not keep anybody from
// asking, it holds the sync.
func (a *api) rollback(r *http.Request) (any, error) {
	var req rollbackRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	app, err := a.addressed(r, req.identity)
	if err != nil {
		return nil, err
	}
	pinning, err := req.pinning()
	if err != nil {
		return nil, err
	}
	return showing(a.Commands.Rollback(r.Context(), app.Namespace, app.Name, view.Rollback{Pinning: pinning, Prune: req.Prune, DryRun: req.DryRun}))
}

// pinRequest says where to hold an Application: at a commit, else at an entry of the
// history.
type pinRequest struct {
	identity
	pinFields
	Revision string `json:"revision"`
}

// pin holds the Application without syncing it, or says something else of its pin. It
// is ours.
func (a *api) pin(r *http.Request) (any, error) {
	var req pinRequest
	if err := decode(r, &req); err != nil {
		return nil, err
	}
	app, err := a.addressed(r, req.identity)
	if err != nil {
		return nil, err
	}
	pinning, err := req.pinning()
	if err != nil {
		return nil, err
	}
	pinning.Revision = req.Revision
	return showing(a.Commands.Pin(r.Context(), app.Namespace, app.Name, pinning))
}

// unpin lets the Application go forward again. It is ours.
func (a *api) unpin(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	return showing(a.Commands.Unpin(r.Context(), app.Namespace, app.Name))
}

// confirmDeletion confirms the deletions that wait for a person. Argo CD's UI writes
// the annotation by a patch, with the time of the browser.
func (a *api) confirmDeletion(r *http.Request) (any, error) {
	app, err := a.application(r)
	if err != nil {
		return nil, err
	}
	_, err = a.Commands.ConfirmDeletion(r.Context(), app.Namespace, app.Name)
	return nothing{}, err
}
