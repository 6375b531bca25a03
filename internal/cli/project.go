package cli

import (
	"context"

	"github.com/spf13/cobra"

	"evenkeel.dev/internal/cli/windows"
)

func newProject(s *session) *cobra.Command {
	cmd := &cobra.Command{Use: "proj", Aliases: []string{"project"}, Short: "Manage projects", Args: cobra.NoArgs, RunE: showHelp}
	cmd.AddCommand(windows.New(windows.Options{
		Connect: func(ctx context.Context) (windows.Projects, string, error) {
			c, err := s.connect(ctx)
			return c, s.connection.Namespace, err
		},
		Printer: s.printer, Note: s.note, Now: s.env.Now,
		Confirm: func(ctx context.Context, question string) (bool, error) {
			if !s.env.Terminal.Out {
				return true, nil
			}
			answer, err := s.ask(ctx, question)
			return answer == "y" || answer == "yes", err
		},
	}))
	return cmd
}
