package view

import (
	"cmp"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

// Extra is what a row needs and an Application does not hold. Its zero value
// stands for "not known": then the row says what status.resources tells.
type Extra struct {
	// Counts are the managed objects by verdict, from the live index.
	Counts *Counts
	// FirstOutOfSync is the first object that differs.
	FirstOutOfSync Culprit
	// Unhealthy is the object that gives the Application its health.
	Unhealthy Culprit
	// Cause is why that object is not healthy.
	Cause *Cause
	// OutOfSyncSince is when the Application began to differ.
	OutOfSyncSince time.Time
	// Done and Total count the objects of the running operation.
	Done, Total int
	// RetryAt is when a failed operation is tried again.
	RetryAt time.Time
	// Remaining counts the objects still to be deleted with the Application.
	Remaining int
	// Confirm counts the deletions that wait for a person to confirm them.
	Confirm int
	// Longer are the problems that say more than their conditions.
	Longer []Problem
	// Images are those of the live objects; nil means those of status.summary.
	Images []string
}

// Culprit is an object that a reason names, and what is the matter with it.
type Culprit struct {
	Kind    string
	Name    string
	Message string
}

func (c Culprit) known() bool { return c.Kind != "" }

// maxMessage bounds messages in a row, in bytes; the Application has them whole.
const maxMessage = 4096

// RowOf is the row of an Application. It is pure, and keeps references to app's
// maps and slices.
func RowOf(app *v1alpha1.Application, extra Extra) App {
	status := &app.Status
	source, sources := sourcesOf(app, resource.OriginOf(&app.Spec).At(status.Sync.Revisions))
	a := App{
		Namespace:       app.Namespace,
		Name:            app.Name,
		Project:         cmp.Or(app.Spec.Project, v1alpha1.DefaultProject),
		Labels:          app.Labels,
		CreatedAt:       stamp(&app.CreationTimestamp),
		Source:          source,
		Sources:         sources,
		Destination:     Destination(destination(app)),
		Sync:            string(cmp.Or(status.Sync.Status, v1alpha1.SyncStatusUnknown)),
		Health:          string(cmp.Or(status.Health.Status, v1alpha1.HealthStatusUnknown)),
		Revision:        revision(status.Sync.Revision, status.Sync.Revisions),
		Deleting:        app.DeletionTimestamp != nil,
		Operation:       operation(app, extra),
		Conditions:      conditions(status.Conditions, extra.Longer),
		Counts:          counts(status.Resources),
		ObservedAt:      stamp(status.ObservedAt),
		Images:          status.Summary.Images,
		Pin:             pinned(app),
		Confirm:         extra.Confirm,
		Cause:           extra.Cause,
		ResourceVersion: app.ResourceVersion,
	}
	if extra.Counts != nil {
		a.Counts = *extra.Counts
	}
	if extra.Images != nil {
		a.Images = extra.Images
	}
	if a.ObservedAt == "" {
		a.ObservedAt = stamp(status.ReconciledAt)
	}
	if a.Sync == string(v1alpha1.SyncStatusOutOfSync) {
		a.OutOfSyncSince = stampTime(extra.OutOfSyncSince)
	}
	a.AutoSync, a.SelfHeal, a.Prune = automation(app.Spec.SyncPolicy)
	a.Reason = reasonOf(situation{app: app, row: &a, extra: extra})
	return a
}

// sourcesOf are an Application's sources, or those that it had once: the first, and all
// if they stand in a list.
func sourcesOf(app *v1alpha1.Application, o resource.Origin) (Source, []Source) {
	if !o.Listed {
		s := v1alpha1.ApplicationSource{}
		if len(o.Sources) > 0 {
			s = o.Sources[0]
		}
		return sourceOf(s, sourceType(app, 0, s)), nil
	}
	all := make([]Source, len(o.Sources))
	for i, s := range o.Sources {
		all[i] = sourceOf(s, sourceType(app, i, s))
		all[i].Name, all[i].Ref, all[i].Revision = s.Name, s.Ref, o.Revision(i)
	}
	return sourceOf(o.Sources[0], all[0].Type), all
}

func sourceOf(s v1alpha1.ApplicationSource, t string) Source {
	return Source{RepoURL: s.RepoURL, Path: s.Path, Chart: s.Chart, TargetRevision: s.TargetRevision, Type: t}
}

type destinationFields struct{ Server, Name, Namespace string }

func destination(app *v1alpha1.Application) destinationFields {
	d := app.Spec.Destination
	return destinationFields{Server: d.Server, Name: d.Name, Namespace: d.Namespace}
}

// sourceType is what rendering found of the i-th source, else what the spec demands.
func sourceType(app *v1alpha1.Application, i int, source v1alpha1.ApplicationSource) string {
	found := app.Status.SourceTypes
	switch {
	case i < len(found) && found[i] != "":
		return found[i]
	case i == 0 && len(found) == 0 && app.Status.SourceType != "":
		return app.Status.SourceType
	case resource.RendersNothing(&source):
		return ""
	case source.Chart != "" || source.Helm != nil:
		return v1alpha1.SourceTypeHelm
	case source.Kustomize != nil:
		return v1alpha1.SourceTypeKustomize
	case source.Plugin != nil:
		return v1alpha1.SourceTypePlugin
	}
	return v1alpha1.SourceTypeDirectory
}

// revision is the value for a single source, or that of the first of several.
func revision(one string, several []string) string {
	if one == "" && len(several) > 0 {
		return several[0]
	}
	return one
}

func pinned(app *v1alpha1.Application) *Pinned {
	if !IsPinned(app) {
		return nil
	}
	p, err := PinOf(app)
	if err != nil {
		return &Pinned{History: -1, Problem: clip(err.Error(), maxMessage)}
	}
	several := p.Revisions
	if !p.Origin(app).Listed {
		several = nil
	}
	return &Pinned{
		Revision: p.Revisions[0], Revisions: several, History: p.History, By: clip(p.By, maxMessage), Reason: clip(p.Reason, maxMessage),
		Until: stampTime(p.Until), UntilNewer: p.NewerThan != "",
	}
}

func automation(p *v1alpha1.SyncPolicy) (auto, selfHeal, prune bool) {
	if p == nil || p.Automated == nil {
		return false, false, false
	}
	if e := p.Automated.Enabled; e != nil && !*e {
		return false, false, false
	}
	return true, p.Automated.SelfHeal, p.Automated.Prune
}

func operation(app *v1alpha1.Application, extra Extra) *Operation {
	if pending(app) {
		return requested(app.Operation)
	}
	state := app.Status.OperationState
	if state == nil {
		return nil
	}
	o := &Operation{
		Phase:       string(state.Phase),
		Message:     clip(state.Message, maxMessage),
		StartedAt:   stamp(&state.StartedAt),
		FinishedAt:  stamp(state.FinishedAt),
		InitiatedBy: state.Operation.InitiatedBy.Username,
		Automated:   state.Operation.InitiatedBy.Automated,
		RetryCount:  state.RetryCount,
		Done:        extra.Done,
		Total:       extra.Total,
	}
	if r := state.SyncResult; r != nil {
		o.Revision = revision(r.Revision, r.Revisions)
		if extra.Total == 0 {
			o.Done, o.Total = progress(r.Resources)
		}
	}
	if o.Revision == "" && state.Operation.Sync != nil {
		o.Revision = revision(state.Operation.Sync.Revision, state.Operation.Sync.Revisions)
	}
	return o
}

// pending says that an operation was asked for and not begun.
func pending(app *v1alpha1.Application) bool {
	if app.Operation == nil {
		return false
	}
	state := app.Status.OperationState
	return state == nil || state.Phase.Completed()
}

func requested(op *v1alpha1.Operation) *Operation {
	o := &Operation{
		Phase:       string(v1alpha1.OperationRunning),
		InitiatedBy: op.InitiatedBy.Username,
		Automated:   op.InitiatedBy.Automated,
	}
	if op.Sync != nil {
		o.Revision = revision(op.Sync.Revision, op.Sync.Revisions)
	}
	return o
}

func progress(results v1alpha1.ResourceResults) (done, total int) {
	for _, r := range results {
		if r == nil {
			continue
		}
		total++
		if r.Status != "" || r.HookPhase.Completed() {
			done++
		}
	}
	return done, total
}

func conditions(in []v1alpha1.ApplicationCondition, longer []Problem) []Condition {
	out := make([]Condition, 0, len(in))
	for i, p := range Problems(in, longer) {
		shown := clip(p.Message, maxMessage)
		out = append(out, Condition{Type: p.Type, Message: shown, LastTransitionTime: stamp(in[i].LastTransitionTime), More: p.Text != shown})
	}
	return out
}

// Problems are conditions with their whole texts, those of longer where one is of that
// type and message.
func Problems(in []v1alpha1.ApplicationCondition, longer []Problem) []Problem {
	out := make([]Problem, 0, len(in))
	for _, c := range in {
		p := Problem{Type: string(c.Type), Message: c.Message, Text: c.Message}
		for _, l := range longer {
			if l.Type == p.Type && l.Message == p.Message {
				p.Text = l.Text
			}
		}
		out = append(out, p)
	}
	return out
}

func counts(resources []v1alpha1.ResourceStatus) Counts {
	var c Counts
	for _, r := range resources {
		if r.Hook {
			continue
		}
		c.Total++
		switch r.Status {
		case v1alpha1.SyncStatusSynced:
			c.Synced++
		case v1alpha1.SyncStatusOutOfSync:
			c.OutOfSync++
		}
		if r.Health == nil {
			continue
		}
		switch r.Health.Status {
		case v1alpha1.HealthStatusHealthy:
			c.Healthy++
		case v1alpha1.HealthStatusProgressing:
			c.Progressing++
		case v1alpha1.HealthStatusDegraded:
			c.Degraded++
		case v1alpha1.HealthStatusMissing:
			c.Missing++
		}
	}
	return c
}

func stamp(t *metav1.Time) string {
	if t == nil {
		return ""
	}
	return stampTime(t.Time)
}

func stampTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
