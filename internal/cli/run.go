package cli

import (
	"net"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/resource"

	"evenkeel.dev/internal/fault"
)

// DefaultListen is where the web server listens when nothing else is said: on
// this machine only.
const DefaultListen = "127.0.0.1:8080"

// DefaultData is where mirrors and rendered results are kept when nothing else
// is said.
const DefaultData = "evenkeel-data"

// minRenderMemory is what a renderer that does nothing needs.
const minRenderMemory = 64 << 20

func newRun(s *session) *cobra.Command {
	var o RunOptions
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run the controller and the web server",
		Example: `  # Manage the cluster of the current kubeconfig from here
  evenkeel run --kubeconfig ~/.kube/config --namespace argocd --listen 127.0.0.1:8080 --data /var/lib/evenkeel`,
		Args: args(0, 0, "no argument"),
	}
	level := &choice{value: "info", allowed: []string{"debug", "info", "warn", "error"}}
	format := &choice{value: "text", allowed: []string{"text", "json"}}
	flags := cmd.Flags()
	flags.StringVar(&o.Listen, "listen", DefaultListen, "Address of the web server, HOST:PORT")
	flags.StringVar(&o.Data, "data", DefaultData, "Directory for mirrors of repositories and rendered results; it can be deleted at any time")
	flags.BoolVar(&o.UnconfinedRendering, "unconfined-rendering", false,
		"Render also where the system cannot confine render workers and plugins (no seccomp or Landlock): they then run with the rights of this process")
	flags.StringSliceVar(&o.PluginPrograms, "plugin-programs", nil,
		"Directories with programs of config management plugins, besides the system's; plugins may read all that is in them")
	flags.DurationVar(&o.RenderTimeout, "render-timeout", 90*time.Second, "How long one rendering may take before it is stopped")
	memory := flags.String("render-memory", "1Gi", "How much memory one rendering may use before it is stopped")
	flags.Var(level, "loglevel", "Set the logging level. One of: debug|info|warn|error")
	flags.Var(format, "logformat", "Set the logging format. One of: json|text")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if _, _, err := net.SplitHostPort(o.Listen); err != nil {
			return fault.Wrap(fault.Invalid, err, "--listen %q: want HOST:PORT", o.Listen)
		}
		if o.Data == "" {
			return fault.New(fault.Invalid, "--data: want a directory")
		}
		if o.RenderTimeout <= 0 {
			return fault.New(fault.Invalid, "--render-timeout %s: want more than 0", o.RenderTimeout)
		}
		quantity, err := resource.ParseQuantity(*memory)
		if err != nil || quantity.Value() < minRenderMemory {
			return fault.New(fault.Invalid, "--render-memory %q: want at least 64Mi", *memory)
		}
		o.RenderMemory = quantity.Value()
		o.Connection = s.connection
		o.LogLevel, o.LogFormat = level.value, format.value
		return s.env.Run(cmd.Context(), o)
	}
	return cmd
}
