package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/view"
)

func newHistory(s *session) *cobra.Command {
	var namespace string
	cmd := &cobra.Command{
		Use:   "history APPNAME",
		Short: "Show application deployment history",
		Example: `  # Show what was deployed when, and by whom
  evenkeel app history my-app

  # The last id, for scripts
  evenkeel app history my-app -o id | tail -1`,
		Args: args(1, 1, "one application"),
	}
	format := outputFlag(cmd, "wide", "id", "json", "yaml")
	namespaceFlag(cmd, &namespace, "Only show application deployment history in namespace")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		n, err := s.parseName(args[0], namespace)
		if err != nil {
			return err
		}
		return s.history(cmd.Context(), n, format.value)
	}
	return cmd
}

func (s *session) history(ctx context.Context, n appName, format string) error {
	app, err := s.get(ctx, n)
	if err != nil {
		return err
	}
	p := s.printer()
	switch format {
	case "json", "yaml":
		return printAs(p, format, append([]v1alpha1.RevisionHistory{}, app.Status.History...))
	case "id":
		for _, h := range app.Status.History {
			p.Line("%s", strconv.FormatInt(h.ID, 10))
		}
	default:
		s.printHistory(p, app)
	}
	return nil
}

// printHistory writes a table for each source, as Argo CD does. Of an Application that
// is pinned it says to which entry.
func (s *session) printHistory(p *output.Printer, app *v1alpha1.Application) {
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
				strconv.FormatInt(h.ID, 10), s.summary().Clock(&h.DeployedAt), describe.HistoryRevision(h, src, i), describe.Initiator(h.InitiatedBy), pinnedTo(pin, h.ID),
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
