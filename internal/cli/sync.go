package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/filter"
	"evenkeel.dev/internal/cli/hooks"
	"evenkeel.dev/internal/cli/revisions"
	"evenkeel.dev/internal/cli/spec"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
)

type syncOptions struct {
	selection selection
	format    *choice
	strategy  *choice
	resources []string
	labels    []string
	infos     []string
	revisions revisions.Flags
	hooks     hooks.Flags
	plan      string

	prune, dryRun, force, replace, serverSide, outOfSyncOnly bool
	async, preview, assumeYes                                bool

	timeout uint
	retry   spec.Retry
}

func newSync(s *session) *cobra.Command {
	var o syncOptions
	cmd := &cobra.Command{
		Use:   "sync [APPNAME... | -l selector | --project project-name]",
		Short: "Sync an application to its target state",
		Long: `Sync an application to its target state and wait until that is done. Several
applications are synced one after the other; the first failure ends it.`,
		Example: `  # Sync an app
  evenkeel app sync my-app

  # Sync apps by label, and delete what is no longer in the source
  evenkeel app sync -l app.kubernetes.io/instance=my-app --prune

  # Sync specific resources: GROUP:KIND:NAME or GROUP:KIND:NAMESPACE/NAME
  evenkeel app sync my-app --resource :Service:my-service --resource apps:Deployment:my-namespace/my-service
  evenkeel app sync my-app --resource '!*:Service:*'

  # Sync one of several sources to another revision
  evenkeel app sync my-app --revisions v1.2.0 --source-names values

  # See what would change and be asked before it does
  evenkeel app sync my-app --preview-changes

  # Do exactly what "app plan" showed, or nothing
  evenkeel app sync my-app --plan 3f2a9c0d1e4b5a67

  # Run a migration again that ran with the same inputs already
  evenkeel app sync my-app --hook migrate=run`,
		Args: cobra.ArbitraryArgs,
	}
	o.format = appFormat(cmd)
	o.flags(cmd)
	refuse(cmd, cmd.Flags(), syncRefusals)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		o.selection.Args = args
		if err := o.check(cmd); err != nil {
			return err
		}
		return s.sync(cmd.Context(), o)
	}
	return cmd
}

var syncRefusals = []refusal{
	{name: "local"},
	{name: "local-repo-root"},
	{name: "ignore-normalizer-jq-execution-timeout", why: noJQ},
	{name: "server-side-diff-concurrency", why: alwaysConfirms},
	{name: "server-side-diff-max-batch-kb", why: alwaysConfirms},
}

func (o *syncOptions) flags(cmd *cobra.Command) {
	o.strategy = &choice{allowed: []string{"apply", "hook"}}
	flags := cmd.Flags()
	namespaceFlag(cmd, &o.selection.Namespace, "Only sync an application in namespace")
	flags.StringVarP(&o.selection.Selector, "selector", "l", "", "Sync apps that match this label. "+selectorUsage)
	flags.StringArrayVar(&o.selection.Projects, "project", nil, "Sync apps that belong to the specified projects. This option may be specified repeatedly.")
	flags.StringArrayVar(&o.resources, "resource", nil, "Sync only specific resources as GROUP:KIND:NAME or !GROUP:KIND:NAME. Fields may be blank and '*' can be used. This option may be specified repeatedly")
	flags.StringArrayVar(&o.labels, "label", nil, "Sync only specific resources with a label. This option may be specified repeatedly.")
	flags.StringArrayVar(&o.infos, "info", nil, "A list of key-value pairs during sync process. These infos will be persisted in app.")
	o.revisions.Add(flags, "Sync to a specific revision. Preserves parameter overrides")
	flags.StringVar(&o.plan, "plan", "", "Do exactly the plan with this hash, as \"app plan\" prints it, or nothing if anything has moved since")
	flags.BoolVar(&o.prune, "prune", false, "Allow deleting unexpected resources")
	flags.BoolVar(&o.dryRun, "dry-run", false, "Preview apply without affecting cluster")
	flags.BoolVar(&o.force, "force", false, "Use a force apply")
	flags.BoolVar(&o.replace, "replace", false, "Use a kubectl create/replace instead apply")
	flags.BoolVar(&o.serverSide, "server-side", false, "Use server-side apply while syncing the application")
	flags.BoolVar(&o.outOfSyncOnly, "apply-out-of-sync-only", false, "Sync only out-of-sync resources")
	flags.BoolVar(&o.async, "async", false, "Do not wait for application to sync before continuing")
	flags.BoolVar(&o.preview, "preview-changes", false, "Preview difference against the target and live state before syncing app and wait for user confirmation")
	flags.BoolVar(&o.assumeYes, "assumeYes", false, "Assume yes as answer for all user queries or prompts")
	flags.Var(o.strategy, "strategy", "Sync strategy (one of: apply|hook)")
	flags.UintVar(&o.timeout, "timeout", 0, "Time out after this many seconds")
	o.retry.Flags(cmd, "", "Retry")
	o.hooks.Add(flags)
}

