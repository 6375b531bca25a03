package pin

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Pin holds an Application at a revision.
type Pin struct {
	// Revision is the full commit id.
	Revision string
	// History is the id of the history entry that was gone back to, -1 for none.
	History int64
	// Source takes the place of the Application's source; nil means that one.
	Source *v1alpha1.ApplicationSource
	// By is who pinned, Reason why; both may be empty.
	By, Reason string
	// Until is when the pin ends by itself; zero means when somebody removes it.
	Until time.Time
	// NewerThan, if not empty, is the commit that was the newest when it was pinned: the
	// pin ends by itself with a newer one. Newest stands for it until it is known.
	NewerThan string
}

// Newest is the NewerThan of whoever pins and does not know the newest commit, as
// one does that talks to Kubernetes only: whoever reads the repository next puts it
// in.
const Newest = "newest"

// Annotations are all that a pin consists of.
var Annotations = []string{ //nolint:gochecknoglobals // a table
	v1alpha1.AnnotationPin, v1alpha1.AnnotationPinHistory, v1alpha1.AnnotationPinSource, v1alpha1.AnnotationPinBy,
	v1alpha1.AnnotationPinReason, v1alpha1.AnnotationPinUntil, v1alpha1.AnnotationPinNewerThan,
}

// sha is a full commit id; of anything else it would be open what it pins to.
var sha = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// Read is the pin of an Application, nil if there is none. A pin that cannot be
// read is an error and not none: an Application that somebody holds back must not
// go forward for a typing mistake.
func Read(app *v1alpha1.Application) (*Pin, error) {
	a := app.Annotations
	revision, ok := a[v1alpha1.AnnotationPin]
	if !ok {
		return nil, nil
	}
	p := &Pin{Revision: revision, History: -1, By: a[v1alpha1.AnnotationPinBy], Reason: a[v1alpha1.AnnotationPinReason], NewerThan: a[v1alpha1.AnnotationPinNewerThan]}
	if !sha.MatchString(revision) {
		return nil, problem(v1alpha1.AnnotationPin, revision, "is no full commit id")
	}
	if text, ok := a[v1alpha1.AnnotationPinHistory]; ok {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil || id < 0 {
			return nil, problem(v1alpha1.AnnotationPinHistory, text, "is no id of a history entry")
		}
		p.History = id
	}
	if text, ok := a[v1alpha1.AnnotationPinUntil]; ok {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return nil, problem(v1alpha1.AnnotationPinUntil, text, "is no time like 2026-01-31T18:00:00Z")
		}
		p.Until = at
	}
	if text, ok := a[v1alpha1.AnnotationPinSource]; ok {
		p.Source = &v1alpha1.ApplicationSource{}
		if err := json.Unmarshal([]byte(text), p.Source); err != nil {
			return nil, problem(v1alpha1.AnnotationPinSource, text, "is no source as JSON")
		}
	}
	return p, nil
}

func problem(annotation, value, what string) error {
	const most = 80
	if r := []rune(value); len(r) > most {
		value = string(r[:most]) + "…"
	}
	return fault.New(fault.Invalid, "annotation %s: %q %s; until it is mended or removed the Application stays as it is", annotation, value, what)
}

// Write are the annotations of a pin, with nil for those to be removed.
func (p Pin) Write() (map[string]any, error) {
	out := map[string]any{}
	for _, a := range Annotations {
		out[a] = nil
	}
	out[v1alpha1.AnnotationPin] = p.Revision
	set := func(name, value string) {
		if value != "" {
			out[name] = value
		}
	}
	if p.History >= 0 {
		set(v1alpha1.AnnotationPinHistory, strconv.FormatInt(p.History, 10))
	}
	set(v1alpha1.AnnotationPinBy, p.By)
	set(v1alpha1.AnnotationPinReason, p.Reason)
	set(v1alpha1.AnnotationPinNewerThan, p.NewerThan)
	if !p.Until.IsZero() {
		set(v1alpha1.AnnotationPinUntil, p.Until.UTC().Format(time.RFC3339))
	}
	if p.Source != nil {
		b, err := json.Marshal(p.Source)
		if err != nil {
			return nil, err
		}
		set(v1alpha1.AnnotationPinSource, string(b))
	}
	return out, nil
}

// At is a pin to a commit, with the Application's own source.
func At(revision string) (Pin, error) {
	if !sha.MatchString(revision) {
		return Pin{}, fault.New(fault.Invalid, "%q is no full commit id", revision)
	}
	return Pin{Revision: revision, History: -1}, nil
}

// To is a pin to an entry of an Application's history. Its source is kept only where
// it is not that of the Application any more.
func To(app *v1alpha1.Application, id int64) (Pin, error) {
	for _, h := range app.Status.History {
		if h.ID != id {
			continue
		}
		if len(h.Sources) > 0 {
			return Pin{}, fault.New(fault.Unsupported, "history entry %d has several sources, which is not supported yet", id)
		}
		if !sha.MatchString(h.Revision) {
			return Pin{}, fault.New(fault.Unsupported, "history entry %d is of %q, which is no commit: only commits can be pinned", id, h.Revision)
		}
		p := Pin{Revision: h.Revision, History: id}
		if app.Spec.Source == nil || !equal(*app.Spec.Source, h.Source) {
			p.Source = &h.Source
		}
		return p, nil
	}
	return Pin{}, fault.New(fault.NotFound, "application %s/%s has no history entry %d", app.Namespace, app.Name, id)
}

func equal(a, b v1alpha1.ApplicationSource) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// Over is why the pin has ended by itself, or empty. newest is the commit that the
// Application's target names now, empty if that is not known.
func (p Pin) Over(now time.Time, newest string) string {
	switch {
	case !p.Until.IsZero() && !now.Before(p.Until):
		return "it was to last until " + p.Until.UTC().Format(time.RFC3339)
	case p.NewerThan != "" && p.NewerThan != Newest && newest != "" && newest != p.NewerThan:
		return "a newer commit has arrived"
	}
	return ""
}

// String is one sentence for people.
func (p Pin) String() string {
	s := "pinned to " + short(p.Revision)
	if p.History >= 0 {
		s += fmt.Sprintf(" (history entry %d)", p.History)
	}
	if p.By != "" {
		s += " by " + p.By
	}
	switch {
	case !p.Until.IsZero():
		s += " until " + p.Until.UTC().Format(time.RFC3339)
	case p.NewerThan != "":
		s += " until a newer commit arrives"
	}
	if p.Reason != "" {
		s += ": " + p.Reason
	}
	return s
}

func short(revision string) string { return revision[:min(8, len(revision))] }
