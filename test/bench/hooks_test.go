package bench

import (
	"bufio"
	"fmt"
	"net/http"
	"strconv"
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
		return isWaiting(o) == ""
	})
	b.ReportMetric(float64(n), "waiting-apps")
	b.ReportMetric(s.metric("go_goroutines"), "waiting-goroutines")
	b.ReportMetric(s.metric("process_resident_memory_bytes")/(1<<20), "waiting-MiB")
}

// hookMessage is how the message of an operation begins that waits for a hook.
const hookMessage = "waiting for completion of hook"

// isWaiting says why an Application is not in the middle of a hook, "" if it is.
func isWaiting(o *unstructured.Unstructured) string {
	if o == nil {
		return "it is not there"
	}
	message, _, _ := unstructured.NestedString(o.Object, "status", "operationState", "message")
	if !strings.HasPrefix(message, hookMessage) {
		return "its operation says " + strconv.Quote(message)
	}
	return ""
}

// TestHooksCostNothing: Applications that are in the middle of a long PreSync Job
// cost no worker, no goroutine of any kind, and no request beyond the watches.
//
// There are more of them than workers, so that one that held a worker would keep
// others from beginning. What runs and what is asked are taken by the means of
// TestCounts.
func TestHooksCostNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("needs a control plane and a minute")
	}
	const intervals = 3
	w := newWorld(t, content{apps: 100, objects: 1, hook: 10 * time.Minute}, map[string]any{
		"timeout.reconciliation": interval.String(), "timeout.reconciliation.jitter": "0s",
	})
	hooks, err := follow(w.ctx, w.client, jobs, "hook")
	w.must(err)
	ctx, cancel := w.patient()
	defer cancel()
	before := w.metric("go_goroutines")
	w.create()
	w.must(w.apps.until(ctx, w.all(), isWaiting))
	w.must(hooks.until(ctx, w.hooks(), isReady))
	w.settle()
	from := time.Now()
	_, err = w.git.next(ctx, intervals)
	w.must(err)
	added := w.metric("go_goroutines") - before
	to := w.settle()
	if got := w.requests(from, to).without("watch").counts(byObject); len(got) > 0 {
		t.Errorf("requests in %s in which %d Applications waited, want none but watches: %v", to.Sub(from), w.content.apps, got)
	}
	t.Logf("%d waiting Applications and the watches of what they manage: %v goroutines more", w.content.apps, added)
	if limit := float64(w.content.apps) / 2; added > limit {
		t.Errorf("%v goroutines more with %d waiting Applications, want at most %v", added, w.content.apps, limit)
	}
	// They wait still, and none of it was the end of one.
	w.must(w.apps.until(ctx, w.all(), isWaiting))
	w.must(w.program.Stop())
}

// hooks are the keys of the hooks of all Applications.
func (w *world) hooks() []string {
	var keys []string
	for _, name := range w.content.names() {
		keys = append(keys, name+"/before")
	}
	return keys
}

// isReady says why a Job has no Pod that runs, "" if it has.
func isReady(o *unstructured.Unstructured) string {
	if o == nil {
		return "it is not there"
	}
	if ready, _, _ := unstructured.NestedInt64(o.Object, "status", "ready"); ready != 1 {
		return fmt.Sprintf("%d of its Pods are ready", ready)
	}
	return ""
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
func (w *world) metric(name string) float64 {
	w.t.Helper()
	value, ok := w.metricIfAny(name)
	if !ok {
		w.t.Fatalf("no metric %s", name)
	}
	return value
}

// metricIfAny is a value of the program's /metrics; ok is false if it is not there,
// which a counter is not before it has counted.
func (w *world) metricIfAny(name string) (value float64, ok bool) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.ctx, http.MethodGet, w.program.URL+"/metrics", nil)
	w.must(err)
	res, err := http.DefaultClient.Do(req)
	w.must(err)
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		if rest, ok := strings.CutPrefix(lines.Text(), name+" "); ok {
			_, err := fmt.Sscan(rest, &value)
			w.must(err)
			return value, true
		}
	}
	return 0, false
}