func (o *syncOptions) check(cmd *cobra.Command) error {
	sel := o.selection
	if len(sel.Args) == 0 && sel.Selector == "" && len(sel.Projects) == 0 {
		return fault.New(fault.Invalid, "which application? give its name, --selector or --project (%s --help)", cmd.CommandPath())
	}
	if len(sel.Args) > 0 && (sel.Selector != "" || len(sel.Projects) > 0) {
		return fault.New(fault.Invalid, "give names or --selector and --project, not both")
	}
	if o.hooks.Given() && (o.strategy.value == "apply" || len(o.resources) > 0 || len(o.labels) > 0) {
		return fault.New(fault.Invalid, "--hooks and --hook go with a whole sync: --strategy apply, --resource and --label run no hooks")
	}
	if err := o.revisions.Check(); err != nil {
		return err
	}
	if err := o.checkPlan(); err != nil {
		return err
	}
	return o.retry.Check(cmd, "")
}

func (s *session) sync(ctx context.Context, o syncOptions) error {
	fs, err := filter.Parse(o.resources)
	if err != nil {
		return err
	}
	names, err := s.names(ctx, o.selection)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := s.syncOne(ctx, n, o, fs); err != nil {
			return err
		}
	}
	return nil
}

func (s *session) syncOne(ctx context.Context, n appName, o syncOptions, fs filter.Filters) error {
	app, err := s.get(ctx, n)
	if err != nil {
		return err
	}
	fs, err = s.withLabels(ctx, app, o, fs)
	if err != nil {
		return err
	}
	op, err := o.operation(app, fs)
	if err != nil {
		return err
	}
	if o.preview {
		wanted, err := s.previewSync(ctx, app, o)
		if err != nil || !wanted {
			return err
		}
	}
	err = s.operate(ctx, n, op, follow{async: o.async, timeout: o.timeout, format: o.format.value, filters: fs})
	if err != nil && o.plan != "" {
		s.sayMoved(ctx, n, o.plan, *op.Sync)
	}
	return err
}

// follow says what to do about an operation that was asked for.
type follow struct {
	async   bool
	timeout uint
	format  string
	filters filter.Filters
}

// operate asks for an operation and, unless it is asynchronous, waits for its end.
func (s *session) operate(ctx context.Context, n appName, op v1alpha1.Operation, f follow) error {
	// Who asked is worth knowing; not knowing it is no reason not to sync.
	if who, err := s.cluster.Whoami(ctx); err == nil {
		op.InitiatedBy.Username = who
	}
	if _, err := s.cluster.Sync(ctx, n.Namespace, n.Name, op); err != nil {
		return explainMissing(err, n)
	}
	if f.async {
		return nil
	}
	return s.finish(ctx, n, f)
}

