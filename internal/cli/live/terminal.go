package live

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
)

// terminal draws a table in place. The program that draws reads no input, so
// that an interrupt stays the shell's affair.
type terminal struct {
	program *tea.Program
	done    chan struct{}
}

// NewTerminal is progress on a terminal. It ends with Close or with ctx.
func NewTerminal(ctx context.Context, o Options) Progress {
	t := &terminal{
		program: tea.NewProgram(board{opts: o, started: o.Now()},
			tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(o.W),
			tea.WithEnvironment(o.Environ), tea.WithoutSignalHandler(), tea.WithWindowSize(o.Width, o.Height)),
		done: make(chan struct{}),
	}
	go func() {
		defer close(t.done)
		// What went wrong with drawing is no reason to stop waiting; the summary
		// that follows says how it ended.
		_, _ = t.program.Run()
	}()
	return t
}

func (t *terminal) Update(app *v1alpha1.Application) { t.program.Send(seen{app}) }

func (t *terminal) Close() {
	t.program.Quit()
	<-t.done
}

type (
	seen struct{ app *v1alpha1.Application }
	tick time.Time
)

// board is what is drawn.
type board struct {
	opts          Options
	started       time.Time
	app           *v1alpha1.Application
	width, height int
}

// Init starts the clock, which moves the elapsed time and nothing else.
func (b board) Init() tea.Cmd { return everySecond() }

func everySecond() tea.Cmd {
	return tea.Tick(time.Second, func(t time.Time) tea.Msg { return tick(t) })
}

// Update takes in a state, a size or a tick.
func (b board) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		b.width, b.height = msg.Width, msg.Height
	case seen:
		b.app = msg.app
	case tick:
		return b, everySecond()
	}
	return b, nil
}

// View draws the board.
func (b board) View() tea.View { return tea.NewView(b.draw()) }

// reserved are the lines of a board that are not objects: title, operation and
// what was left out, and one for the prompt.
const reserved = 4

func (b board) draw() string {
	if b.app == nil {
		return b.paint(output.Faint, output.Clean(b.opts.Title)+"\n")
	}
	lines := []string{b.title()}
	if m := ofApplication(b.app).Message; m != "" {
		lines = append(lines, b.paint(output.Faint, b.fit("  "+m)))
	}
	states := States(b.app, b.opts.Keep)
	room := len(states)
	if b.height > 0 {
		room = max(1, b.height-reserved)
	}
	shown, hidden := mostPressing(states, room)
	width := nameWidth(shown)
	for _, s := range shown {
		lines = append(lines, b.row(s, width))
	}
	if hidden > 0 {
		lines = append(lines, b.paint(output.Faint, fmt.Sprintf("  … and %d more", hidden)))
	}
	return strings.Join(lines, "\n") + "\n"
}

func (b board) title() string {
	s := ofApplication(b.app)
	elapsed := b.opts.Now().Sub(b.started).Truncate(time.Second)
	words := []string{b.paint(output.Strong, output.Clean(b.opts.Title))}
	for _, w := range []string{s.Status, s.Health} {
		if w != "" {
			words = append(words, b.paint(output.ToneOf(w), w))
		}
	}
	return strings.Join(append(words, b.paint(output.Faint, elapsed.String())), "  ")
}

func (b board) row(s State, width int) string {
	tone := urgency(s)
	name := output.Clean(s.Key.Human())
	line := fmt.Sprintf("  %s %s%s  %-10s %-11s", b.paint(tone, tone.Mark()), name,
		strings.Repeat(" ", max(0, width-lipgloss.Width(name))), s.Status, s.Health)
	if b.width > 0 {
		room := b.width - lipgloss.Width(line) - 2
		if room < 1 {
			return strings.TrimRight(line, " ")
		}
		return strings.TrimRight(line+"  "+output.Cut(s.Message, room), " ")
	}
	return strings.TrimRight(line+"  "+output.Clean(s.Message), " ")
}

func (b board) fit(s string) string {
	if b.width <= 0 {
		return output.Clean(s)
	}
	return output.Cut(s, b.width)
}

func (b board) paint(t output.Tone, s string) string {
	if !b.opts.Color {
		return s
	}
	return t.Paint(s)
}

func nameWidth(states []State) int {
	w := 0
	for _, s := range states {
		w = max(w, lipgloss.Width(output.Clean(s.Key.Human())))
	}
	return w
}

// urgency is the worse of an object's two verdicts.
func urgency(s State) output.Tone {
	status, health := output.ToneOf(s.Status), output.ToneOf(s.Health)
	if rank(health) < rank(status) {
		return health
	}
	return status
}

// rank orders tones, the most pressing first.
func rank(t output.Tone) int {
	return slices.Index([]output.Tone{output.Bad, output.Moving, output.Warn, output.Faint, output.Good, output.Plain, output.Strong}, t)
}

// mostPressing are the n states that most deserve a line, in their old order,
// and how many were left out.
func mostPressing(states []State, n int) (shown []State, hidden int) {
	if len(states) <= n {
		return states, 0
	}
	order := make([]int, len(states))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return rank(urgency(states[a])) - rank(urgency(states[b])) })
	order = order[:n]
	slices.Sort(order)
	for _, i := range order {
		shown = append(shown, states[i])
	}
	return shown, len(states) - n
}
