package cli

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"evenkeel.dev/internal/fault"
)

const (
	exitOK = 0
	// exitDiffError is what "app diff" and "app plan" exit with on errors, so that 1
	// always means a difference.
	exitDiffError = 2
	// exitInterrupted is the shell's code for a program that SIGINT ended.
	exitInterrupted = 130
)

// differs is the outcome of a diff that found something; code is what to exit with.
type differs struct{ code int }

func (differs) Error() string { return "there are differences" }

// exitCode is the one place where an outcome becomes a code.
func exitCode(cmd *cobra.Command, err error) int {
	if d, ok := errors.AsType[differs](err); ok {
		return d.code
	}
	if errors.Is(err, context.Canceled) {
		return exitInterrupted
	}
	if cmd != nil && (cmd.Name() == "diff" || cmd.Name() == "plan") {
		return exitDiffError
	}
	return fault.KindOf(err).ExitCode()
}

func exitCodesTopic() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "What the exit codes mean",
		Long: `What the exit codes mean:

  0    done; for "app diff": no difference; for "app plan": nothing to do
  1    tried and not reached: a sync failed or left something to prune, a state
       that was waited for did not come, a plan is out of date, a question was
       answered with no;
       for "app diff": there are differences (--diff-exit-code changes this code);
       for "app plan": there is something to do
  2    for "app diff" and "app plan": an error
  11   the cluster or a repository did not answer; the same may work later
  20   any other error: wrong flags, no such application, not permitted, …
  130  interrupted

Errors are written to the standard error: what and where in the first line, and in
lines that follow, where there are any, what led there.`,
	}
}
