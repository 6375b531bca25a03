package hooks

import (
	"context"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
)

// verb is a command that settles a failure.
type verb struct {
	name, short, long string
	word              once.Word
}

func retry() verb {
	return verb{
		name: "retry", word: once.Run,
		short: "Run a hook again that failed, and go on with the sync",
		long: `Run a hook again whose last run failed, for the same inputs: repeat the operation
that failed, and have it run the hook. If a newer commit has changed the inputs
meanwhile, that runs as any new inputs do.`,
	}
}

func markApplied() verb {
	return verb{
		name: "mark-applied", word: once.Skip,
		short: "Take a hook that failed for applied, and go on with the sync",
		long: `Take a hook whose last run failed for applied with these inputs, for instance
because that was done by hand: repeat the operation that failed, and have it go on
behind the hook. If a newer commit has changed the inputs meanwhile, that runs as
any new inputs do.`,
	}
}

func (o Options) settle(v verb) *cobra.Command {
	var namespace string
	var f Follow
	cmd := &cobra.Command{
		Use: v.name + " APPNAME HOOK", Short: v.short, Long: v.long,
		Example: "  evenkeel app hooks " + v.name + " my-app migrate",
		Args:    o.Args(2, 2, "an application and one of its hooks"),
	}
	format := o.Output(cmd, "wide", "json", "yaml", "tree")
	flags := cmd.Flags()
	flags.StringVarP(&namespace, "app-namespace", "N", "", "Only for an application in namespace")
	flags.BoolVar(&f.Async, "async", false, "Do not wait for application to sync before continuing")
	flags.UintVar(&f.Timeout, "timeout", 0, "Time out after this many seconds")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f.Format = format.String()
		return o.settleOne(cmd.Context(), v.word, f, target{app: args[0], namespace: namespace, hook: args[1]})
	}
	return cmd
}

// target is a hook as people name it.
type target struct{ app, namespace, hook string }

func (o Options) settleOne(ctx context.Context, word once.Word, f Follow, t target) error {
	app, l, err := o.read(ctx, t.app, t.namespace)
	if err != nil {
		return err
	}
	e, err := o.failed(app, l, t.hook)
	if err != nil {
		return err
	}
	const enough = 10 // digits of a key, as in the Job's name
	choices := once.Choices{Tasks: map[string]once.Choice{e.Task: {Word: word, Key: e.Key[:enough]}}}
	op := again(app)
	op.Info = append(op.Info, choices.Infos()...)
	return o.Operate(ctx, app, op, f)
}

// failed is the last run of a hook, which must have failed, or not have begun as
// the API server refuses its Job.
func (o Options) failed(app *v1alpha1.Application, l once.Ledger, hook string) (once.Entry, error) {
	name, tasks := app.Namespace+"/"+app.Name, l.Tasks()
	if len(tasks) == 0 {
		return once.Entry{}, fault.New(fault.NotFound, "no hook of application %s has run once per input yet; to decide about one: evenkeel app sync %s --hook %s=run|skip", name, name, hook)
	}
	task, err := once.Match(tasks, hook)
	if err != nil {
		return once.Entry{}, fault.Wrap(fault.NotFound, err, "application %s", name)
	}
	e, _ := l.Newest(task)
	if e.Outcome != once.Failed && !refused(e) {
		return e, fault.New(fault.Conflict, "hook %s of application %s has not failed: it is %s since %s; to decide about it all the same: evenkeel app sync %s --hook %s=run|skip",
			task, name, e.Outcome, o.when(e), name, task)
	}
	return e, nil
}

// refused says that there is no Job as the API server will not have it.
func refused(e once.Entry) bool { return e.Outcome == once.Running && e.Message != "" }

// again is the last operation once more if it was a whole sync that failed, else a
// new sync. A revision goes along only where nothing else says which one it is.
func again(app *v1alpha1.Application) v1alpha1.Operation {
	fresh := v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{SyncStrategy: &v1alpha1.SyncStrategy{Hook: &v1alpha1.SyncStrategyHook{}}}}
	last := app.Status.OperationState
	if last == nil || !last.Phase.Completed() || last.Phase == v1alpha1.OperationSucceeded || last.Operation.Sync == nil {
		return fresh
	}
	sync := last.Operation.Sync.DeepCopy()
	if sync.DryRun || len(sync.Resources) > 0 || sync.SyncStrategy != nil && sync.SyncStrategy.Apply != nil {
		return fresh
	}
	sync.SelfHealAttemptsCount = 0
	if describe.Automated(app) != nil {
		sync.Revision, sync.Revisions, sync.Manifests = "", nil, nil
	}
	op := v1alpha1.Operation{Sync: sync, Retry: *last.Operation.Retry.DeepCopy()}
	for _, info := range last.Operation.Info {
		if info != nil && info.Name != v1alpha1.InfoHooks {
			op.Info = append(op.Info, info.DeepCopy())
		}
	}
	return op
}
