package windows

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/equality"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/view"
)

// Projects is where AppProjects live. Its errors carry a fault.Kind.
type Projects interface {
	GetProject(ctx context.Context, namespace, name string) (*v1alpha1.AppProject, error)
	// SetWindows replaces the sync windows of the AppProject that has project's
	// resource version; Conflict when it has moved on.
	SetWindows(ctx context.Context, project *v1alpha1.AppProject) error
}

// Options are what the commands stand on; all are required.
type Options struct {
	// Connect gives the projects and the namespace that they are in.
	Connect func(context.Context) (in Projects, namespace string, err error)
	Printer func() *output.Printer
	// Note tells people something that is not the command's output.
	Note func(format string, args ...any)
	// Confirm asks people who sit at a terminal; without one the answer is yes.
	Confirm func(ctx context.Context, question string) (bool, error)
	Now     func() time.Time
}

// New is the command "windows".
func New(o Options) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "windows",
		Short: "Manage a project's sync windows",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(o.list(), o.add(), o.remove(), o.update())
	for _, t := range [...]toggle{
		{"enable-manual-sync", "Enable manual sync for a sync window", func(w *v1alpha1.SyncWindow) { w.ManualSync = true }},
		{"disable-manual-sync", "Disable manual sync for a sync window", func(w *v1alpha1.SyncWindow) { w.ManualSync = false }},
		{"enable-sync-overrun", "Enable sync overrun for a sync window", func(w *v1alpha1.SyncWindow) { w.SyncOverrun = true }},
		{"disable-sync-overrun", "Disable sync overrun for a sync window", func(w *v1alpha1.SyncWindow) { w.SyncOverrun = false }},
	} {
		cmd.AddCommand(o.toggle(t))
	}
	return cmd
}

// args wants PROJECT, or PROJECT and ID.
func args(n int) cobra.PositionalArgs {
	what := map[int]string{1: "one project", 2: "a project and the ID of a window"}[n]
	return func(cmd *cobra.Command, got []string) error {
		if len(got) == n {
			return nil
		}
		return fault.New(fault.Invalid, "%s takes %s, got %d (%s --help)", cmd.CommandPath(), what, len(got), cmd.CommandPath())
	}
}

// project is one that was read, and where from.
type project struct {
	*v1alpha1.AppProject
	in Projects
}

func (o Options) get(ctx context.Context, name string) (project, error) {
	in, namespace, err := o.Connect(ctx)
	if err != nil {
		return project{}, err
	}
	p, err := in.GetProject(ctx, namespace, name)
	if fault.KindOf(err) == fault.NotFound {
		return project{}, fault.New(fault.NotFound, "project %s/%s does not exist", namespace, name)
	}
	return project{AppProject: p, in: in}, err
}

// window finds the window that an ID names.
func (p project) window(id string) (int, error) {
	n, err := strconv.Atoi(id)
	if err != nil {
		return 0, fault.New(fault.Invalid, "%q is not the ID of a window: \"evenkeel proj windows list %s\" shows them", id, p.Name)
	}
	if n < 0 || n >= len(p.Spec.SyncWindows) || p.Spec.SyncWindows[n] == nil {
		return 0, fault.New(fault.NotFound, "project %s has no window %d: \"evenkeel proj windows list %s\" shows them", p.Name, n, p.Name)
	}
	return n, nil
}

// longest is what Argo CD takes for a description.
const longest = 255

// write checks the window with an ID and writes them all.
func (p project) write(ctx context.Context, id int) error {
	w := p.Spec.SyncWindows[id]
	problems := view.CheckWindow(w)
	if n := len(w.Description); n > longest {
		problems = append(problems, fmt.Sprintf("description: %d bytes are more than %d", n, longest))
	}
	if len(problems) > 0 {
		return fault.New(fault.Invalid, "%s", strings.Join(problems, "; "))
	}
	for i, other := range p.Spec.SyncWindows {
		if i != id && other != nil && equality.Semantic.DeepEqual(identity(w), identity(other)) {
			return fault.New(fault.Conflict, "window %d of project %s is the same", i, p.Name)
		}
	}
	return p.in.SetWindows(ctx, p.AppProject)
}

// identity is what makes a window another one, by Argo CD's rule.
func identity(w *v1alpha1.SyncWindow) *v1alpha1.SyncWindow {
	out := w.DeepCopy()
	out.ManualSync, out.SyncOverrun, out.Description = false, false, ""
	return out
}

