package application

import (
	"testing"
	"time"
)

// TestPassing: a failure that may pass is looked at again soon, then less often; least
// often if it lies at servers elsewhere.
func TestPassing(t *testing.T) {
	for _, c := range []struct {
		tries  int
		beyond bool
		want   time.Duration
	}{
		{0, false, 100 * time.Millisecond},
		{3, false, 800 * time.Millisecond},
		{4, false, 1600 * time.Millisecond},
		{1000, false, 1600 * time.Millisecond},
		{0, true, 100 * time.Millisecond},
		{8, true, 25600 * time.Millisecond},
		{1000, true, 25600 * time.Millisecond},
	} {
		p := &pass{s: &appState{tries: c.tries}}
		p.fetcher.asked = c.beyond
		p.passing()
		if p.again != c.want || p.s.tries != c.tries+1 || !p.failing {
			t.Errorf("after %d tries, beyond %t: again in %s, want %s", c.tries, c.beyond, p.again, c.want)
		}
	}
}
