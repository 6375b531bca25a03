package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/cli/summary"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

type getOptions struct {
	name           appName
	format         *choice
	refresh        string
	showOperation  bool
	showParams     bool
	showDrift      bool
	showErrors     bool
	sourceName     string
	sourcePosition int
	timeout        uint
}

func newGet(s *session) *cobra.Command {
	var o getOptions
	var namespace string
	var refresh, hard bool
	cmd := &cobra.Command{
		Use:   "get APPNAME",
		Short: "Get application details",
		Example: `  # Get basic details about the application "my-app"
  evenkeel app get my-app

  # Compare anew first, and render anew what is remembered
  evenkeel app get my-app --hard-refresh

  # Which fields differ, who changed them and when
  evenkeel app get my-app --show-drift

  # The whole of an error of which the conditions show the beginning
  evenkeel app get my-app --show-errors

  # The application as a tree, or as it is stored
  evenkeel app get my-app -o tree
  evenkeel app get my-app -o yaml`,
		Args: args(1, 1, "one application"),
	}
	o.format = appFormat(cmd)
	flags := cmd.Flags()
	namespaceFlag(cmd, &namespace, "Only get application from namespace")
	flags.BoolVar(&refresh, "refresh", false, "Refresh application data when retrieving")
	flags.BoolVar(&hard, "hard-refresh", false, "Refresh application data as well as target manifests cache")
	flags.BoolVar(&o.showOperation, "show-operation", false, "Show application operation")
	flags.BoolVar(&o.showParams, "show-params", false, "Show application parameters and overrides")
	flags.BoolVar(&o.showDrift, "show-drift", false, "Show each field that differs, who changed it and when")
	flags.BoolVar(&o.showErrors, "show-errors", false, "Render the source here as well, and show the whole of what fails")
	flags.StringVar(&o.sourceName, "source-name", "", "Name of the source from the list of sources of the app.")
	flags.IntVar(&o.sourcePosition, "source-position", -1, "Position of the source from the list of sources of the app. Counting starts at 1.")
	flags.UintVar(&o.timeout, "timeout", 0, "Time out after this many seconds")
	cmd.MarkFlagsMutuallyExclusive("source-name", "source-position")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		o.refresh = refreshKind(refresh, hard)
		o.name, err = s.parseName(args[0], namespace)
		if err != nil {
			return err
		}
		return withTimeout(cmd.Context(), o.timeout, "application "+o.name.String(), func(ctx context.Context) error {
			return s.getApp(ctx, o)
		})
	}
	return cmd
}

// appFormat is the -o of commands that show one Application.
func appFormat(cmd *cobra.Command) *choice {
	c := outputFlag(cmd, "wide", "json", "yaml", "tree")
	c.refused = []string{"tree=detailed"}
	return c
}

// withTimeout runs f for at most that many seconds; 0 means as long as it takes.
func withTimeout(ctx context.Context, seconds uint, what string, f func(context.Context) error) error {
	if seconds == 0 {
		return f(ctx)
	}
	limited, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second)
	defer cancel()
	err := f(limited)
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		return fault.New(fault.Failed, "timed out after %ds waiting for %s", seconds, what)
	}
	return err
}

func refreshKind(refresh, hard bool) string {
	switch {
	case hard:
		return v1alpha1.RefreshHard
	case refresh:
		return v1alpha1.RefreshNormal
	}
	return ""
}

// fresh is the Application, compared anew first if kind says so.
func (s *session) fresh(ctx context.Context, n appName, kind string) (*v1alpha1.Application, error) {
	if kind == "" {
		return s.get(ctx, n)
	}
	c, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := c.Refresh(ctx, n.Namespace, n.Name, kind); err != nil {
		return nil, explainMissing(err, n)
	}
	for app, err := range c.Watch(ctx, n.Namespace, n.Name) {
		if err != nil {
			return nil, explainMissing(err, n)
		}
		// The controller removes the annotation when it has compared.
		if _, pending := app.Annotations[v1alpha1.AnnotationRefresh]; !pending {
			return app, nil
		}
	}
	return nil, fault.Wrap(fault.Unavailable, ctx.Err(), "wait for the refresh of %s", n)
}