func (o Options) list() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "list PROJECT",
		Short: "List project sync windows",
		Long: `List the sync windows of a project, with the IDs that the other commands take.
What is wrong with them is told on the standard error.`,
		Example: `  # List the windows of a project
  evenkeel proj windows list my-project`,
		Args: args(1),
	}
	cmd.Flags().StringVarP(&format, "output", "o", "wide", "Output format. One of: json|yaml|wide")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if format == "" {
			format = "wide"
		}
		if !slices.Contains([]string{"json", "yaml", "wide"}, format) {
			return fault.New(fault.Invalid, "--output %q: want one of json|yaml|wide", format)
		}
		p, err := o.get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		return o.print(p.Spec.SyncWindows, format)
	}
	return cmd
}

func (o Options) print(windows v1alpha1.SyncWindows, format string) error {
	p := o.Printer()
	switch format {
	case "json":
		return p.JSON(append(v1alpha1.SyncWindows{}, windows...))
	case "yaml":
		return p.YAML(append(v1alpha1.SyncWindows{}, windows...))
	}
	active, problems := view.ActiveWindows(windows, o.Now())
	var rows [][]string
	for i, w := range windows {
		if w == nil {
			w = &v1alpha1.SyncWindow{}
		}
		rows = append(rows, []string{
			strconv.Itoa(i), word(active[i], "Active", "Inactive"), w.Kind, w.Schedule, w.Duration,
			names(w.Applications), names(w.Namespaces), names(w.Clusters),
			word(w.ManualSync, "Enabled", "Disabled"), word(w.SyncOverrun, "Enabled", "Disabled"), w.TimeZone,
			word(w.UseAndOperator, "Enabled", "Disabled"),
		})
	}
	p.Table(output.Columns("ID", "STATUS", "KIND", "SCHEDULE", "DURATION", "APPLICATIONS", "NAMESPACES", "CLUSTERS",
		"MANUALSYNC", "SYNCOVERRUN", "TIMEZONE", "USEANDOPERATOR"), rows)
	for _, problem := range problems {
		o.Note("%s", problem)
	}
	return nil
}

func word(is bool, yes, no string) string {
	if is {
		return yes
	}
	return no
}

func names(list []string) string {
	if len(list) == 0 {
		return "-"
	}
	return strings.Join(list, ",")
}

func (o Options) remove() *cobra.Command {
	var sure bool
	cmd := &cobra.Command{
		Use:   "delete PROJECT ID",
		Short: "Delete a sync window from a project",
		Long: `Delete a sync window from a project. On a terminal it is asked about first. The ID is
that of "evenkeel proj windows list PROJECT"; those after it move up.`,
		Example: `  # Delete the first window of a project
  evenkeel proj windows delete my-project 0`,
		Args: args(2),
	}
	cmd.Flags().BoolVarP(&sure, "yes", "y", false, "Turn off prompting to confirm the deletion")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		p, err := o.get(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		id, err := p.window(args[1])
		if err != nil {
			return err
		}
		if !sure {
			w := p.Spec.SyncWindows[id]
			if sure, err = o.Confirm(cmd.Context(), fmt.Sprintf("Are you sure you want to delete sync window %d (%s %s)? [y/n] ", id, w.Kind, w.Schedule)); err != nil {
				return err
			}
		}
		if !sure {
			return fault.New(fault.Failed, "the sync window was not deleted: the answer was no")
		}
		p.Spec.SyncWindows = slices.Delete(p.Spec.SyncWindows, id, id+1)
		return p.in.SetWindows(cmd.Context(), p.AppProject)
	}
	return cmd
}

// toggle is a command that switches something of a window.
type toggle struct {
	name, short string
	change      func(*v1alpha1.SyncWindow)
}

func (o Options) toggle(t toggle) *cobra.Command {
	return &cobra.Command{
		Use:   t.name + " PROJECT ID",
		Short: t.short,
		Long:  t.short + ". The ID is that of \"evenkeel proj windows list PROJECT\".",
		Args:  args(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := o.get(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			id, err := p.window(args[1])
			if err != nil {
				return err
			}
			t.change(p.Spec.SyncWindows[id])
			return p.in.SetWindows(cmd.Context(), p.AppProject)
		},
	}
}
