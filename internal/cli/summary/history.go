package summary

import (
	"strconv"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/view"
)

// History writes a table for each source, as Argo CD does. Of an Application that is
// pinned it says to which entry.
func (p Writer) History(app *v1alpha1.Application) {
	columns := output.Columns("ID", "DATE", "REVISION", "INITIATED BY", "PIN")
	pin, err := view.PinOf(app)
	if err != nil || pin == nil || pin.History < 0 {
		columns, pin = columns[:4], &view.Pin{History: -1}
	}
	var order []string
	rows := map[string][][]string{}
	for _, h := range app.Status.History {
		for i, src := range describe.HistorySources(h) {
			heading := src.RepoURL
			if len(h.Sources) > 0 { // several may be of one repository
				heading += "  " + describe.SourceLabel(src)
			}
			if _, known := rows[heading]; !known {
				order = append(order, heading)
			}
			rows[heading] = append(rows[heading], []string{
				strconv.FormatInt(h.ID, 10), p.Clock(&h.DeployedAt), describe.HistoryRevision(h, src, i), describe.Initiator(h.InitiatedBy), pinnedTo(pin, h.ID),
			})
		}
	}
	for i, heading := range order {
		if i > 0 {
			p.Line("")
		}
		p.Line("SOURCE  %s", heading)
		p.Table(columns, rows[heading])
	}
}

func pinnedTo(pin *view.Pin, id int64) string {
	if pin.History != id {
		return ""
	}
	return pin.String()
}
