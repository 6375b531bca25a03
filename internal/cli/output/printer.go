package output

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strings"

	"charm.land/lipgloss/v2"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/internal/fault"
)

// Printer writes to one reader. It is not safe for concurrent use.
type Printer struct {
	W io.Writer
	// Color allows colours.
	Color bool
	// Width is the reader's width in cells; 0 means without limit.
	Width int
}

// Column describes a column of a table.
type Column struct {
	Name string
	// Verdict columns hold statuses and are coloured.
	Verdict bool
	// Cut columns are shortened when a line is wider than the reader.
	Cut bool
}

// Columns makes plain columns.
func Columns(names ...string) []Column {
	out := make([]Column, len(names))
	for i, n := range names {
		out[i] = Column{Name: n}
	}
	return out
}

// Line writes one line. What the arguments hold is cleaned, the format is not.
func (p *Printer) Line(format string, args ...any) {
	for i, a := range args {
		if s, ok := a.(string); ok {
			args[i] = Clean(s)
		}
	}
	fmt.Fprintf(p.W, format+"\n", args...)
}

// Text writes lines of somebody else's, indented so that none can pass for one of ours.
func (p *Printer) Text(text string) { fmt.Fprintln(p.W, "  "+Indented(text)) }

// Indented is text, cleaned, with all lines but the first indented.
func Indented(text string) string {
	return strings.ReplaceAll(strings.TrimSpace(CleanLines(text)), "\n", "\n  ")
}

// Field writes one line of a summary: a label and its value, the value coloured
// by tone.
func (p *Printer) Field(label, value string, tone Tone) {
	line := fmt.Sprintf("%-20s%s", label, p.paint(tone, Clean(value)))
	fmt.Fprintln(p.W, strings.TrimRight(line, " "))
}

func (p *Printer) paint(t Tone, text string) string {
	if !p.Color {
		return text
	}
	return t.Paint(text)
}

// Table writes a header and rows in aligned columns, two cells apart.
func (p *Printer) Table(columns []Column, rows [][]string) {
	width := make([]int, len(columns))
	cells := make([][]string, len(rows))
	for c, col := range columns {
		width[c] = lipgloss.Width(col.Name)
	}
	for r, row := range rows {
		cells[r] = make([]string, len(columns))
		for c := range columns {
			cells[r][c] = Clean(row[c])
			width[c] = max(width[c], lipgloss.Width(cells[r][c]))
		}
	}
	p.shrink(columns, width)

	header := make([]string, len(columns))
	for c, col := range columns {
		header[c] = pad(col.Name, width[c], p.paint(Strong, col.Name))
	}
	p.row(header)
	for _, row := range cells {
		out := make([]string, len(columns))
		for c, col := range columns {
			text := cut(row[c], width[c])
			painted := text
			if col.Verdict {
				painted = p.paint(ToneOf(text), text)
			}
			out[c] = pad(text, width[c], painted)
		}
		p.row(out)
	}
}

func (p *Printer) row(cells []string) {
	fmt.Fprintln(p.W, strings.TrimRight(strings.Join(cells, "  "), " "))
}

// shrink takes from the columns that may be cut what the reader has no room for.
func (p *Printer) shrink(columns []Column, width []int) {
	if p.Width <= 0 {
		return
	}
	total := 2 * (len(width) - 1)
	for _, w := range width {
		total += w
	}
	const least = 12
	for c := len(columns) - 1; c >= 0 && total > p.Width; c-- {
		if !columns[c].Cut || width[c] <= least {
			continue
		}
		keep := max(least, width[c]-(total-p.Width))
		total -= width[c] - keep
		width[c] = keep
	}
}

func pad(text string, width int, painted string) string {
	return painted + strings.Repeat(" ", max(0, width-lipgloss.Width(text)))
}

// cut is text in at most width cells.
func cut(text string, width int) string {
	if lipgloss.Width(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && lipgloss.Width(string(runes)) > width-1 {
		runes = runes[:len(runes)-1]
	}
	return strings.TrimRight(string(runes), " ") + "…"
}

// Cut is text, cleaned, in at most width cells.
func Cut(text string, width int) string { return cut(Clean(text), width) }

// JSON writes v as indented JSON.
func (p *Printer) JSON(v any) error {
	text, err := encode(v)
	if err != nil {
		return err
	}
	_, err = io.WriteString(p.W, text)
	return err
}

// encode is v as JSON in which every control character is escaped.
func encode(v any) (string, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return "", fault.Wrap(fault.Internal, err, "write JSON")
	}
	return escapeRest(b.String()), nil
}

// escapeRest escapes the control characters that JSON allows in strings. They
// cannot stand anywhere else in a document.
func escapeRest(s string) string {
	if strings.IndexFunc(s, steers) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if steers(r) {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func steers(r rune) bool { return r >= 0x7f && r <= 0x9f || turnsText(r) }

// escaped finds an escaped character, and no escaped backslash before a "u".
var escaped = regexp.MustCompile(`(?:^|[^\\])(?:\\\\)*\\u`)

// YAML writes v as one YAML document. One with characters that YAML does not
// permit or does not keep, or that a terminal would obey, is written as JSON,
// which is YAML and can escape them.
func (p *Printer) YAML(v any) error {
	asJSON, err := encode(v)
	if err != nil {
		return err
	}
	b, err := yaml.Marshal(v)
	if err != nil || escaped.MatchString(asJSON) {
		b = []byte(asJSON)
	}
	_, err = p.W.Write(b)
	return err
}
