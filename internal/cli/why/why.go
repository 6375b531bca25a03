package why

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// Options are what the command stands on; all are required.
type Options struct {
	// App reads the Application that an argument names, in a namespace if the argument
	// names none.
	App func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, error)
	// Cause finds why the Application's objects that are not healthy are not.
	Cause func(ctx context.Context, app *v1alpha1.Application) ([]view.Explained, error)
	// Args wants so many arguments.
	Args    func(least, most int, what string) cobra.PositionalArgs
	Printer func() *output.Printer
	Now     func() time.Time
}

// New is the command "why".
func New(o Options) *cobra.Command {
	var namespace, format string
	cmd := &cobra.Command{
		Use:   "why APPNAME",
		Short: "Show why an application is not healthy",
		Long: `Show why an application is Degraded or Progressing: the objects that are in trouble,
found among what the application's objects own, since when, and the last warning
of Kubernetes about them. It looks at the cluster as it is now.`,
		Example: `  # What is the matter with my-app?
  evenkeel app why my-app

  # The same for a program
  evenkeel app why my-app -o json`,
		Args: o.Args(1, 1, "one application"),
	}
	cmd.Flags().StringVarP(&namespace, "app-namespace", "N", "", "Only look at an application in namespace")
	cmd.Flags().StringVarP(&format, "output", "o", "wide", "Output format. One of: wide|json|yaml")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if format != "wide" && format != "json" && format != "yaml" {
			return fault.New(fault.Invalid, "--output %q: want wide, json or yaml", format)
		}
		app, err := o.App(cmd.Context(), args[0], namespace)
		if err != nil {
			return err
		}
		causes, err := o.Cause(cmd.Context(), app)
		if err != nil {
			return err
		}
		switch format {
		case "json":
			return o.Printer().JSON(append([]view.Explained{}, causes...))
		case "yaml":
			return o.Printer().YAML(append([]view.Explained{}, causes...))
		}
		o.print(app, causes)
		return nil
	}
	return cmd
}

func (o Options) print(app *v1alpha1.Application, causes []view.Explained) {
	p := o.Printer()
	name := app.Namespace + "/" + app.Name
	if len(causes) == 0 {
		p.Line("Application %s is %s: none of its objects says why it should not be healthy.", name, string(app.Status.Health.Status))
		return
	}
	for i, c := range causes {
		if i > 0 {
			p.Line("")
		}
		p.Line("%s %s: %s%s", c.Object.Kind, place(c.Object), c.Text, o.since(c.Since))
		if c.Restarts > 0 {
			p.Line("  restarts: %s", strconv.FormatInt(c.Restarts, 10))
		}
		for _, at := range c.Objects {
			if at != c.Object {
				p.Line("  %s %s", at.Kind, place(at))
			}
		}
		if e := c.Event; e != nil {
			p.Line("  last warning%s: %s: %s", o.ago(e.LastAt), e.Reason, e.Message)
		}
		if c.Problem != "" {
			p.Line("  its events cannot be read: %s", c.Problem)
		}
	}
	for _, c := range app.Status.Conditions {
		if next := describe.NextStep(app, c); c.Type == v1alpha1.ConditionRolloutAborted && next != "" {
			p.Line("")
			p.Line("→ %s", next)
			return
		}
	}
}

// place is where an object is.
func place(r view.Ref) string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Namespace + "/" + r.Name
}

func (o Options) since(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	return ", since " + describe.Age(t, o.Now())
}

func (o Options) ago(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return ""
	}
	return " (" + describe.Age(t, o.Now()) + " ago)"
}
