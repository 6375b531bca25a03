package live

import (
	"fmt"
	"io"
	"strings"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/resource"
)

// Options say what is shown and to whom.
type Options struct {
	W io.Writer
	// Now is the clock.
	Now func() time.Time
	// Keep limits the objects; nil means all.
	Keep func(resource.Key) bool
	// Title is what is being waited for, for a terminal.
	Title string
	Color bool
	// Width and Height are used when the terminal does not tell its size.
	Width, Height int
	// Environ describes the terminal, as os.Environ does.
	Environ []string
}

// Progress shows states as they come. Update and Close are called by one
// goroutine; nothing is written after Close returned.
type Progress interface {
	Update(app *v1alpha1.Application)
	Close()
}

// Silent shows nothing.
type Silent struct{}

// Update does nothing.
func (Silent) Update(*v1alpha1.Application) {}

// Close does nothing.
func (Silent) Close() {}

// plain writes one line for each change.
type plain struct {
	opts   Options
	header bool
	last   map[resource.Key]State
}

// NewPlain is progress in lines, in the columns of "argocd app wait".
func NewPlain(o Options) Progress {
	return &plain{opts: o, last: map[resource.Key]State{}}
}

const plainFormat = "%-20s  %-25s  %-12s  %-12s  %-20s  %-9s  %-11s  %-8s  %s"

func (p *plain) Update(app *v1alpha1.Application) {
	if !p.header {
		p.header = true
		p.line("TIMESTAMP", "GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
	}
	p.change(ofApplication(app))
	for _, s := range States(app, p.opts.Keep) {
		p.change(s)
	}
}

// ofApplication is the Application itself as one more object, with the
// operation's message.
func ofApplication(app *v1alpha1.Application) State {
	s := State{
		Key:    resource.Key{Group: v1alpha1.GroupVersion.Group, Kind: "Application", Namespace: app.Namespace, Name: app.Name},
		Status: string(app.Status.Sync.Status),
		Health: string(app.Status.Health.Status),
	}
	switch op := app.Status.OperationState; {
	case app.Operation != nil && (op == nil || op.Phase.Completed()):
		s.Message = "operation requested"
	case op != nil:
		s.Message = strings.TrimSuffix(fmt.Sprintf("operation %s: %s", strings.ToLower(string(op.Phase)), op.Message), ": ")
	}
	return s
}

func (p *plain) change(s State) {
	if old, seen := p.last[s.Key]; seen && old == s {
		return
	}
	p.last[s.Key] = s
	p.line(p.opts.Now().Format(time.RFC3339), s.Key.Group, s.Key.Kind, s.Key.Namespace, s.Key.Name,
		s.Status, s.Health, s.Hook, s.Message)
}

func (p *plain) line(cells ...any) {
	for i, c := range cells {
		cells[i] = output.Clean(c.(string))
	}
	fmt.Fprintln(p.opts.W, strings.TrimRight(fmt.Sprintf(plainFormat, cells...), " "))
}

func (p *plain) Close() {}