// finish waits for the end of an operation and says whether it did what was asked for.
func (s *session) finish(ctx context.Context, n appName, f follow) error {
	w := wait{name: n, goal: goal{operation: true}, filters: f.filters, timeout: f.timeout}
	after, err := s.follow(ctx, w, "syncing "+n.String(), f.format)
	if err != nil {
		if ctx.Err() != nil {
			s.note("the sync of %s goes on: evenkeel app wait %s --operation", n.String(), n.String())
		}
		return err
	}
	return judgeSync(after, len(f.filters) > 0)
}

// judgeSync says whether a sync that has ended did what was asked for.
func judgeSync(app *v1alpha1.Application, partial bool) error {
	op := app.Status.OperationState
	if op == nil {
		return fault.New(fault.Failed, "application %s: the operation left no result", nameOf(app))
	}
	if op.Phase != v1alpha1.OperationSucceeded {
		return fault.New(fault.Failed, "application %s: operation has completed with phase: %s%s", nameOf(app), op.Phase, because(op.Message))
	}
	dryRun := op.Operation.Sync != nil && op.Operation.Sync.DryRun
	if dryRun || partial || app.Status.Sync.Status == v1alpha1.SyncStatusSynced || op.SyncResult == nil {
		return nil
	}
	left := 0
	for _, r := range op.SyncResult.Resources {
		if r.Status == v1alpha1.ResultPruneSkipped {
			left++
		}
	}
	if left > 0 {
		return fault.New(fault.Failed, "application %s: %d resources require pruning: sync with --prune", nameOf(app), left)
	}
	return nil
}

// operation is what is asked of the controller.
func (o *syncOptions) operation(app *v1alpha1.Application, fs filter.Filters) (v1alpha1.Operation, error) {
	var op v1alpha1.Operation
	if err := o.checkRevision(app); err != nil {
		return op, err
	}
	infos, err := spec.Pairs("info", o.infos)
	if err != nil {
		return op, err
	}
	if _, ok := infos[v1alpha1.InfoHooks]; ok {
		return op, fault.New(fault.Invalid, "--info %s is what --hooks and --hook write: use those", v1alpha1.InfoHooks)
	}
	resources := fs.Resources(app)
	if len(fs) > 0 && len(resources) == 0 {
		return op, fault.New(fault.NotFound, "no object of application %s matches %s: \"evenkeel app get %s\" shows what there is",
			nameOf(app), o.describeFilters(), nameOf(app))
	}
	sync := &v1alpha1.SyncOperation{
		Prune: o.prune, DryRun: o.dryRun, Resources: resources, SyncOptions: o.options(app), SyncStrategy: o.syncStrategy(),
	}
	if err := o.revisions.Into(app, sync); err != nil {
		return op, err
	}
	op = v1alpha1.Operation{Sync: sync}
	for _, k := range sortedKeys(infos) {
		op.Info = append(op.Info, &v1alpha1.Info{Name: k, Value: infos[k]})
	}
	op.Info = append(op.Info, o.hooks.Infos()...)
	if o.plan != "" {
		op.Info = append(op.Info, &v1alpha1.Info{Name: v1alpha1.InfoPlan, Value: o.plan})
	}
	switch retry := o.retry.Strategy(); {
	case retry != nil:
		op.Retry = *retry
	case app.Spec.SyncPolicy != nil && app.Spec.SyncPolicy.Retry != nil:
		op.Retry = *app.Spec.SyncPolicy.Retry.DeepCopy()
	}
	return op, nil
}

// checkRevision refuses a revision that automated sync would undo at once.
func (o *syncOptions) checkRevision(app *v1alpha1.Application) error {
	at, err := o.revisions.Of(app)
	if err != nil || o.dryRun || describe.Automated(app) == nil {
		return err
	}
	for i, revision := range at {
		if target := describe.Sources(app)[i].TargetRevision; revision != "" && revision != target {
			return fault.New(fault.Invalid, "cannot sync application %s to %s: auto-sync currently set to %s", nameOf(app), revision, orHead(target))
		}
	}
	return nil
}

