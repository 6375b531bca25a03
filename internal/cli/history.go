package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
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
		s.summary().History(app)
	}
	return nil
}
