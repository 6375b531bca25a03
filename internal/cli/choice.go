package cli

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"evenkeel.dev/internal/fault"
)

// choice is a flag that takes one of a few words.
type choice struct {
	value   string
	allowed []string
	// refused words are Argo CD's and not supported yet.
	refused []string
}

func (c *choice) String() string { return c.value }
func (*choice) Type() string     { return "string" }

func (c *choice) Set(v string) error {
	if slices.Contains(c.refused, v) {
		return fault.New(fault.Unsupported, "%q is not supported yet", v)
	}
	if !slices.Contains(c.allowed, v) {
		return fault.New(fault.Invalid, "want one of %s", strings.Join(c.allowed, "|"))
	}
	c.value = v
	return nil
}

// outputFlag adds -o with the formats allowed, the first being the default.
func outputFlag(cmd *cobra.Command, allowed ...string) *choice {
	c := &choice{value: allowed[0], allowed: allowed}
	cmd.Flags().VarP(c, "output", "o", "Output format. One of: "+strings.Join(allowed, "|"))
	complete := func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return allowed, cobra.ShellCompDirectiveNoFileComp
	}
	// It fails only for flags that do not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", complete)
	return c
}

const selectorUsage = "Supports '=', '==', '!=', in, notin, exists & not exists. Matching apps must satisfy all of the specified label constraints."

func namespaceFlag(cmd *cobra.Command, to *string, usage string) {
	cmd.Flags().StringVarP(to, "app-namespace", "N", "", usage)
}
