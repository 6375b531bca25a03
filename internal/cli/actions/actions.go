package actions

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Runner knows what can be done to the objects of an Application, and does it. Its
// errors carry a fault.Kind: NotFound for an object that is not there, or not the
// Application's.
type Runner interface {
	Actions(ctx context.Context, app *v1alpha1.Application, target view.ActionTarget) ([]view.Action, error)
	RunAction(ctx context.Context, app *v1alpha1.Application, run view.ActionRun) (view.ActionResult, error)
}

// Options are what the commands stand on; all are required.
type Options struct {
	// App reads the Application that an argument names.
	App    func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, error)
	Runner func(context.Context) (Runner, error)
	// Who is the name that the cluster knows the caller by. It is asked after App.
	Who func(context.Context) (string, error)
	// Control is where the flag for the control plane's namespace is kept.
	Control *string
	// Args wants so many arguments.
	Args    func(least, most int, what string) cobra.PositionalArgs
	Printer func() *output.Printer
	// Note tells people something that is not the command's output.
	Note func(format string, args ...any)
}

// New is the command "actions".
func New(o Options) *cobra.Command {
	cmd := &cobra.Command{
		Use: "actions", Short: "Manage Resource actions",
		Args: cobra.NoArgs, RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(o.list(), o.run())
	return cmd
}

// filter says which objects are meant.
type filter struct {
	appNamespace, group, kind, namespace, name string
	// grouped says that group counts, also when it is empty.
	grouped bool
}

func (o Options) flags(cmd *cobra.Command, f *filter) {
	flags := cmd.Flags()
	flags.StringVarP(&f.appNamespace, "app-namespace", "N", "", "Namespace of the application")
	flags.StringVar(&f.name, "resource-name", "", "Name of resource")
	flags.StringVar(&f.kind, "kind", "", "Kind")
	flags.StringVar(&f.group, "group", "", "Group")
	flags.StringVar(&f.namespace, "namespace", "", "Namespace of the resource")
	flags.StringVarP(o.Control, "control-namespace", "n", *o.Control, "Namespace of the control plane")
}

// targets are the objects of an Application that are meant: of those that it manages,
// as its status has them, and itself.
func (f filter) targets(app *v1alpha1.Application) []view.ActionTarget {
	var out []view.ActionTarget
	for _, s := range app.Status.Resources {
		t := view.ActionTarget{Key: resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}, Version: s.Version}
		if f.means(t.Key) {
			out = append(out, t)
		}
	}
	own := view.ActionTarget{
		Key:     resource.Key{Group: v1alpha1.GroupVersion.Group, Kind: "Application", Namespace: app.Namespace, Name: app.Name},
		Version: v1alpha1.GroupVersion.Version,
	}
	if f.means(own.Key) {
		out = append(out, own)
	}
	return out
}

func (f filter) means(k resource.Key) bool {
	return (f.kind == "" || f.kind == k.Kind) && (!f.grouped || f.group == k.Group) &&
		(f.namespace == "" || f.namespace == k.Namespace) && (f.name == "" || f.name == k.Name)
}

// one is the object that is named though the Application does not manage it: something
// that its objects own, such as an AnalysisRun.
func (f filter) one(app *v1alpha1.Application) (view.ActionTarget, bool) {
	if f.kind == "" || f.name == "" || !f.grouped {
		return view.ActionTarget{}, false
	}
	namespace := f.namespace
	if namespace == "" {
		namespace = app.Spec.Destination.Namespace
	}
	return view.ActionTarget{Key: resource.Key{Group: f.group, Kind: f.kind, Namespace: namespace, Name: f.name}}, true
}

// meant are the objects that a command is about; none is an error.
func (f filter) meant(app *v1alpha1.Application) ([]view.ActionTarget, error) {
	targets := f.targets(app)
	if len(targets) > 0 {
		return targets, nil
	}
	if t, ok := f.one(app); ok {
		return []view.ActionTarget{t}, nil
	}
	return nil, fault.New(fault.NotFound,
		"no object that application %s/%s manages matches; one that its objects own needs --group, --kind and --resource-name", app.Namespace, app.Name)
}

// single refuses what is more than one object, unless all are wanted, and what is of
// several groups, which nobody can have meant.
func (f filter) single(targets []view.ActionTarget, all bool) error {
	var names, groups []string
	for _, t := range targets {
		names = append(names, t.String())
		if !slices.Contains(groups, t.Group) {
			groups = append(groups, t.Group)
		}
	}
	switch {
	case len(groups) > 1 && !f.grouped:
		return fault.New(fault.Invalid, "%s is a kind of the groups %q: use --group", f.kind, groups)
	case len(targets) > 1 && !all:
		return fault.New(fault.Invalid, "%d objects match (%s): use --resource-name, --namespace and --group, or --all", len(targets), strings.Join(names, ", "))
	}
	return nil
}
