package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/cli/revisions"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

type diffOptions struct {
	name      appName
	revisions revisions.Flags
	refresh   string
	format    *choice
	// code is what to exit with on a difference; 0 with --exit-code=false.
	code int
}

func newDiff(s *session) *cobra.Command {
	var o diffOptions
	var namespace string
	var refresh, hard, exits bool
	cmd := &cobra.Command{
		Use:   "diff APPNAME",
		Short: "Perform a diff against the target and live state.",
		Long: `Perform a diff against the target and live state: what a sync would change.
Returns the following exit codes: 2 on general errors, 1 when a diff is found, and 0 when no diff is found.
The values of Secrets are masked.`,
		Example: `  # What a sync would change
  evenkeel app diff my-app

  # What a sync to another revision would change
  evenkeel app diff my-app --revision v1.2.0

  # The same for one of several sources
  evenkeel app diff my-app --revisions v1.2.0 --source-names values

  # Only the exit code
  evenkeel app diff my-app >/dev/null`,
		Args: args(1, 1, "one application"),
	}
	o.format = outputFlag(cmd, "wide", "json", "yaml")
	flags := cmd.Flags()
	namespaceFlag(cmd, &namespace, "Only render the difference in namespace")
	flags.BoolVar(&refresh, "refresh", false, "Refresh application data when retrieving")
	flags.BoolVar(&hard, "hard-refresh", false, "Refresh application data as well as target manifests cache")
	o.revisions.Add(flags, "Compare live app to a particular revision")
	flags.BoolVar(&exits, "exit-code", true, "Return non-zero exit code when there is a diff. May also return non-zero exit code if there is an error.")
	flags.IntVar(&o.code, "diff-exit-code", 1, "Return specified exit code when there is a diff.")
	serverSide := flags.VarPF(&onlyTrue{why: alwaysConfirms}, "server-side-diff", "", "Use server-side diff to calculate the diff, which is always done where it matters")
	serverSide.NoOptDefVal = "true"
	refuse(cmd, flags, diffRefusals)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if o.code < 0 || o.code > 255 {
			return fault.New(fault.Invalid, "--diff-exit-code %d: want 0 to 255", o.code)
		}
		if !exits {
			o.code = 0
		}
		o.refresh = refreshKind(refresh, hard)
		o.name, err = s.parseName(args[0], namespace)
		if err != nil {
			return err
		}
		return s.diff(cmd.Context(), o)
	}
	return cmd
}

var diffRefusals = []refusal{
	{name: "local"},
	{name: "local-include"},
	{name: "local-repo-root"},
	{name: "server-side-generate", boolean: true},
	{name: "ignore-normalizer-jq-execution-timeout", why: noJQ},
	{name: "server-side-diff-concurrency", why: alwaysConfirms},
	{name: "server-side-diff-max-batch-kb", why: alwaysConfirms},
}

func (s *session) diff(ctx context.Context, o diffOptions) error {
	app, err := s.fresh(ctx, o.name, o.refresh)
	if err != nil {
		return err
	}
	at, err := o.revisions.Of(app)
	if err != nil {
		return err
	}
	differences, err := s.differences(ctx, app, at)
	if err != nil {
		return err
	}
	p := s.printer()
	if o.format.value != "wide" {
		err = printAs(p, o.format.value, append([]view.Difference{}, differences...))
	} else {
		s.printDifferences(p, differences)
	}
	if err != nil || len(differences) == 0 || o.code == 0 {
		return err
	}
	return differs{code: o.code}
}

func (s *session) differences(ctx context.Context, app *v1alpha1.Application, at []string) ([]view.Difference, error) {
	pipeline, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	return pipeline.Diff(ctx, app, at)
}

func key(d view.Difference) resource.Key {
	return resource.Key{Group: d.Group, Kind: d.Kind, Namespace: d.Namespace, Name: d.Name}
}

// showDifferences writes those of an Application's differences that want wants.
func (s *session) showDifferences(ctx context.Context, app *v1alpha1.Application, at []string, want func(view.Difference) bool) error {
	differences, err := s.differences(ctx, app, at)
	if err != nil {
		return err
	}
	s.printDifferences(s.printer(), slices.DeleteFunc(differences, func(d view.Difference) bool { return !want(d) }))
	return nil
}

// printDifferences writes a unified diff for each object, from live to desired.
func (s *session) printDifferences(p *output.Printer, differences []view.Difference) {
	for _, d := range differences {
		p.Line("")
		p.Line("===== %s/%s %s/%s ======", d.Group, d.Kind, d.Namespace, d.Name)
		for _, by := range append(s.changedBy(d.Changes), describe.Fates(d.Changes)...) {
			p.Line("# %s", by)
		}
		if d.Desired == "" {
			p.Line("# not in the source any more: a sync with --prune deletes it")
		}
		path := strings.TrimPrefix(strings.Join([]string{d.Group, d.Kind, d.Namespace, d.Name}, "/"), "/")
		p.Diff(output.Text{Name: output.Clean("live/" + path), Content: d.Live}, output.Text{Name: output.Clean("desired/" + path), Content: d.Desired})
	}
}

// changedBy says who changed which fields and when, one line for each writer.
func (s *session) changedBy(changes []view.Drift) []string {
	var writers []view.Drift
	fields := map[view.Drift][]string{}
	for _, c := range changes {
		if c.Manager == "" {
			continue
		}
		w := view.Drift{Manager: c.Manager, At: c.At}
		if fields[w] == nil {
			writers = append(writers, w)
		}
		fields[w] = append(fields[w], c.Path)
	}
	var out []string
	for _, w := range writers {
		line := fmt.Sprintf("%s: changed by %s", describe.Few(fields[w]), w.Manager)
		if w.At != "" {
			line += " " + s.since(w.At) + " ago"
		}
		out = append(out, line)
	}
	return out
}
