package cli

import (
	"context"

	"github.com/spf13/cobra"

	"evenkeel.dev/internal/cli/filter"
	"evenkeel.dev/internal/fault"
)

type waitOptions struct {
	selection selection
	goal      goal
	filters   filter.Filters
	format    *choice
	timeout   uint
}

func newWait(s *session) *cobra.Command {
	var o waitOptions
	var resources []string
	cmd := &cobra.Command{
		Use:   "wait [APPNAME.. | -l selector]",
		Short: "Wait for an application to reach a synced and healthy state",
		Long: `Wait for an application to reach a synced and healthy state, or the state that
the flags name. Exits with 1 when an object becomes degraded while health is
waited for, and when --timeout has passed.`,
		Example: `  # Wait for an app
  evenkeel app wait my-app

  # Wait for several apps to be healthy, each for at most five minutes
  evenkeel app wait my-app other-app --health --timeout 300

  # Wait for apps by resource: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME
  evenkeel app wait my-app --resource apps:Deployment:my-service --resource :Service:my-service
  evenkeel app wait my-app --resource '!*:Service:*'

  # Wait until an app is gone
  evenkeel app wait my-app --delete`,
		Args: cobra.ArbitraryArgs,
	}
	o.format = appFormat(cmd)
	flags := cmd.Flags()
	namespaceFlag(cmd, &o.selection.Namespace, "Only wait for an application in namespace")
	flags.BoolVar(&o.goal.sync, "sync", false, "Wait for sync")
	flags.BoolVar(&o.goal.health, "health", false, "Wait for health")
	flags.BoolVar(&o.goal.suspended, "suspended", false, "Wait for suspended")
	flags.BoolVar(&o.goal.degraded, "degraded", false, "Wait for degraded")
	flags.BoolVar(&o.goal.deleted, "delete", false, "Wait for delete")
	flags.BoolVar(&o.goal.operation, "operation", false, "Wait for pending operations")
	flags.StringArrayVar(&resources, "resource", nil, "Wait for specific resources only as GROUP:KIND:NAME or !GROUP:KIND:NAME. Fields may be blank and '*' can be used. This option may be specified repeatedly")
	flags.StringVarP(&o.selection.Selector, "selector", "l", "", "Wait for apps by label. "+selectorUsage)
	flags.UintVar(&o.timeout, "timeout", 0, "Time out after this many seconds")
	refuse(cmd, flags, []refusal{{name: "hydrated", boolean: true, why: "sources are not hydrated yet"}})
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		o.selection.Args = args
		if len(args) == 0 && o.selection.Selector == "" {
			return fault.New(fault.Invalid, "which application? give its name or --selector (%s --help)", cmd.CommandPath())
		}
		o.filters, err = filter.Parse(resources)
		if err != nil {
			return err
		}
		o.goal = o.goal.orDefault()
		return s.wait(cmd.Context(), o)
	}
	return cmd
}

// wait waits for one Application after the other; each has the whole timeout.
func (s *session) wait(ctx context.Context, o waitOptions) error {
	names, err := s.names(ctx, o.selection)
	if err != nil {
		return err
	}
	for _, n := range names {
		w := wait{name: n, goal: o.goal, filters: o.filters, timeout: o.timeout}
		app, err := s.follow(ctx, w, "waiting for "+n.String()+" to be "+o.goal.describe(), o.format.value)
		if err != nil {
			return err
		}
		if app == nil && o.format.value == "wide" {
			s.printer().Line("Application '%s' deleted", n.String())
		}
	}
	return nil
}
