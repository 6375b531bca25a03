package output

import (
	"charm.land/lipgloss/v2"
)

// Tone is what a word means for the reader.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Moving
	Warn
	Bad
	Faint
	Strong
)

// ToneOf is the tone of a sync status, a health status, a phase or a result.
func ToneOf(word string) Tone {
	switch word {
	case "Synced", "Healthy", "Succeeded", "Pruned":
		return Good
	case "Progressing", "Running", "Terminating":
		return Moving
	case "OutOfSync", "Missing", "Suspended", "PruneSkipped":
		return Warn
	case "Degraded", "Failed", "Error", "SyncFailed":
		return Bad
	case "Unknown":
		return Faint
	}
	return Plain
}

// Mark is a sign for a tone that is told apart without colour.
func (t Tone) Mark() string {
	switch t {
	case Good:
		return "✓"
	case Moving:
		return "●"
	case Warn:
		return "▲"
	case Bad:
		return "✗"
	}
	return "·"
}

// Paint is text in the tone's colour.
func (t Tone) Paint(text string) string {
	if t == Plain || text == "" {
		return text
	}
	return t.style().Render(text)
}

func (t Tone) style() lipgloss.Style {
	s := lipgloss.NewStyle()
	switch t {
	case Good:
		return s.Foreground(lipgloss.Green)
	case Moving:
		return s.Foreground(lipgloss.Blue)
	case Warn:
		return s.Foreground(lipgloss.Yellow)
	case Bad:
		return s.Foreground(lipgloss.Red)
	case Faint:
		return s.Faint(true)
	case Strong:
		return s.Bold(true)
	}
	return s
}
