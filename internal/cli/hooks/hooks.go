package hooks

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/plan/once"
)

// Ledgers is where ledgers are. Its errors carry a fault.Kind.
type Ledgers interface {
	// Hooks is the ledger of an Application's hooks that run once per input, empty
	// if there is none.
	Hooks(ctx context.Context, namespace, name string) (once.Ledger, error)
}

// Follow says what to do about an operation that was asked for.
type Follow struct {
	// Async does not wait for its end.
	Async bool
	// Timeout is in seconds; 0 means as long as it takes.
	Timeout uint
	Format  string
}

// Options are what the commands stand on; all are required.
type Options struct {
	// Find reads the Application that an argument names, and says where its ledger is.
	Find func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, Ledgers, error)
	// Operate asks for an operation and follows it.
	Operate func(context.Context, *v1alpha1.Application, v1alpha1.Operation, Follow) error
	// Output adds the flag -o with the formats allowed.
	Output func(cmd *cobra.Command, allowed ...string) fmt.Stringer
	// Args wants so many arguments.
	Args    func(least, most int, what string) cobra.PositionalArgs
	Printer func() *output.Printer
	Now     func() time.Time
}

// New is the command "hooks".
func New(o Options) *cobra.Command {
	var namespace string
	cmd := &cobra.Command{
		Use:   "hooks APPNAME",
		Short: "Show which hooks ran once per input, how they ended and why they ran",
		Long: `Show which hooks ran that are annotated with evenkeel.dev/run: once-per-input,
how they ended and why they ran. Of those whose last run failed the end of the
log is shown.`,
		Example: `  # Show what ran
  evenkeel app hooks my-app

  # Run again what failed, and go on with the sync
  evenkeel app hooks retry my-app migrate

  # Go on with the sync as if it had succeeded
  evenkeel app hooks mark-applied my-app migrate`,
		Args: o.Args(1, 1, "one application"),
	}
	format := o.Output(cmd, "wide", "json", "yaml")
	cmd.Flags().StringVarP(&namespace, "app-namespace", "N", "", "Only show hooks of an application in namespace")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		app, l, err := o.read(cmd.Context(), args[0], namespace)
		if err != nil {
			return err
		}
		entries := append([]once.Entry{}, l.Entries...) // no null in JSON
		switch format.String() {
		case "json":
			return o.Printer().JSON(entries)
		case "yaml":
			return o.Printer().YAML(entries)
		}
		o.print(app, l)
		return nil
	}
	cmd.AddCommand(o.settle(retry()), o.settle(markApplied()))
	return cmd
}

// read reads the Application that an argument names, and its ledger.
func (o Options) read(ctx context.Context, arg, namespace string) (*v1alpha1.Application, once.Ledger, error) {
	app, in, err := o.Find(ctx, arg, namespace)
	if err != nil {
		return nil, once.Ledger{}, err
	}
	l, err := in.Hooks(ctx, app.Namespace, app.Name)
	return app, l, err
}

func (o Options) print(app *v1alpha1.Application, l once.Ledger) {
	p := o.Printer()
	columns := output.Columns("TASK", "OUTCOME", "WHEN", "REVISION", "WHY")
	columns[1].Verdict, columns[4].Cut = true, true
	var rows [][]string
	for _, e := range l.Entries {
		rows = append(rows, []string{e.Task, string(e.Outcome), o.when(e), describe.Short(e.Revision), l.Why(e)})
	}
	p.Table(columns, rows)
	for _, task := range l.Tasks() {
		e, _ := l.Newest(task)
		switch {
		case refused(e):
			printFailure(p, app, e, "has not begun")
		case e.Outcome == once.Failed:
			printFailure(p, app, e, "failed")
		}
	}
}

func printFailure(p *output.Printer, app *v1alpha1.Application, e once.Entry, verb string) {
	name := app.Namespace + "/" + app.Name
	p.Line("")
	p.Line("%s %s: %s", e.Task, verb, e.Message)
	for line := range strings.Lines(e.Log) {
		p.Line("  %s", strings.TrimRight(line, "\n"))
	}
	p.Line("→ evenkeel app hooks retry %s %s", name, e.Task)
	p.Line("  evenkeel app hooks mark-applied %s %s", name, e.Task)
}

// when is when an entry last changed, in the reader's zone, as Argo CD writes it.
func (o Options) when(e once.Entry) string {
	at := e.Finished
	if at.IsZero() {
		at = e.Started
	}
	if at.IsZero() {
		return ""
	}
	return at.In(o.Now().Location()).Format("2006-01-02 15:04:05 -0700 MST")
}
