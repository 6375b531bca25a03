package cli

import (
	"context"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/why"
	"evenkeel.dev/internal/view"
)

func newWhy(s *session) *cobra.Command {
	return why.New(why.Options{
		App: s.named,
		Cause: func(ctx context.Context, app *v1alpha1.Application) ([]view.Explained, error) {
			pipeline, err := s.open(ctx)
			if err != nil {
				return nil, err
			}
			return pipeline.Cause(ctx, app)
		},
		Args: args, Printer: s.printer, Now: s.env.Now,
	})
}
