package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/live"
	"evenkeel.dev/internal/fault"
)

type deleteOptions struct {
	selection selection
	cascade   bool
	policy    *choice
	yes       bool
	wait      bool
}

func newDelete(s *session) *cobra.Command {
	var o deleteOptions
	cmd := &cobra.Command{
		Use:   "delete APPNAME",
		Short: "Delete an application",
		Long: `Delete applications, and with --cascade, which is the default, their resources.
On a terminal each is asked about first.`,
		Example: `  # Delete an app and its resources, and wait until they are gone
  evenkeel app delete my-app --wait

  # Delete an app and leave its resources
  evenkeel app delete my-app --cascade=false

  # Delete apps by label without being asked
  evenkeel app delete -l app.kubernetes.io/instance=my-app --yes`,
		Args: cobra.ArbitraryArgs,
	}
	o.policy = &choice{value: "foreground", allowed: []string{"foreground", "background"}}
	flags := cmd.Flags()
	namespaceFlag(cmd, &o.selection.Namespace, "Namespace where the application will be deleted from")
	flags.BoolVar(&o.cascade, "cascade", true, "Perform a cascaded deletion of all application resources")
	flags.VarP(o.policy, "propagation-policy", "p", "Specify propagation policy for deletion of application's resources. One of: foreground|background")
	flags.BoolVarP(&o.yes, "yes", "y", false, "Turn off prompting to confirm cascaded deletion of application resources")
	flags.StringVarP(&o.selection.Selector, "selector", "l", "", "Delete all apps with matching label. "+selectorUsage)
	flags.BoolVar(&o.wait, "wait", false, "Wait until deletion of the application(s) completes")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.selection.Args = args
		if len(args) == 0 && o.selection.Selector == "" {
			return fault.New(fault.Invalid, "which application? give its name or --selector (%s --help)", cmd.CommandPath())
		}
		if len(args) > 0 && o.selection.Selector != "" {
			return fault.New(fault.Invalid, "give names or --selector, not both")
		}
		if !o.cascade && cmd.Flags().Changed("propagation-policy") {
			return fault.New(fault.Invalid, "--propagation-policy goes with --cascade: without it no resource is deleted")
		}
		return s.delete(cmd.Context(), o)
	}
	return cmd
}

// finalizer is the one that makes the controller delete the resources.
func (o deleteOptions) finalizer() string {
	switch {
	case !o.cascade:
		return ""
	case o.policy.value == "background":
		return v1alpha1.FinalizerBackground
	}
	return v1alpha1.FinalizerForeground
}

func (s *session) delete(ctx context.Context, o deleteOptions) error {
	names, err := s.names(ctx, o.selection)
	if err != nil {
		return err
	}
	if _, err := s.connect(ctx); err != nil {
		return err
	}
	sure := !o.cascade || o.yes || !s.env.Terminal.Out
	kept := 0
	for _, n := range names {
		answer, err := s.confirmDelete(ctx, n, sure, len(names) > 1)
		if err != nil {
			return err
		}
		if answer == no {
			kept++
			s.printer().Line("The command to delete '%s' was cancelled.", n.String())
			continue
		}
		sure = sure || answer == all
		if err := s.deleteOne(ctx, n, o); err != nil {
			return err
		}
	}
	if kept > 0 {
		return fault.New(fault.Failed, "%d of %d applications were not deleted: the answer was no", kept, len(names))
	}
	return nil
}

type answer int

const (
	no answer = iota
	yes
	all
)

func (s *session) confirmDelete(ctx context.Context, n appName, sure, several bool) (answer, error) {
	if sure {
		return yes, nil
	}
	question := fmt.Sprintf("Are you sure you want to delete '%s' and all its resources? [y/n] ", n)
	if several {
		question = fmt.Sprintf("Are you sure you want to delete '%s' and all its resources? [y/n/a] where 'a' is to delete all specified apps and their resources without prompting ", n)
	}
	text, err := s.ask(ctx, question)
	if err != nil {
		return no, err
	}
	switch {
	case text == "y" || text == "yes":
		return yes, nil
	case several && (text == "a" || text == "all"):
		return all, nil
	}
	return no, nil
}

func (s *session) deleteOne(ctx context.Context, n appName, o deleteOptions) error {
	if err := s.cluster.Delete(ctx, n.Namespace, n.Name, o.finalizer()); err != nil {
		return explainMissing(err, n)
	}
	if o.wait {
		if _, err := s.await(ctx, wait{name: n, goal: goal{deleted: true}, progress: live.Silent{}}); err != nil {
			return err
		}
	}
	s.printer().Line("application '%s' deleted", n.String())
	return nil
}
