package preview

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/filter"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/cli/revisions"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Options are what the command stands on; all are required.
type Options struct {
	// App reads the Application that an argument names, in a namespace if the argument
	// names none.
	App func(ctx context.Context, arg, namespace string) (*v1alpha1.Application, error)
	// Plan makes the plan of a sync.
	Plan func(ctx context.Context, app *v1alpha1.Application, sync v1alpha1.SyncOperation) (view.Plan, error)
	// Keep remembers a plan, so that a sync that is refused can say what moved since.
	// Not being able to is no reason to fail.
	Keep func(view.Plan)
	// Differences writes what differs in the objects that want wants.
	Differences func(ctx context.Context, app *v1alpha1.Application, revisions []string, want func(view.Difference) bool) error
	Printer     func() *output.Printer
	// Changes is the error of a plan in which there is something to do.
	Changes error
}

// request is what the command line asks for.
type request struct {
	namespace, format string
	revisions         revisions.Flags
	prune, diff       bool
	resources         []string
}

// New is the command "plan".
func New(o Options) *cobra.Command {
	var r request
	cmd := &cobra.Command{
		Use:   "plan APPNAME",
		Short: "Show what a sync would do, step by step",
		Long: `Show what a sync would do: each phase and wave with its objects, what is done with
them and why, and what is left alone although something would have to be done. The
plan has a hash: a sync that is given it does exactly this, or refuses if what is
desired or live has moved since.

Returns the following exit codes: 0 when there is nothing to do, 1 when there is, and
2 on errors. Hooks are something to do: a sync runs them even where nothing differs.
The values of Secrets are masked.`,
		Example: `  # What a sync would do, and then just that
  evenkeel app plan my-app --prune
  evenkeel app sync my-app --prune --plan 3f2a9c0d1e4b5a67

  # What a sync of another revision would do, with whole diffs
  evenkeel app plan my-app --revision v1.2.0 --diff

  # A sync of some objects only
  evenkeel app plan my-app --resource apps:Deployment:my-service`,
		Args: func(cmd *cobra.Command, got []string) error {
			if len(got) == 1 {
				return nil
			}
			return fault.New(fault.Invalid, "%s takes one application, got %d (%s --help)", cmd.CommandPath(), len(got), cmd.CommandPath())
		},
	}
	flags := cmd.Flags()
	flags.StringVarP(&r.namespace, "app-namespace", "N", "", "Only plan for an application in namespace")
	flags.StringVarP(&r.format, "output", "o", "wide", "Output format. One of: wide|json|yaml")
	r.revisions.Add(flags, "Plan a sync to a specific revision")
	flags.BoolVar(&r.prune, "prune", false, "Plan a sync that deletes what is no longer in the source")
	flags.BoolVar(&r.diff, "diff", false, "Show the whole diff of each object that would change")
	flags.StringArrayVar(&r.resources, "resource", nil, "Plan a sync of specific resources only as GROUP:KIND:NAME or !GROUP:KIND:NAME. Fields may be blank and '*' can be used. This option may be specified repeatedly")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if formats := []string{"wide", "json", "yaml"}; !slices.Contains(formats, r.format) {
			return fault.New(fault.Invalid, "--output %q: want one of %s", r.format, strings.Join(formats, "|"))
		}
		app, err := o.App(cmd.Context(), args[0], r.namespace)
		if err != nil {
			return err
		}
		return o.run(cmd.Context(), app, r)
	}
	return cmd
}

func (o Options) run(ctx context.Context, app *v1alpha1.Application, r request) error {
	filters, err := filter.Parse(r.resources)
	if err != nil {
		return err
	}
	sync := v1alpha1.SyncOperation{Prune: r.prune, Resources: filters.Resources(app)}
	if err := r.revisions.Into(app, &sync); err != nil {
		return err
	}
	if len(filters) > 0 && len(sync.Resources) == 0 {
		return fault.New(fault.NotFound, "no object of application %s/%s matches --resource %s", app.Namespace, app.Name, strings.Join(r.resources, ", --resource "))
	}
	plan, err := o.Plan(ctx, app, sync)
	if err != nil {
		return err
	}
	o.Keep(plan)
	if err := o.write(ctx, app, r, plan); err != nil {
		return err
	}
	if Writes(plan) > 0 {
		return o.Changes
	}
	return nil
}

func (o Options) write(ctx context.Context, app *v1alpha1.Application, r request, plan view.Plan) error {
	p := o.Printer()
	switch r.format {
	case "json":
		return p.JSON(plan)
	case "yaml":
		return p.YAML(plan)
	}
	Print(p, app.Namespace+"/"+app.Name, plan)
	if r.diff {
		at, err := r.revisions.Of(app)
		if err != nil {
			return err
		}
		if err := o.Differences(ctx, app, at, changed(plan)); err != nil {
			return err
		}
	}
	if Writes(plan) == 0 {
		return nil
	}
	p.Line("")
	p.Line("To do exactly this, or nothing if anything has moved since:")
	p.Line("  %s", r.command(app, plan.Hash))
	return nil
}

// command is the sync that does the plan.
func (r request) command(app *v1alpha1.Application, hash string) string {
	words := []string{"evenkeel", "app", "sync", app.Namespace + "/" + app.Name}
	if r.prune {
		words = append(words, "--prune")
	}
	words = append(words, r.revisions.Words()...)
	for _, resource := range r.resources {
		words = append(words, "--resource", resource)
	}
	for i := range words {
		words[i] = quoted(words[i])
	}
	return strings.Join(append(words, "--plan", hash), " ")
}

// quoted is a word as a shell takes it.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=@%+,", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// changed says which differences belong to objects that the plan changes.
func changed(plan view.Plan) func(view.Difference) bool {
	keys := map[resource.Key]bool{}
	for _, s := range plan.Steps {
		for _, i := range s.Items {
			if i.Action != keep && i.Action != hook {
				keys[keyOf(i)] = true
			}
		}
	}
	return func(d view.Difference) bool {
		return keys[resource.Key{Group: d.Group, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}]
	}
}