func (s *session) getApp(ctx context.Context, o getOptions) error {
	app, err := s.fresh(ctx, o.name, o.refresh)
	if err != nil {
		return err
	}
	p := s.printer()
	if o.format.value == "json" || o.format.value == "yaml" {
		return printAs(p, o.format.value, tidy(app))
	}
	w := s.summary()
	w.App(app, s.windows(ctx, app))
	w.Conditions(app)
	if o.showOperation && app.Status.OperationState != nil {
		p.Line("")
		w.Operation(app.Status.OperationState)
	}
	if o.showParams {
		if err := printParams(p, app, o); err != nil {
			return err
		}
	}
	w.Objects(app, o.format.value)
	if o.showErrors {
		if err := s.printErrors(ctx, p, app); err != nil {
			return err
		}
	}
	if o.showDrift {
		return s.printDrift(ctx, p, app)
	}
	return nil
}

func (s *session) summary() summary.Writer {
	return summary.Writer{Printer: s.printer(), Now: s.env.Now()}
}

// windows are what the sync windows of the Application's project come to. A project
// that cannot be read is no reason to show nothing.
func (s *session) windows(ctx context.Context, app *v1alpha1.Application) *summary.Windows {
	project, err := s.cluster.GetProject(ctx, s.connection.Namespace, describe.Project(app))
	if err != nil {
		return &summary.Windows{Problem: err}
	}
	return &summary.Windows{Windows: view.WindowsOf(app, project, s.env.Now())}
}

func printParams(p *output.Printer, app *v1alpha1.Application, o getOptions) error {
	src, err := chosenSource(app, o.sourceName, o.sourcePosition)
	if err != nil {
		return err
	}
	if src.Helm == nil || len(src.Helm.Parameters) == 0 {
		return nil
	}
	p.Line("")
	rows := make([][]string, len(src.Helm.Parameters))
	for i, param := range src.Helm.Parameters {
		rows[i] = []string{param.Name, output.Cut(param.Value, 80)}
	}
	p.Table(output.Columns("NAME", "VALUE"), rows)
	return nil
}

// chosenSource is the source of a name, else of a position counted from 1, else
// the first.
func chosenSource(app *v1alpha1.Application, name string, position int) (v1alpha1.ApplicationSource, error) {
	all := describe.Sources(app)
	if name != "" {
		for _, src := range all {
			if src.Name == name {
				return src, nil
			}
		}
		return v1alpha1.ApplicationSource{}, fault.New(fault.NotFound, "application %s has no source named %q", nameOf(app), name)
	}
	if position == -1 {
		return describe.MainSource(app), nil
	}
	if position < 1 || position > len(all) {
		return v1alpha1.ApplicationSource{}, fault.New(fault.Invalid, "--source-position %d: application %s has %d sources, counted from 1", position, nameOf(app), len(all))
	}
	return all[position-1], nil
}

// printErrors writes the whole of why the source cannot be rendered, from here.
func (s *session) printErrors(ctx context.Context, p *output.Printer, app *v1alpha1.Application) error {
	pipeline, err := s.open(ctx)
	if err != nil {
		return err
	}
	p.Line("")
	objects, err := pipeline.Manifests(ctx, app, nil)
	if err == nil {
		p.Line("Rendered here the source has no error and %d objects.", len(objects))
	} else if ctx.Err() == nil {
		p.Text(fault.Whole(err))
	}
	return ctx.Err()
}

// printDrift writes each field that differs.
func (s *session) printDrift(ctx context.Context, p *output.Printer, app *v1alpha1.Application) error {
	pipeline, err := s.open(ctx)
	if err != nil {
		return err
	}
	differences, err := pipeline.Diff(ctx, app, nil)
	if err != nil {
		return err
	}
	var rows [][]string
	for _, d := range differences {
		for _, c := range d.Changes {
			rows = append(rows, []string{key(d).Human(), c.Path, c.Live, c.Desired, c.Manager, s.since(c.At)})
		}
	}
	p.Line("")
	if len(rows) == 0 {
		p.Line("No field differs.")
		return nil
	}
	columns := output.Columns("OBJECT", "FIELD", "LIVE", "DESIRED", "CHANGED BY", "SINCE")
	columns[2].Cut, columns[3].Cut = true, true
	p.Table(columns, rows)
	return nil
}

// since is how long ago an RFC 3339 time was; empty for an empty one.
func (s *session) since(at string) string {
	t, err := time.Parse(time.RFC3339, at)
	if err != nil {
		return at
	}
	return describe.Age(t, s.env.Now())
}
