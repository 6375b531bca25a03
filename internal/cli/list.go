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
)

type listOptions struct {
	format    *choice
	selector  string
	projects  []string
	repo      string
	namespace string
	cluster   string
	path      string
}

func newList(s *session) *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List applications",
		Long:  "List the applications of the control plane's namespace, or of the one that --app-namespace names.",
		Example: `  # List all apps
  evenkeel app list

  # List apps by label
  evenkeel app list -l app.kubernetes.io/instance=my-app
  evenkeel app list -l 'app.kubernetes.io/instance notin (my-app,other-app)'`,
		Args: args(0, 0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return s.listApps(cmd.Context(), o) },
	}
	o.format = outputFlag(cmd, "wide", "name", "json", "yaml")
	flags := cmd.Flags()
	namespaceFlag(cmd, &o.namespace, "Only list applications in namespace")
	flags.StringVarP(&o.selector, "selector", "l", "", "List apps by label. "+selectorUsage)
	flags.StringArrayVarP(&o.projects, "project", "p", nil, "Filter by project name")
	flags.StringVarP(&o.repo, "repo", "r", "", "List apps by source repo URL")
	flags.StringVarP(&o.cluster, "cluster", "c", "", "List apps by cluster name or url")
	flags.StringVarP(&o.path, "path", "P", "", "List apps by path")
	return cmd
}

func (s *session) listApps(ctx context.Context, o listOptions) error {
	apps, err := s.list(ctx, o.namespace, o.selector)
	if err != nil {
		return err
	}
	apps = slices.DeleteFunc(apps, func(a v1alpha1.Application) bool { return !o.wants(&a) })
	p := s.printer()
	switch o.format.value {
	case "json", "yaml":
		return printApps(p, o.format.value, apps)
	case "name":
		for i := range apps {
			p.Line("%s", nameOf(&apps[i]).String())
		}
	default:
		printList(p, apps)
	}
	return nil
}

func (o listOptions) wants(app *v1alpha1.Application) bool {
	if len(o.projects) > 0 && !slices.Contains(o.projects, describe.Project(app)) {
		return false
	}
	d := app.Spec.Destination
	if o.cluster != "" && o.cluster != d.Server && o.cluster != d.Name {
		return false
	}
	if o.repo == "" && o.path == "" {
		return true
	}
	return slices.ContainsFunc(describe.Sources(app), func(src v1alpha1.ApplicationSource) bool {
		return (o.repo == "" || sameRepo(o.repo, src.RepoURL)) && (o.path == "" || o.path == src.Path)
	})
}

// sameRepo compares URLs as people write them: with or without ".git" or a slash
// at the end.
func sameRepo(a, b string) bool {
	trim := func(u string) string { return strings.TrimSuffix(strings.TrimSuffix(u, "/"), ".git") }
	return strings.EqualFold(trim(a), trim(b))
}

func printList(p *output.Printer, apps []v1alpha1.Application) {
	columns := output.Columns("NAME", "CLUSTER", "NAMESPACE", "PROJECT", "STATUS", "HEALTH", "SYNCPOLICY", "CONDITIONS", "REPO", "PATH", "TARGET")
	columns[4].Verdict, columns[5].Verdict = true, true
	rows := make([][]string, len(apps))
	for i := range apps {
		app := &apps[i]
		src := describe.MainSource(app)
		where := src.Path
		if where == "" {
			where = src.Chart
		}
		rows[i] = []string{
			nameOf(app).String(), describe.Destination(app), app.Spec.Destination.Namespace, describe.Project(app),
			string(app.Status.Sync.Status), string(app.Status.Health.Status),
			syncPolicyWord(app), conditionsWord(app), src.RepoURL, where, src.TargetRevision,
		}
	}
	p.Table(columns, rows)
}

func syncPolicyWord(app *v1alpha1.Application) string {
	switch a := describe.Automated(app); {
	case a == nil:
		return "Manual"
	case a.Prune:
		return "Auto-Prune"
	}
	return "Auto"
}

// conditionsWord counts conditions by type: "ComparisonError,SyncError(2)".
func conditionsWord(app *v1alpha1.Application) string {
	counts := map[string]int{}
	for _, c := range app.Status.Conditions {
		counts[string(c.Type)]++
	}
	if len(counts) == 0 {
		return "<none>"
	}
	words := make([]string, 0, len(counts))
	for t, n := range counts {
		if n > 1 {
			t = fmt.Sprintf("%s(%d)", t, n)
		}
		words = append(words, t)
	}
	slices.Sort(words)
	return strings.Join(words, ",")
}

// tidy is app as it is written out: with its type, without the API server's
// bookkeeping.
func tidy(app *v1alpha1.Application) *v1alpha1.Application {
	out := app.DeepCopy()
	out.APIVersion = v1alpha1.GroupVersion.String()
	out.Kind = "Application"
	out.ManagedFields = nil
	return out
}

func printApps(p *output.Printer, format string, apps []v1alpha1.Application) error {
	out := make([]*v1alpha1.Application, len(apps))
	for i := range apps {
		out[i] = tidy(&apps[i])
	}
	return printAs(p, format, out)
}

func printAs(p *output.Printer, format string, v any) error {
	if format == "json" {
		return p.JSON(v)
	}
	return p.YAML(v)
}
