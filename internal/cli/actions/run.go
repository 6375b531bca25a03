package actions

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

func (o Options) run() *cobra.Command {
	var f filter
	var all bool
	var params []string
	cmd := &cobra.Command{
		Use: "run APPNAME ACTION", Short: "Runs an available action on resource(s) matching the specified filters.",
		Long: `Run an action on objects that match the filters. All filters except --kind are
optional. With --all it is run on all objects that match.

What Git says otherwise a sync undoes: a note on the standard error then says so.`,
		Example: `  # Restart a Deployment
  evenkeel app actions run my-app restart --kind Deployment --resource-name web

  # Have three of it
  evenkeel app actions run my-app scale --kind Deployment --param replicas=3`,
		Args: o.Args(2, 2, "an application and an action"),
	}
	o.flags(cmd, &f)
	cmd.Flags().BoolVar(&all, "all", false, "Indicates whether to run the action on multiple matching resources")
	cmd.Flags().StringArrayVar(&params, "param", nil, "A parameter of the action as NAME=VALUE. This option may be specified repeatedly")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.grouped = cmd.Flags().Changed("group")
		if f.kind == "" {
			return fault.New(fault.Invalid, "--kind says on what the action is to be run (%s --help)", cmd.CommandPath())
		}
		given, err := paramsOf(params)
		if err != nil {
			return err
		}
		app, err := o.App(cmd.Context(), args[0], f.appNamespace)
		if err != nil {
			return err
		}
		targets, err := f.meant(app)
		if err == nil {
			err = f.single(targets, all)
		}
		if err != nil {
			return err
		}
		return o.runAll(cmd.Context(), app, targets, view.ActionRun{Action: args[1], Params: given})
	}
	return cmd
}

func paramsOf(list []string) (map[string]string, error) {
	params := map[string]string{}
	for _, p := range list {
		name, value, ok := strings.Cut(p, "=")
		if _, twice := params[name]; !ok || name == "" || twice {
			return nil, fault.New(fault.Invalid, "--param %q: want NAME=VALUE, each name once", p)
		}
		params[name] = value
	}
	return params, nil
}

// runAll runs an action on one object after the other and stops at the first that fails.
func (o Options) runAll(ctx context.Context, app *v1alpha1.Application, targets []view.ActionTarget, run view.ActionRun) error {
	runner, err := o.Runner(ctx)
	if err != nil {
		return err
	}
	run.By = "unknown user"
	if who, err := o.Who(ctx); err == nil {
		run.By = who
	}
	for _, t := range targets {
		run.Target = t
		noted := noteOf(ctx, runner, app, run)
		if noted != "" {
			o.Note("%s", noted)
		}
		result, err := runner.RunAction(ctx, app, run)
		if err != nil {
			return err
		}
		o.Printer().Line("%s: ran %s", t.Human(), run.Action)
		for _, id := range result.Created {
			o.Printer().Line("%s: created %s", t.Human(), id)
		}
		if result.Note != "" && noted == "" {
			o.Note("%s", result.Note)
		}
	}
	return nil
}

// noteOf is what there is to know before an action is run. What is wrong with it is said
// by running it.
func noteOf(ctx context.Context, runner Runner, app *v1alpha1.Application, run view.ActionRun) string {
	list, err := runner.Actions(ctx, app, run.Target)
	if err != nil {
		return ""
	}
	for _, a := range list {
		if a.Name == run.Action {
			return a.Note
		}
	}
	return ""
}
