package pin

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

// Pin holds an Application at a revision.
type Pin struct {
	// Revisions are full commit ids or digests, one for each source.
	Revisions []string
	// History is the id of the history entry that was gone back to, -1 for none.
	History int64
	// Sources take the place of the Application's; nil means those. Listed says that
	// they are a list, be it of one (see resource.Origin).
	Sources []v1alpha1.ApplicationSource
	Listed  bool
	// By is who pinned, Reason why; both may be empty.
	By, Reason string
	// Until is when the pin ends by itself; zero means when somebody removes it.
	Until time.Time
	// NewerThan, if not empty, is the commit that was the newest when it was pinned, of
	// several sources those (see Joined): the pin ends by itself with a newer one. Newest
	// stands for it until it is known.
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

// exact is a full commit id or a digest; of anything else it would be open what it
// pins to.
var exact = regexp.MustCompile(`^([0-9a-f]{40}([0-9a-f]{24})?|sha256:[0-9a-f]{64})$`)

// version is the one of a chart, which repositories do not make anew: its name is all
// that the history has of it.
var version = regexp.MustCompile(`^v?[0-9]+\.[0-9]+\.[0-9]+([-+][0-9A-Za-z.+-]+)?$`)

// separator is between the revisions of several sources: none has it.
const separator = ","

// Joined is how the revisions of several sources stand in an annotation.
func Joined(revisions []string) string { return strings.Join(revisions, separator) }

// Read is the pin of an Application, nil if there is none. A pin that cannot be
// read is an error and not none: an Application that somebody holds back must not
// go forward for a typing mistake.
func Read(app *v1alpha1.Application) (*Pin, error) {
	a := app.Annotations
	revision, ok := a[v1alpha1.AnnotationPin]
	if !ok {
		return nil, nil
	}
	p := &Pin{
		Revisions: strings.Split(revision, separator), History: -1,
		By: a[v1alpha1.AnnotationPinBy], Reason: a[v1alpha1.AnnotationPinReason], NewerThan: a[v1alpha1.AnnotationPinNewerThan],
	}
	if text, ok := a[v1alpha1.AnnotationPinSource]; ok {
		if err := p.readSources(text); err != nil {
			return nil, problem(v1alpha1.AnnotationPinSource, text, "is no source as JSON, nor a list of them")
		}
	}
	if why := p.flaw(app); why != "" {
		return nil, problem(v1alpha1.AnnotationPin, revision, why)
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
	return p, nil
}

func (p *Pin) readSources(text string) error {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		p.Listed = true
		return json.Unmarshal([]byte(text), &p.Sources)
	}
	p.Sources = make([]v1alpha1.ApplicationSource, 1)
	return json.Unmarshal([]byte(text), &p.Sources[0])
}

// Origin is what an Application is held at.
func (p Pin) Origin(app *v1alpha1.Application) resource.Origin {
	if p.Sources != nil {
		return resource.Origin{Sources: p.Sources, Listed: p.Listed, Revisions: p.Revisions}
	}
	return resource.OriginOf(&app.Spec).At(p.Revisions)
}

// flaw is what is wrong with the revisions of a pin; empty if nothing is.
func (p Pin) flaw(app *v1alpha1.Application) string {
	sources := p.Origin(app).Sources
	if len(sources) != len(p.Revisions) && (len(sources) > 0 || p.Sources != nil) {
		return fmt.Sprintf("has %d revisions for %d sources", len(p.Revisions), len(sources))
	}
	for i, revision := range p.Revisions {
		switch {
		case exact.MatchString(revision):
		case i < len(sources) && sources[i].Chart != "":
			if !version.MatchString(revision) {
				return "is no version of chart " + sources[i].Chart
			}
		case len(p.Revisions) > 1:
			return fmt.Sprintf("has no full commit id for source %d", i+1)
		default:
			return "is no full commit id"
		}
	}
	return ""
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
	out[v1alpha1.AnnotationPin] = Joined(p.Revisions)
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
	if p.Sources != nil {
		var written any = p.Sources
		if !p.Listed {
			written = p.Sources[0]
		}
		b, err := json.Marshal(written)
		if err != nil {
			return nil, err
		}
		set(v1alpha1.AnnotationPinSource, string(b))
	}
	return out, nil
}

// At is a pin of an Application's own sources to a commit; to one of each, separated
// by commas, where there are several.
func At(app *v1alpha1.Application, revision string) (Pin, error) {
	p := Pin{Revisions: strings.Split(revision, separator), History: -1}
	if why := p.flaw(app); why != "" {
		return Pin{}, fault.New(fault.Invalid, "%q %s", revision, why)
	}
	return p, nil
}

// To is a pin to an entry of an Application's history. Its sources are kept only where
// they are not those of the Application any more.
func To(app *v1alpha1.Application, id int64) (Pin, error) {
	for _, h := range app.Status.History {
		if h.ID != id {
			continue
		}
		origin := resource.OriginOfHistory(&h)
		p := Pin{Revisions: origin.Revisions, History: id}
		if !origin.SameSources(resource.OriginOf(&app.Spec)) {
			p.Sources, p.Listed = origin.Sources, origin.Listed
		}
		if why := p.flaw(app); why != "" {
			return Pin{}, fault.New(fault.Unsupported, "history entry %d is of %q, which %s: only commits and digests can be pinned", id, Joined(p.Revisions), why)
		}
		return p, nil
	}
	return Pin{}, fault.New(fault.NotFound, "application %s/%s has no history entry %d", app.Namespace, app.Name, id)
}

// Over is why the pin has ended by itself, or empty. newest are the commits that the
// targets of the sources name now (see Joined), empty if they are not known.
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
	s := "pinned to " + resource.ShortRevisions(p.Revisions)
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
