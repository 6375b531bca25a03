package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	redraw   = 100 * time.Millisecond
	markDone = "✓"
	markGone = "✗"
	markBusy = "·"
	// textWidth is where the times stand, when the terminal is wide enough.
	textWidth = 64
)

// console writes for people. On a terminal lines that are still going on are
// drawn again in place; elsewhere a line is written when what it says has changed.
type console struct {
	out      io.Writer
	terminal func() (width int, ok bool)
}

func newConsole(out io.Writer, plain bool) *console {
	c := &console{out: out, terminal: func() (int, bool) { return 0, false }}
	if f, ok := out.(*os.File); ok && !plain && term.IsTerminal(int(f.Fd())) {
		c.terminal = func() (int, bool) {
			width, _, err := term.GetSize(int(f.Fd()))
			return width, err == nil && width > 0
		}
	}
	return c
}

// say writes a line, or several.
func (c *console) say(format string, args ...any) {
	_, _ = fmt.Fprintf(c.out, format+"\n", args...) // nobody reads any more if this fails
}

// during shows what is being done while work does it, and how long it took. What
// work returns is said instead when it is done.
func (c *console) during(what string, work func() (string, error)) error {
	return wait(c.board(what), what, work)
}

// until is during for work that says itself how long it took.
func (c *console) until(what string, work func() (string, error)) error {
	return wait(c.open(&board{untimed: true}, what), what, work)
}

func wait(b *board, what string, work func() (string, error)) error {
	defer b.close()
	said, err := work()
	if err != nil {
		b.end(0, markGone, what)
		return err
	}
	b.end(0, markDone, said)
	return nil
}

// board is a block of lines that change until they end. It is safe for concurrent use.
type board struct {
	console *console
	stop    chan struct{}
	drawing sync.WaitGroup

	untimed bool // lines that have ended are without their time

	mu    sync.Mutex
	lines []*line
	drawn int // lines that the next drawing replaces
}

type line struct {
	mark, text string
	began      time.Time
	took       time.Duration
	ended      bool
}

// board begins with these lines.
func (c *console) board(texts ...string) *board { return c.open(&board{}, texts...) }

func (c *console) open(b *board, texts ...string) *board {
	b.console, b.stop = c, make(chan struct{})
	for _, text := range texts {
		b.lines = append(b.lines, &line{mark: markBusy, text: text, began: time.Now()})
	}
	if _, ok := c.terminal(); ok {
		b.drawing.Go(b.run)
	}
	return b
}

// run keeps the times going.
func (b *board) run() {
	tick := time.NewTicker(redraw)
	defer tick.Stop()
	for {
		b.mu.Lock()
		b.draw()
		b.mu.Unlock()
		select {
		case <-tick.C:
		case <-b.stop:
			return
		}
	}
}

// set says something else in a line. A line that had ended goes on.
func (b *board) set(i int, text string) { b.update(i, markBusy, text, false) }

// end says how a line ends.
func (b *board) end(i int, mark, text string) { b.update(i, mark, text, true) }

func (b *board) update(i int, mark, text string, ended bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.lines[i]
	if l.text == text && l.ended == ended {
		return
	}
	l.mark, l.text, l.ended, l.took = mark, text, ended, time.Since(l.began)
	if _, ok := b.console.terminal(); ok {
		b.draw()
		return
	}
	b.console.say("%s", b.text(l))
}

// close leaves the lines as they are.
func (b *board) close() {
	close(b.stop)
	b.drawing.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.console.terminal(); ok {
		b.draw()
	}
}

func (b *board) draw() {
	width, _ := b.console.terminal()
	var out strings.Builder
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	for _, l := range b.lines {
		out.WriteString("\r\x1b[K" + cut(b.text(l), width-1) + "\n")
	}
	b.drawn = len(b.lines)
	_, _ = io.WriteString(b.console.out, out.String()) // nobody reads any more if this fails
}

func (b *board) text(l *line) string {
	if l.ended && b.untimed {
		return "  " + l.mark + " " + l.text
	}
	took := l.took
	if !l.ended {
		took = time.Since(l.began)
	}
	return fmt.Sprintf("  %s %-*s %8s", l.mark, textWidth, l.text, seconds(took))
}

// seconds is a duration as the demo writes it: in seconds, exact to what can be seen.
func seconds(d time.Duration) string {
	if d < 10*time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.1f s", d.Seconds())
}

// cut is what fits into a terminal's line: a line that wraps could not be replaced.
func cut(text string, width int) string {
	runes := []rune(text)
	if len(runes) <= width || width < 1 {
		return text
	}
	return string(runes[:width-1]) + "…"
}
