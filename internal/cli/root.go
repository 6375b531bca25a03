package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/fault"
)

// DefaultNamespace is the control plane's namespace when none is given.
const DefaultNamespace = "argocd"

// session is one run of the program: its environment and the global flags.
type session struct {
	env        Env
	connection Connection
	cluster    Cluster
	pipeline   Pipeline
	answers    *bufio.Reader
}

// Main runs the command that args name and gives its exit code (see
// "evenkeel help exit-codes"). Errors are written to env.Err.
func Main(ctx context.Context, env Env, args []string) int {
	root := New(env)
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(cmd, err)
	if text := message(ctx, err); text != "" {
		fmt.Fprintln(env.Err, "evenkeel: "+text)
	}
	return code
}

// message is the whole of err for people. A difference is not an error.
func message(ctx context.Context, err error) string {
	if _, ok := errors.AsType[differs](err); ok {
		return ""
	}
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	return output.Indented(fault.Whole(err))
}

// New is the command tree.
func New(env Env) *cobra.Command {
	s := &session{env: env}
	root := &cobra.Command{
		Use:   "evenkeel",
		Short: "Keep a Kubernetes cluster equal to what Git says",
		Long: `Evenkeel keeps a Kubernetes cluster equal to what Git says. It speaks Argo CD's
API: verbs and flags are those of "argocd app …" and "argocd proj …".`,
		SilenceErrors:     true,
		SilenceUsage:      true,
		PersistentPreRunE: checkRefused,
	}
	root.SetIn(env.In)
	root.SetOut(env.Out)
	root.SetErr(env.Err)
	root.SetFlagErrorFunc(usageError)

	flags := root.PersistentFlags()
	flags.StringVar(&s.connection.Kubeconfig, "kubeconfig", "", "Path to a kube config; what kubectl would use when not set")
	flags.StringVar(&s.connection.Context, "context", "", "The name of the kubeconfig context to use")
	flags.StringVar(&s.connection.Context, "kube-context", "", "Directs the command to the given kube-context (same as --context)")
	flags.StringVarP(&s.connection.Namespace, "namespace", "n", DefaultNamespace, "Namespace of the control plane")
	core := flags.VarPF(&onlyTrue{why: "there is no API server to talk to yet"}, "core", "", "Talk directly to Kubernetes, which is always done")
	core.NoOptDefVal = "true"
	refuse(root, flags, globalRefusals)

	app := &cobra.Command{Use: "app", Short: "Manage applications", Args: cobra.NoArgs, RunE: showHelp}
	app.AddCommand(newActions(s), newCreate(s), newDelete(s), newDiff(s), newGet(s), newHistory(s), newHooks(s), newList(s), newManifests(s), newPlan(s), newSync(s), newWait(s), newWhy(s))
	app.AddCommand(newSteering(s)...)
	root.AddCommand(app, newProject(s), newVersion(s), exitCodesTopic())
	if env.Run != nil {
		root.AddCommand(newRun(s))
	}
	return root
}

func showHelp(cmd *cobra.Command, _ []string) error { return cmd.Help() }

func usageError(cmd *cobra.Command, err error) error {
	return fault.New(fault.Invalid, "%v (%s --help shows the flags)", err, cmd.CommandPath())
}

// args gives positional arguments a check with a clear message.
func args(least, most int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, got []string) error {
		if len(got) >= least && (most < 0 || len(got) <= most) {
			return nil
		}
		return fault.New(fault.Invalid, "%s takes %s, got %d (%s --help)", cmd.CommandPath(), what, len(got), cmd.CommandPath())
	}
}

func (s *session) connect(ctx context.Context) (Cluster, error) {
	if s.cluster != nil {
		return s.cluster, nil
	}
	c, err := s.env.Connect(ctx, s.connection)
	if err != nil {
		return nil, err
	}
	s.cluster = c
	return c, nil
}

func (s *session) open(ctx context.Context) (Pipeline, error) {
	if s.pipeline != nil {
		return s.pipeline, nil
	}
	p, err := s.env.OpenPipeline(ctx, s.connection)
	if err != nil {
		return nil, err
	}
	s.pipeline = p
	return p, nil
}

func (s *session) printer() *output.Printer {
	return &output.Printer{W: s.env.Out, Color: s.env.Terminal.Color, Width: s.env.Terminal.Width}
}

// note tells people something that is not the command's output.
func (s *session) note(format string, args ...any) {
	p := &output.Printer{W: s.env.Err}
	p.Line("evenkeel: "+format, args...)
}
