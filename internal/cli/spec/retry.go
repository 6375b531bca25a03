package spec

import (
	"strings"
	"time"

	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

// Retry are the flags of a retry strategy.
type Retry struct {
	limit       int64
	refresh     bool
	duration    time.Duration
	maxDuration time.Duration
	factor      int64
}

// Strategy is nil when no retries are asked for.
func (r Retry) Strategy() *v1alpha1.RetryStrategy {
	if r.limit == 0 {
		return nil
	}
	return &v1alpha1.RetryStrategy{
		Limit:   r.limit,
		Refresh: r.refresh,
		Backoff: &v1alpha1.Backoff{Duration: r.duration.String(), MaxDuration: r.maxDuration.String(), Factor: new(r.factor)},
	}
}

// Flags adds the flags; prefix is "" or "sync-".
func (r *Retry) Flags(cmd *cobra.Command, prefix, what string) {
	flags := cmd.Flags()
	flags.Int64Var(&r.limit, prefix+"retry-limit", 0, "Max number of allowed sync retries")
	flags.BoolVar(&r.refresh, prefix+"retry-refresh", false, "Indicates if the latest revision should be used on retry instead of the initial one")
	flags.DurationVar(&r.duration, prefix+"retry-backoff-duration", 5*time.Second, what+" backoff base duration. Input needs to be a duration (e.g. 2m, 1h)")
	flags.DurationVar(&r.maxDuration, prefix+"retry-backoff-max-duration", 3*time.Minute, "Max "+strings.ToLower(what)+" backoff duration. Input needs to be a duration (e.g. 2m, 1h)")
	flags.Int64Var(&r.factor, prefix+"retry-backoff-factor", 2, "Factor multiplies the base duration after each failed retry")
}

// Check fails for flags that mean nothing without a limit.
func (r *Retry) Check(cmd *cobra.Command, prefix string) error {
	if cmd.Flags().Changed(prefix + "retry-limit") {
		return nil
	}
	for _, name := range [...]string{"retry-refresh", "retry-backoff-duration", "retry-backoff-max-duration", "retry-backoff-factor"} {
		if cmd.Flags().Changed(prefix + name) {
			return fault.New(fault.Invalid, "--%s%s goes with --%sretry-limit: without it nothing is retried", prefix, name, prefix)
		}
	}
	return nil
}
