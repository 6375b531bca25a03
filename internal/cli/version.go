package cli

import (
	"github.com/spf13/cobra"

	"evenkeel.dev/internal/cli/about"
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
		return about.Print(s.printer(), s.env.Build, format.value, brief)
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
