package cli

import (
	"context"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/actions"
	"evenkeel.dev/internal/cli/steer"
)

func newSteering(s *session) []*cobra.Command {
	return steer.New(steer.Options{
		App: func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, steer.Cluster, error) {
			app, err := s.named(ctx, arg, namespace)
			return app, s.cluster, err
		},
		Format: func(cmd *cobra.Command) *string { return &appFormat(cmd).value },
		Finish: func(ctx context.Context, app *v1alpha1.Application, format string, timeout uint) error {
			return s.finish(ctx, nameOf(app), follow{format: format, timeout: timeout})
		},
		Printer: s.printer, Note: s.note, Now: s.env.Now,
	})
}

func newActions(s *session) *cobra.Command {
	return actions.New(actions.Options{
		App: func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, error) {
			return s.named(ctx, arg, namespace)
		},
		Runner:  func(ctx context.Context) (actions.Runner, error) { return s.env.OpenActions(ctx, s.connection) },
		Who:     func(ctx context.Context) (string, error) { return s.cluster.Whoami(ctx) },
		Control: &s.connection.Namespace, Args: args, Printer: s.printer, Note: s.note,
	})
}
