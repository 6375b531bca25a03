package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/hooks"
)

func newHooks(s *session) *cobra.Command {
	return hooks.New(hooks.Options{
		Find: func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, hooks.Ledgers, error) {
			n, err := s.parseName(arg, namespace)
			if err != nil {
				return nil, nil, err
			}
			app, err := s.get(ctx, n)
			return app, s.cluster, err
		},
		Operate: func(ctx context.Context, app *v1alpha1.Application, op v1alpha1.Operation, f hooks.Follow) error {
			return s.operate(ctx, nameOf(app), op, follow{async: f.Async, timeout: f.Timeout, format: f.Format})
		},
		Output: func(cmd *cobra.Command, allowed ...string) fmt.Stringer { return outputFlag(cmd, allowed...) },
		Args:   args, Printer: s.printer, Now: s.env.Now,
	})
}
