package output

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
)

// Diff writes the unified diff from one text to another. What would steer a
// terminal is written out as \u001b, so that a diff hides nothing.
func (p *Printer) Diff(from, to Text) {
	unified := diff.Diff(from.Name, []byte(endLine(from.Content)), to.Name, []byte(endLine(to.Content)))
	// The first line repeats the command "diff", which was not run.
	_, unified, _ = bytes.Cut(unified, []byte("\n"))
	for line := range strings.Lines(string(unified)) {
		line = visible(strings.TrimSuffix(line, "\n"))
		fmt.Fprintln(p.W, p.paint(toneOfDiffLine(line), line))
	}
}

// Text is one side of a diff.
type Text struct {
	Name    string
	Content string
}

func toneOfDiffLine(line string) Tone {
	switch {
	case strings.HasPrefix(line, "+++ "), strings.HasPrefix(line, "--- "):
		return Strong
	case strings.HasPrefix(line, "@@"):
		return Moving
	case strings.HasPrefix(line, "+"):
		return Good
	case strings.HasPrefix(line, "-"):
		return Bad
	}
	return Plain
}

func endLine(s string) string {
	if s == "" || strings.HasSuffix(s, "\n") {
		return s
	}
	return s + "\n"
}
