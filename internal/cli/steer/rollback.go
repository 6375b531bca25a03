package steer

import (
	"context"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// rollbackFlags are what "rollback" was given.
type rollbackFlags struct {
	reason, until     string
	untilNewer, prune bool
	format            *string
	timeout           uint
}

func (o Options) rollback() *cobra.Command {
	var f rollbackFlags
	cmd := &cobra.Command{
		Use:   "rollback APPNAME [ID]",
		Short: "Rollback application to a previous deployed version by History ID, omitted will Rollback to the previous version",
		Long: `Go back to an entry of the application's history ("evenkeel app history" shows them;
without an ID the one before the last), and wait until that is done.

The application is pinned to that entry, with who did it and why, until somebody
unpins it, or until the time or the commit that the flags name. Automated sync stays
on and heals to the pin meanwhile. Hooks run as in every sync.`,
		Example: `  # Go back to the version before
  evenkeel app rollback my-app --reason "checkout is slow"

  # Go back to entry 3 of the history until tomorrow, or until the fix is there
  evenkeel app rollback my-app 3 --until 24h --until-newer-commit

  # Go forward again
  evenkeel app unpin my-app`,
	}
	f.format = o.Format(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&f.prune, "prune", false, "Allow deleting unexpected resources")
	flags.UintVar(&f.timeout, "timeout", 0, "Time out after this many seconds")
	flags.StringVar(&f.reason, "reason", "", "Why, for those who see the pin")
	flags.StringVar(&f.until, "until", "", "When the pin ends by itself: after a while like 24h, or at a time like 2026-01-31T18:00:00Z")
	flags.BoolVar(&f.untilNewer, "until-newer-commit", false, "End the pin by itself when a newer commit arrives")
	return o.command(act{cmd: cmd, most: 2, what: "one application and at most one ID", run: func(ctx context.Context, in Cluster, app *v1alpha1.Application, args []string) error {
		r, err := o.wanted(app, args[1:], f)
		if err != nil {
			return err
		}
		// Who asked is worth knowing; not knowing it is no reason not to go back.
		if who, err := in.Whoami(ctx); err == nil {
			r.By = who
		}
		after, err := in.Rollback(ctx, app.Namespace, app.Name, r)
		if fault.KindOf(err) == fault.Conflict && app.DeletionTimestamp == nil {
			o.Note("to stop what is in progress: evenkeel app terminate-op %s", nameOf(app))
		}
		if err != nil {
			return err
		}
		if pin, err := view.PinOf(after); err == nil && pin != nil {
			o.Note("application %s is %s; to go forward again: evenkeel app unpin %s", nameOf(app), pin.String(), nameOf(app))
		}
		return o.Finish(ctx, app, *f.format, f.timeout)
	}})
}

// wanted is the rollback that is asked for.
func (o Options) wanted(app *v1alpha1.Application, args []string, f rollbackFlags) (view.Rollback, error) {
	r := view.Rollback{Pinning: view.Pinning{Reason: f.reason, UntilNewer: f.untilNewer}, Prune: f.prune}
	var err error
	if r.Until, err = o.time(f.until); err != nil {
		return r, err
	}
	history := app.Status.History
	switch {
	case len(args) == 1:
		if r.ID, err = strconv.ParseInt(args[0], 10, 64); err != nil || r.ID < 0 {
			return r, fault.New(fault.Invalid, "%q is not the ID of a history entry: \"evenkeel app history %s\" shows them", args[0], nameOf(app))
		}
	case len(history) < 2:
		return r, fault.New(fault.NotFound, "application %s has no version before this one: its history has %d entries", nameOf(app), len(history))
	default:
		r.ID = history[len(history)-2].ID
	}
	return r, nil
}

// time is when --until says; zero when it says nothing.
func (o Options) time(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return o.Now().Add(d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fault.New(fault.Invalid, "--until %q: want a while like 24h or 90m, or a time like 2026-01-31T18:00:00Z", text)
	}
	return at, nil
}
