package summary

import (
	"strings"

	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/view"
)

// Windows are what the sync windows of an Application's project come to.
type Windows struct {
	view.Windows
	// Problem is why that is not known.
	Problem error
}

func (w *Windows) write(p Writer) {
	if w == nil {
		return
	}
	word, tone := w.word()
	p.Field("SyncWindow:", word, tone)
	if len(w.Assigned) == 0 {
		return
	}
	var words []string
	for _, x := range w.Assigned {
		words = append(words, x.Kind+":"+x.Schedule+":"+x.Duration)
	}
	p.Field("Assigned Windows:", strings.Join(words, ","), output.Plain)
}

// word is Argo CD's.
func (w *Windows) word() (string, output.Tone) {
	switch {
	case w.Problem != nil:
		return "Unknown: " + w.Problem.Error(), output.Plain
	case w.CanAutoSync:
		return "Sync Allowed", output.Plain
	case w.CanSync:
		return "Manual Allowed", output.Warn
	}
	return "Sync Denied", output.Bad
}
