package retry_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/retry"
)

func TestDelay(t *testing.T) {
	factor := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		why     string
		backoff *v1alpha1.Backoff
		n       int64
		want    time.Duration
		invalid bool
	}{
		{why: "5s without a backoff", n: 0, want: 5 * time.Second},
		{why: "doubled", n: 1, want: 10 * time.Second},
		{why: "and again", n: 2, want: 20 * time.Second},
		{why: "at most 3m", n: 6, want: 3 * time.Minute},
		{why: "unlimited retries come to large numbers", n: math.MaxInt64, want: 3 * time.Minute},
		{why: "its own", backoff: &v1alpha1.Backoff{Duration: "1m", Factor: factor(3), MaxDuration: "1h"}, n: 2, want: 9 * time.Minute},
		{why: "a number is seconds, as in Argo CD", backoff: &v1alpha1.Backoff{Duration: "7", MaxDuration: "9"}, n: 0, want: 7 * time.Second},
		{why: "the first is limited, too", backoff: &v1alpha1.Backoff{Duration: "10m"}, n: 0, want: 3 * time.Minute},
		{why: "a factor below 1 is 1", backoff: &v1alpha1.Backoff{Factor: factor(0)}, n: 3, want: 5 * time.Second},
		{why: "a product that is too large is not a small one", backoff: &v1alpha1.Backoff{Factor: factor(math.MaxInt64)}, n: 1, want: 3 * time.Minute},
		{why: "no duration", backoff: &v1alpha1.Backoff{Duration: "soon"}, invalid: true},
		{why: "negative", backoff: &v1alpha1.Backoff{Duration: "-5s"}, invalid: true},
		{why: "negative number", backoff: &v1alpha1.Backoff{MaxDuration: "-5"}, invalid: true},
	} {
		t.Run(c.why, func(t *testing.T) {
			got, err := retry.Delay(v1alpha1.RetryStrategy{Backoff: c.backoff}, c.n)
			if got != c.want || (err != nil) != c.invalid {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

// A delay is never negative, above the limit, or shorter than the one before.
func TestDelayGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		factor := rapid.Int64().Draw(t, "factor")
		limit := time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "limit"))
		r := v1alpha1.RetryStrategy{Backoff: &v1alpha1.Backoff{
			Duration: time.Duration(rapid.Int64Range(0, math.MaxInt64).Draw(t, "duration")).String(), Factor: &factor, MaxDuration: limit.String(),
		}}
		n := rapid.Int64Range(0, 100).Draw(t, "n")
		a, err := retry.Delay(r, n)
		if err != nil {
			t.Fatal(err)
		}
		b, _ := retry.Delay(r, n+1)
		if a < 0 || a > b || b > limit {
			t.Fatalf("%s, then %s, of at most %s", a, b, limit)
		}
	})
}
