package actions

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// displayed is an action as Argo CD's command shows it, in its spelling, with what is
// ours behind it.
type displayed struct {
	Group    string
	Kind     string
	Name     string
	Action   string
	Disabled bool

	Namespace string             `json:",omitempty"`
	Params    []view.ActionParam `json:",omitempty"`
	Note      string             `json:",omitempty"`
}

// out is the flag --out.
type out struct{ value string }

func (o *out) String() string { return o.value }
func (*out) Type() string     { return "string" }
func (o *out) Set(v string) error {
	if v != "" && v != "json" && v != "yaml" && v != "wide" {
		return fault.New(fault.Invalid, "want one of yaml|json|wide")
	}
	o.value = v
	return nil
}

func (o Options) list() *cobra.Command {
	var f filter
	var format out
	cmd := &cobra.Command{
		Use: "list APPNAME", Short: "Lists available actions on a resource",
		Example: `  # List all the available actions for an application
  evenkeel app actions list my-app

  # List those of one object
  evenkeel app actions list my-app --kind Deployment --resource-name web`,
		Args: o.Args(1, 1, "one application"),
	}
	o.flags(cmd, &f)
	cmd.Flags().VarP(&format, "out", "o", "Output format. One of: yaml|json|wide")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.grouped = cmd.Flags().Changed("group")
		app, err := o.App(cmd.Context(), args[0], f.appNamespace)
		if err != nil {
			return err
		}
		rows, err := o.rows(cmd.Context(), app, f)
		if err != nil {
			return err
		}
		switch format.value {
		case "json":
			return o.Printer().JSON(rows)
		case "yaml":
			return o.Printer().YAML(rows)
		}
		o.print(rows)
		return nil
	}
	return cmd
}

func (o Options) rows(ctx context.Context, app *v1alpha1.Application, f filter) ([]displayed, error) {
	targets, err := f.meant(app)
	if err != nil {
		return nil, err
	}
	runner, err := o.Runner(ctx)
	if err != nil {
		return nil, err
	}
	rows := []displayed{} // no null in JSON
	for _, t := range targets {
		list, err := runner.Actions(ctx, app, t)
		if fault.KindOf(err) == fault.NotFound && len(targets) > 1 {
			continue // it is missing: then there is nothing to be done to it
		}
		if err != nil {
			return nil, err
		}
		for _, a := range list {
			rows = append(rows, displayed{
				Group: t.Group, Kind: t.Kind, Name: t.Name, Action: a.Name, Disabled: a.Disabled,
				Namespace: t.Namespace, Params: a.Params, Note: a.Note,
			})
		}
	}
	return rows, nil
}

func (o Options) print(rows []displayed) {
	columns := output.Columns("GROUP", "KIND", "NAME", "ACTION", "DISABLED", "NOTE")
	columns[5].Cut = true
	var lines [][]string
	for _, r := range rows {
		lines = append(lines, []string{r.Group, r.Kind, r.Name, r.Action, strconv.FormatBool(r.Disabled), r.Note})
	}
	o.Printer().Table(columns, lines)
}
