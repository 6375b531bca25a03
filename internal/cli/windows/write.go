package windows

import (
	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// fields registers the flags that "add" and "update" share, which write to w.
func fields(cmd *cobra.Command, w *v1alpha1.SyncWindow) {
	flags := cmd.Flags()
	flags.StringVar(&w.Schedule, "schedule", "", `Sync window schedule in cron format. (e.g. --schedule "0 22 * * *")`)
	flags.StringVar(&w.Duration, "duration", "", "Sync window duration. (e.g. --duration 1h)")
	flags.StringSliceVar(&w.Applications, "applications", nil, `Applications that the schedule will be applied to. Comma separated, wildcards supported (e.g. --applications prod-\*,website)`)
	flags.StringSliceVar(&w.Namespaces, "namespaces", nil, `Namespaces that the schedule will be applied to. Comma separated, wildcards supported (e.g. --namespaces default,\*-prod)`)
	flags.StringSliceVar(&w.Clusters, "clusters", nil, "Clusters that the schedule will be applied to. Comma separated, wildcards supported (e.g. --clusters prod,staging)")
	flags.StringVar(&w.TimeZone, "time-zone", "UTC", `Time zone of the sync window. (e.g. --time-zone "America/New_York")`)
	flags.StringVar(&w.Description, "description", "", "Sync window description")
}

func (o Options) add() *cobra.Command {
	w := &v1alpha1.SyncWindow{}
	cmd := &cobra.Command{
		Use:   "add PROJECT",
		Short: "Add a sync window to a project",
		Example: `  # Allow syncs for an hour each night
  evenkeel proj windows add my-project --kind allow --schedule "0 22 * * *" --duration 1h --applications "*"

  # Freeze production over the weekend, but for people
  evenkeel proj windows add my-project --kind deny --schedule "0 18 * * 5" --duration 62h \
    --time-zone Europe/Amsterdam --applications "prod-*,website" --manual-sync --sync-overrun`,
		Args: args(1),
	}
	flags := cmd.Flags()
	flags.StringVarP(&w.Kind, "kind", "k", "", "Sync window kind, either allow or deny")
	fields(cmd, w)
	flags.BoolVar(&w.ManualSync, "manual-sync", false, "Allow manual syncs for both deny and allow windows")
	flags.BoolVar(&w.SyncOverrun, "sync-overrun", false, "Allow syncs to continue: for deny windows, syncs that started before the window; for allow windows, syncs that started during the window")
	flags.BoolVar(&w.UseAndOperator, "use-and-operator", false, "Use AND operator for matching applications, namespaces and clusters instead of the default OR operator")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := o.get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		p.Spec.SyncWindows = append(p.Spec.SyncWindows, w)
		return p.write(cmd.Context(), len(p.Spec.SyncWindows)-1)
	}
	return cmd
}

func (o Options) update() *cobra.Command {
	given := &v1alpha1.SyncWindow{}
	cmd := &cobra.Command{
		Use:   "update PROJECT ID",
		Short: "Update a project sync window",
		Long: `Update a sync window. What is not given stays as it is; a list that is given replaces
the old one. (In Argo CD an update without --time-zone sets it to UTC.) The ID is that
of "evenkeel proj windows list PROJECT".`,
		Example: `  # Change a sync window's schedule
  evenkeel proj windows update my-project 0 --schedule "0 20 * * *"`,
		Args: args(2),
	}
	fields(cmd, given)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := o.get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		id, err := p.window(args[1])
		if err != nil {
			return err
		}
		w, changed := p.Spec.SyncWindows[id], 0
		for name, change := range map[string]func(){
			"schedule":     func() { w.Schedule = given.Schedule },
			"duration":     func() { w.Duration = given.Duration },
			"applications": func() { w.Applications = given.Applications },
			"namespaces":   func() { w.Namespaces = given.Namespaces },
			"clusters":     func() { w.Clusters = given.Clusters },
			"time-zone":    func() { w.TimeZone = given.TimeZone },
			"description":  func() { w.Description = given.Description },
		} {
			if cmd.Flags().Changed(name) {
				change()
				changed++
			}
		}
		if changed == 0 {
			return fault.New(fault.Invalid, "nothing to update: give a field to change (%s --help)", cmd.CommandPath())
		}
		return p.write(cmd.Context(), id)
	}
	return cmd
}
