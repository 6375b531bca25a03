package steer

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// Cluster is where Applications are changed. Its errors carry a fault.Kind.
type Cluster interface {
	// Rollback pins the Application and asks for the sync; Conflict when another
	// operation has been asked for.
	Rollback(ctx context.Context, namespace, name string, r view.Rollback) (*v1alpha1.Application, error)
	// Unpin removes the pin; Conflict when there is none.
	Unpin(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
	// Terminate stops the operation; Conflict when there is none.
	Terminate(ctx context.Context, namespace, name string) error
	// ConfirmDeletion confirms the deletions that wait for that.
	ConfirmDeletion(ctx context.Context, namespace, name string) (*v1alpha1.Application, error)
	// Whoami is the name that the cluster knows the caller by.
	Whoami(ctx context.Context) (string, error)
}

// Options are what the commands stand on; all are required.
type Options struct {
	// App reads the Application that an argument names, in a namespace if the argument
	// names none, and gives the cluster that it is in.
	App func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, Cluster, error)
	// Format adds -o and gives where its value will be.
	Format func(cmd *cobra.Command) *string
	// Finish waits for the end of the operation that was asked for, at most for a
	// number of seconds that is not 0, and says whether it succeeded.
	Finish  func(ctx context.Context, app *v1alpha1.Application, format string, timeout uint) error
	Printer func() *output.Printer
	// Note tells people something that is not the command's output.
	Note func(format string, args ...any)
	Now  func() time.Time
}

// New are the commands.
func New(o Options) []*cobra.Command {
	return []*cobra.Command{o.rollback(), o.unpin(), o.terminate(), o.confirm()}
}

// act is a command on one Application, which its first argument names.
type act struct {
	cmd *cobra.Command
	// most is how many arguments it takes at most, what says so.
	most int
	what string
	run  func(ctx context.Context, in Cluster, app *v1alpha1.Application, args []string) error
}

// command completes an act with its arguments and -N.
func (o Options) command(a act) *cobra.Command {
	var namespace string
	a.cmd.Flags().StringVarP(&namespace, "app-namespace", "N", "", "Namespace of the application")
	a.cmd.Args = func(cmd *cobra.Command, got []string) error {
		if len(got) >= 1 && len(got) <= a.most {
			return nil
		}
		return fault.New(fault.Invalid, "%s takes %s, got %d (%s --help)", cmd.CommandPath(), a.what, len(got), cmd.CommandPath())
	}
	a.cmd.RunE = func(cmd *cobra.Command, args []string) error {
		app, in, err := o.App(cmd.Context(), args[0], namespace)
		if err != nil {
			return err
		}
		return a.run(cmd.Context(), in, app, args)
	}
	return a.cmd
}

func nameOf(app *v1alpha1.Application) string { return app.Namespace + "/" + app.Name }

func (o Options) unpin() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "unpin APPNAME",
		Short: "Remove an application's pin, so that it goes forward again",
		Long: `Remove the pin that a rollback made. Automated sync then goes forward to the target
revision; without it the application is compared with that and waits for a sync.`,
		Example: "  evenkeel app unpin my-app",
	}
	return o.command(act{cmd: cmd, most: 1, what: "one application", run: func(ctx context.Context, in Cluster, app *v1alpha1.Application, _ []string) error {
		after, err := in.Unpin(ctx, app.Namespace, app.Name)
		if err != nil {
			return err
		}
		next := "automated sync goes forward by itself"
		if describe.Automated(after) == nil {
			next = "to go forward: evenkeel app sync " + nameOf(app)
		}
		o.Printer().Line("Application '%s' is not pinned any more; %s", nameOf(app), next)
		return nil
	}})
}

func (o Options) terminate() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "terminate-op APPNAME",
		Short: "Terminate running operation of an application",
		Long: `Stop the running operation of an application, or withdraw one that has not begun. Its
running hooks are deleted; what it has applied stays.`,
		Example: "  evenkeel app terminate-op my-app",
	}
	return o.command(act{cmd: cmd, most: 1, what: "one application", run: func(ctx context.Context, in Cluster, app *v1alpha1.Application, _ []string) error {
		if err := in.Terminate(ctx, app.Namespace, app.Name); err != nil {
			return err
		}
		o.Printer().Line("Application '%s' operation terminating", nameOf(app))
		return nil
	}})
}

func (o Options) confirm() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "confirm-deletion APPNAME",
		Short: "Confirms deletion/pruning of an application resources",
		Long: `Confirm the deletions for which an application waits: of objects with the sync option
Prune=confirm in a sync, and with Delete=confirm when the application is deleted.
What the application asks for later is not confirmed by it.`,
		Example: "  evenkeel app confirm-deletion my-app",
	}
	return o.command(act{cmd: cmd, most: 1, what: "one application", run: func(ctx context.Context, in Cluster, app *v1alpha1.Application, _ []string) error {
		if _, err := in.ConfirmDeletion(ctx, app.Namespace, app.Name); err != nil {
			return err
		}
		o.Printer().Line("Application '%s' updated successfully", nameOf(app))
		return nil
	}})
}
