package window

import (
	"slices"
	"time"

	"evenkeel.dev/api/v1alpha1"
)

// Input is a question.
type Input struct {
	// Windows are those of the AppProject; nil means none.
	Windows *Set
	// App is the Application's name, Namespace that of its destination.
	App, Namespace string
	// Server and ClusterName are the destination's cluster as the Application's spec
	// has it, which is mostly one of the two: Argo CD looks at nothing else.
	Server, ClusterName string
	// Manual says that a person asks for the sync.
	Manual bool
	Now    time.Time
	// Started is when the operation began that is running; zero means none.
	Started time.Time
}

// Of is the question about an automated sync of app, which begins at now.
func Of(app *v1alpha1.Application, windows *Set, now time.Time) Input {
	d := app.Spec.Destination
	return Input{Windows: windows, App: app.Name, Namespace: d.Namespace, Server: d.Server, ClusterName: d.Name, Now: now}
}

// Decision is the answer.
type Decision struct {
	Allowed bool
	// Reason is one sentence that names the window that decides and until when. It is
	// the same as long as the answer is.
	Reason string
	// Changes is when the answer or its reason may be another; zero means never.
	Changes time.Time
}

// Decide says whether a sync may run.
func Decide(in Input) Decision {
	v := look(in, in.Now)
	d := v.decide(in)
	if !d.Allowed || !slices.ContainsFunc(v.deny, seen.doubtful) {
		return d
	}
	// While a deny window is active Argo CD asks the allow windows nothing. One that
	// only counts as active must not free from them what it may have no say in.
	certain := slices.DeleteFunc(slices.Clone(in.Windows.windows), func(w *window) bool {
		return slices.ContainsFunc(v.deny, func(s seen) bool { return s.window == w && s.doubtful() })
	})
	in.Windows = &Set{windows: certain}
	if without := look(in, in.Now).decide(in); !without.Allowed {
		without.Changes = d.Changes
		return without
	}
	return d
}

// decide answers in by what was seen at its time.
func (v views) decide(in Input) Decision {
	d := Decision{Changes: v.changes}
	d.Allowed, d.Reason = v.answer(in.Manual)
	if d.Allowed || in.Started.IsZero() {
		return d
	}
	blocking := v.blocking()
	for _, s := range blocking {
		if !s.SyncOverrun {
			return d
		}
	}
	if began, _ := look(in, in.Started).answer(in.Manual); began {
		d.Allowed = true
		d.Reason = "the sync began when it was allowed and may go on: " + blocking[0].name() + " says syncOverrun"
	}
	return d
}

// Assigned are the windows that concern the Application, or may.
func Assigned(in Input) v1alpha1.SyncWindows {
	var out v1alpha1.SyncWindows
	for _, s := range concerning(in) {
		out = append(out, s.DeepCopy())
	}
	return out
}

// Active are the windows that concern the Application and are active, or count as
// such.
func Active(in Input) v1alpha1.SyncWindows {
	var out v1alpha1.SyncWindows
	for _, s := range concerning(in) {
		if s.look(in.Now).active {
			out = append(out, s.DeepCopy())
		}
	}
	return out
}

// Active says of each window of the project whether it is active, or counts as such.
func (s *Set) Active(now time.Time) []bool {
	if s == nil {
		return nil
	}
	out := make([]bool, len(s.windows))
	for i, w := range s.windows {
		out[i] = w != nil && seen{window: w, reach: sure}.look(now).active
	}
	return out
}

// concerning are the windows that concern the Application, not looked at yet.
func concerning(in Input) []seen {
	if in.Windows == nil {
		return nil
	}
	var out []seen
	for _, w := range in.Windows.windows {
		if w == nil {
			continue
		}
		if r := w.concerns(in); r != none {
			out = append(out, seen{window: w, reach: r})
		}
	}
	return out
}

// seen is a window that concerns the Application, and how it stands.
type seen struct {
	*window
	reach reach
	state
}

// look sets the state. What is in doubt counts as what blocks.
func (s seen) look(now time.Time) seen {
	if len(s.flaws) > 0 {
		s.state = state{active: s.Kind != kindAllow}
		return s
	}
	if s.Kind == kindAllow && s.reach == perhaps {
		return s
	}
	s.state = s.at(now)
	return s
}

// views are all windows that concern an Application, sorted by what they do.
type views struct {
	deny, denyLater, allow, allowLater []seen
	changes                            time.Time
}

func look(in Input, now time.Time) views {
	var v views
	for _, s := range concerning(in) {
		s = s.look(now)
		switch {
		case s.Kind == kindAllow && s.active:
			v.allow = append(v.allow, s)
		case s.Kind == kindAllow:
			v.allowLater = append(v.allowLater, s)
		case s.active:
			v.deny = append(v.deny, s)
		default:
			v.denyLater = append(v.denyLater, s)
		}
		if !s.until.IsZero() && (v.changes.IsZero() || s.until.Before(v.changes)) {
			v.changes = s.until
		}
	}
	return v
}

// blocking are the windows that block a sync that nothing exempts.
func (v views) blocking() []seen {
	switch {
	case len(v.deny) > 0:
		return v.deny
	case len(v.allow) > 0:
		return nil
	}
	return v.allowLater
}

// answer is the decision about a sync that begins now, and its reason.
func (v views) answer(manual bool) (allowed bool, reason string) {
	blocking := v.blocking()
	if len(blocking) == 0 {
		return true, v.free()
	}
	exempt := true
	for _, s := range blocking {
		exempt = exempt && s.ManualSync
	}
	if manual && exempt {
		return true, "a manual sync may pass " + blocking[0].name()
	}
	reason = v.blocked(manual)
	if exempt {
		reason += "; a manual sync may pass"
	}
	return false, reason
}
