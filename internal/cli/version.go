package cli

import (
	"github.com/spf13/cobra"

	"evenkeel.dev/internal/cli/output"
)

func newVersion(s *session) *cobra.Command {
	var brief, client bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Print version information",
		Example: `  # Print the version and what it was built from
  evenkeel version

  # Print just the version
  evenkeel version --short`,
		Args: args(0, 0, "no argument"),
	}
	format := outputFlag(cmd, "wide", "short", "json", "yaml")
	cmd.Flags().BoolVar(&brief, "short", false, "print just the version number")
	cmd.Flags().BoolVar(&client, "client", false, "client version only, which is all there is: the cluster is not asked")
	refuse(cmd, cmd.Flags(), kubectlRefusals)
	cmd.RunE = func(*cobra.Command, []string) error {
		return printVersion(s.printer(), s.env.Build, format.value, brief)
	}
	return cmd
}

var kubectlRefusals = []refusal{
	{name: "cluster", why: kubeconfigOnly},
	{name: "insecure-skip-tls-verify", boolean: true, why: kubeconfigOnly},
	{name: "password", why: kubeconfigOnly},
	{name: "proxy-url", why: kubeconfigOnly},
	{name: "request-timeout", why: kubeconfigOnly},
	{name: "token", why: kubeconfigOnly},
	{name: "user", why: kubeconfigOnly},
	{name: "username", why: kubeconfigOnly},
}

func printVersion(p *output.Printer, b Build, format string, brief bool) error {
	switch format {
	case "json", "yaml":
		if brief {
			return printAs(p, format, map[string]any{"client": map[string]string{"evenkeel": b.Version}})
		}
		return printAs(p, format, map[string]any{"client": b})
	}
	p.Line("evenkeel: %s", b.Version)
	if brief || format == "short" {
		return nil
	}
	for _, f := range [...]struct{ label, value string }{
		{"BuildDate", b.BuildDate},
		{"GitCommit", b.GitCommit},
		{"GitTreeState", b.GitTreeState},
		{"GoVersion", b.GoVersion},
		{"Compiler", b.Compiler},
		{"Platform", b.Platform},
	} {
		if f.value != "" {
			p.Line("  %s: %s", f.label, f.value)
		}
	}
	return nil
}