func orHead(revision string) string {
	if revision == "" {
		return "HEAD"
	}
	return revision
}

func (o *syncOptions) describeFilters() string {
	var words []string
	for _, r := range o.resources {
		words = append(words, "--resource "+r)
	}
	for _, l := range o.labels {
		words = append(words, "--label "+l)
	}
	return strings.Join(words, ", ")
}

// options are the Application's sync options and over them those of the flags.
func (o *syncOptions) options(app *v1alpha1.Application) []string {
	var given []string
	for _, f := range [...]struct {
		set    bool
		option string
	}{
		{o.replace, "Replace=true"}, {o.serverSide, "ServerSideApply=true"}, {o.outOfSyncOnly, "ApplyOutOfSyncOnly=true"},
	} {
		if f.set {
			given = append(given, f.option)
		}
	}
	if app.Spec.SyncPolicy == nil {
		return given
	}
	overridden := resource.ParseOptions(given...)
	var out []string
	for _, option := range app.Spec.SyncPolicy.SyncOptions {
		name, _, _ := strings.Cut(option, "=")
		if _, ok := overridden[name]; !ok {
			out = append(out, option)
		}
	}
	return append(out, given...)
}

func (o *syncOptions) syncStrategy() *v1alpha1.SyncStrategy {
	apply := v1alpha1.SyncStrategyApply{Force: o.force}
	if o.strategy.value == "apply" {
		return &v1alpha1.SyncStrategy{Apply: &apply}
	}
	return &v1alpha1.SyncStrategy{Hook: &v1alpha1.SyncStrategyHook{SyncStrategyApply: apply}}
}

// withLabels adds a filter for each desired object that carries one of the labels.
func (s *session) withLabels(ctx context.Context, app *v1alpha1.Application, o syncOptions, fs filter.Filters) (filter.Filters, error) {
	wanted, err := spec.Pairs("label", o.labels)
	if err != nil || len(wanted) == 0 {
		return fs, err
	}
	pipeline, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	at, err := o.revisions.Of(app)
	if err != nil {
		return nil, err
	}
	objects, err := pipeline.Manifests(ctx, app, at)
	if err != nil {
		return nil, err
	}
	out := append(filter.Filters{}, fs...)
	for _, obj := range objects {
		for k, v := range obj.GetLabels() {
			if want, ok := wanted[k]; ok && v == want {
				key := resource.KeyOf(obj)
				out = append(out, filter.Filter{Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name})
				break
			}
		}
	}
	if len(out) == 0 {
		return nil, fault.New(fault.NotFound, "no object in the source of application %s carries --label %s", nameOf(app), strings.Join(o.labels, " or "))
	}
	return out, nil
}

// previewSync shows what would change and asks whether to go on.
func (s *session) previewSync(ctx context.Context, app *v1alpha1.Application, o syncOptions) (bool, error) {
	p := s.printer()
	name := nameOf(app).String()
	at, err := o.revisions.Of(app)
	if err != nil {
		return false, err
	}
	differences, err := s.differences(ctx, app, at)
	if err != nil {
		return false, err
	}
	p.Line("====== Previewing differences between live and desired state of application %s ======", name)
	s.printDifferences(p, differences)
	if len(differences) == 0 {
		p.Line("====== No Differences found ======")
		return false, nil
	}
	if o.assumeYes {
		return true, nil
	}
	answer, err := s.ask(ctx, fmt.Sprintf("Please review changes to application %s shown above. Do you want to continue the sync process? (y/n): ", name))
	if err != nil {
		return false, err
	}
	if answer != "y" && answer != "yes" {
		return false, fault.New(fault.Failed, "application %s was not synced: the answer was no", name)
	}
	return true, nil
}
