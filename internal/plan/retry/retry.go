// Package retry says when a failed sync is tried again, by the retry strategy of
// an Application or of an operation (argo-cd.md §5.7). It is pure.
package retry

import (
	"cmp"
	"strconv"
	"time"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

const (
	defaultBackoff    = 5 * time.Second
	defaultFactor     = 2
	defaultMaxBackoff = 3 * time.Minute
)

// Delay is the wait before the next try when n were made.
func Delay(r v1alpha1.RetryStrategy, n int64) (time.Duration, error) {
	b := v1alpha1.Backoff{}
	if r.Backoff != nil {
		b = *r.Backoff
	}
	base, err := parseDuration(b.Duration, defaultBackoff)
	if err != nil {
		return 0, fault.New(fault.Invalid, "retry.backoff.duration %q is not a duration like 5s", b.Duration)
	}
	limit, err := parseDuration(b.MaxDuration, defaultMaxBackoff)
	if err != nil {
		return 0, fault.New(fault.Invalid, "retry.backoff.maxDuration %q is not a duration like 3m", b.MaxDuration)
	}
	factor := int64(defaultFactor)
	if b.Factor != nil {
		factor = max(*b.Factor, 1)
	}
	for range n {
		if base >= limit || base == 0 || factor == 1 {
			break
		}
		if base > limit/time.Duration(factor) { // else the product could be too large for a number
			return limit, nil
		}
		base *= time.Duration(factor)
	}
	return min(base, limit), nil
}

// parseDuration reads a Go duration or, as Argo CD does, a number of seconds.
func parseDuration(s string, fallback time.Duration) (time.Duration, error) {
	if s == "" {
		return fallback, nil
	}
	if n, err := strconv.ParseInt(s, 10, 32); err == nil && n >= 0 {
		return time.Duration(n) * time.Second, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, cmp.Or(err, fault.New(fault.Invalid, "negative duration %q", s))
	}
	return d, nil
}
