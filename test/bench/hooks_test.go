package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// hookTakes is how long the hooks of BenchmarkHooks take.
const hookTakes = time.Minute

// BenchmarkHooks has all Applications sync at once, each with a PreSync Job that
// takes a minute: how long that takes in all, and what waiting costs. Argo CD's
// published run of 10,000 such Applications never finished on defaults.
func BenchmarkHooks(b *testing.B) {
	b.Logf("%d Applications; load at the start: %s", *apps, load())
	s := &scenarios{world: newWorld(b, content{apps: *apps, objects: 1, hook: hookTakes}, map[string]any{})}
	b.Run("sync-with-hook", func(b *testing.B) {
		s.measured(b, 1, func() {
			begin := time.Now()
			s.world.create()
			b.ReportMetric(time.Since(begin).Seconds(), "created-s")
			s.waiting(b)
			s.synced(s.all(), "")
			b.ReportMetric(time.Since(begin).Seconds(), "s")
		})
	})
	b.Logf("load at the end: %s", load())
}

// waiting reports what the program is made of while Applications wait for hooks.
func (s *scenarios) waiting(b *testing.B) {
	b.Helper()
	n := s.apps.count(func(o *unstructured.Unstructured) bool {
		message, _, _ := unstructured.NestedString(o.Object, "status", "operationState", "message")
		return strings.HasPrefix(message, "waiting for completion of hook")
	})
	b.ReportMetric(float64(n), "waiting-apps")
	b.ReportMetric(s.metric("go_goroutines"), "waiting-goroutines")
	b.ReportMetric(s.metric("process_resident_memory_bytes")/(1<<20), "waiting-MiB")
}

// count is how many of the objects that are followed are such.
func (f *follower) count(such func(*unstructured.Unstructured) bool) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, o := range f.state {
		if such(o) {
			n++
		}
	}
	return n
}

// metric is a value of the program's /metrics.
func (s *scenarios) metric(name string) float64 {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.ctx, http.MethodGet, s.program.URL+"/metrics", nil)
	s.must(err)
	res, err := http.DefaultClient.Do(req)
	s.must(err)
	defer res.Body.Close() //nolint:errcheck // read to its end
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		var value float64
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			_, err := fmt.Sscan(rest, &value)
			s.must(err)
			return value
		}
	}
	s.t.Fatalf("no metric %s", name)
	return 0
}
