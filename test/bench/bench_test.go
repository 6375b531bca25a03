package bench

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// repeats is how often a scenario of one Application is repeated.
const repeats = 10

// BenchmarkEvenkeel runs the scenarios, each once and in this order.
func BenchmarkEvenkeel(b *testing.B) {
	b.Logf("%d Applications of %d objects; load at the start: %s", *apps, *objects, load())
	s := &scenarios{world: newWorld(b, content{apps: *apps, objects: *objects}, map[string]any{})}
	b.Run("create", s.create)
	s.prepare(b)
	b.Run("push", s.push)
	b.Run("drift", s.drift)
	b.Run("idle-minute", s.idle)
	b.Run("push-to-all", s.pushToAll)
	b.Run("refresh-all", s.refreshAll)
	b.Run("restart-with-drift", s.restart)
	b.Run("delete-all", s.deleteAll)
	b.Logf("load at the end: %s", load())
}

type scenarios struct {
	*world
	created bool
}

// measured runs f once, n operations, and reports what each has cost.
func (s *scenarios) measured(b *testing.B, n int, f func()) {
	b.Helper()
	if b.N != 1 {
		b.Fatal("a scenario cannot be repeated: run with -benchtime 1x")
	}
	s.t = b
	before := s.cost(true)
	f()
	after := s.cost(false)
	per := func(v float64, unit string) { b.ReportMetric(v/float64(n), unit) }
	per(after.cpu-before.cpu, "cpu-s")
	per(after.plane-before.plane, "plane-cpu-s")
	per(float64(after.git-before.git), "git")
	b.ReportMetric(after.peak, "peak-MiB")
	for verb, count := range s.requests(before.at, after.at).counts(byVerb) {
		per(float64(count), verb)
	}
	b.ReportMetric(0, "ns/op") // of no meaning, and 0 hides it
}

type cost struct {
	at               time.Time
	cpu, plane, peak float64
	git              int
}

// cost is what the processes have cost so far.
func (s *scenarios) cost(reset bool) cost {
	s.t.Helper()
	c := cost{git: s.gitSoFar()}
	var err error
	if reset {
		s.must(resetPeak(s.program.Pid))
	}
	c.peak, err = peak(s.program.Pid)
	s.must(err)
	c.cpu, err = usage(s.program.Pid)
	s.must(err)
	c.plane, err = usage(s.cluster.Pid())
	s.must(err)
	c.at = time.Now()
	return c
}

// spread reports the median and the highest of some durations.
func spread(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2].Seconds(), "median-s")
	b.ReportMetric(took[len(took)-1].Seconds(), "max-s")
}

// create: from the first Application until all are Synced and Healthy.
func (s *scenarios) create(b *testing.B) {
	s.measured(b, 1, func() {
		s.created = true
		begin := time.Now()
		s.world.create()
		s.synced(s.all(), "")
		b.ReportMetric(time.Since(begin).Seconds(), "s")
	})
}

// prepare makes the Applications if create was left out, and lets them settle.
func (s *scenarios) prepare(b *testing.B) {
	s.t = b
	if !s.created {
		s.world.create()
		s.synced(s.all(), "")
	}
	s.settle()
}

// one is the Application that the n-th repetition is about.
func (s *scenarios) one(n int) int { return (7*n + 3) % s.content.apps }

// push: from the request for a refresh, made when the commit is there, until the
// object is live.
func (s *scenarios) push(b *testing.B) {
	var took []time.Duration
	s.measured(b, repeats, func() {
		for n := range repeats {
			i, value := s.one(n), fmt.Sprintf("push-%d", n)
			sha := s.commit(value, i)
			begin := time.Now()
			_, err := s.refresh(i)
			s.must(err)
			s.shows(value, i)
			took = append(took, time.Since(begin))
			s.synced([]string{s.all()[i]}, sha)
		}
	})
	spread(b, took)
}

// drift: from a change of a live object until it is as desired again.
func (s *scenarios) drift(b *testing.B) {
	var took []time.Duration
	s.measured(b, repeats, func() {
		for n := range repeats {
			i := s.one(n)
			want := s.value(i)
			begin := time.Now()
			version := s.world.drift(i, "drifted")
			s.showsAfter(version, want, i)
			took = append(took, time.Since(begin))
			s.syncedAfter(version, []string{s.all()[i]}, "")
		}
	})
	spread(b, took)
}

// value is the live value of an Application's probe.
func (s *scenarios) value(i int) string {
	s.t.Helper()
	o, err := s.client.Resource(configMaps).Namespace(s.content.app(i)).Get(s.ctx, probe, metav1.GetOptions{})
	s.must(err)
	value, _, _ := unstructured.NestedString(o.Object, "data", "value")
	return value
}

// idle: a minute in which nothing happens, told by three listings at an interval
// of 20 seconds.
func (s *scenarios) idle(b *testing.B) {
	s.t = b
	s.configure(map[string]any{"timeout.reconciliation": "20s", "timeout.reconciliation.jitter": "0s"})
	s.settle()
	ctx, cancel := s.patient()
	defer cancel()
	_, err := s.git.next(ctx, 1)
	s.must(err)
	s.measured(b, 1, func() {
		begin := time.Now()
		_, err := s.git.next(ctx, 3)
		s.must(err)
		b.ReportMetric(time.Since(begin).Seconds(), "s")
	})
	s.configure(map[string]any{})
	s.settle()
}

// pushToAll: from the request for one refresh, when one commit has changed an
// object of each Application, until all are live.
func (s *scenarios) pushToAll(b *testing.B) {
	all := make([]int, s.content.apps)
	for i := range all {
		all[i] = i
	}
	s.measured(b, 1, func() {
		sha := s.commit("push-to-all", all...)
		begin := time.Now()
		_, err := s.refresh(0)
		s.must(err)
		s.shows("push-to-all", all...)
		b.ReportMetric(time.Since(begin).Seconds(), "s")
		s.synced(s.all(), sha)
	})
}

// refreshAll: until all Applications have answered a request for a refresh that
// finds nothing new.
func (s *scenarios) refreshAll(b *testing.B) {
	s.measured(b, 1, func() {
		begin := time.Now()
		s.settle()
		b.ReportMetric(time.Since(begin).Seconds(), "s")
	})
}

// restart: from the start of the program until it has healed what drifted while it
// was down. What it costs includes a refresh of all Applications, which tells that
// all have been compared.
func (s *scenarios) restart(b *testing.B) {
	i := s.one(0)
	s.t = b
	want := s.value(i)
	s.must(s.program.Stop())
	version := s.world.drift(i, "drifted")
	begin := time.Now()
	s.start()
	ready := time.Since(begin)
	s.showsAfter(version, want, i)
	b.ReportMetric(time.Since(begin).Seconds(), "s")
	b.ReportMetric(ready.Seconds(), "ready-s")
	s.synced(s.all(), "")
	s.settle()
	b.ReportMetric(time.Since(begin).Seconds(), "settled-s")
	end := s.cost(false)
	b.ReportMetric(end.cpu, "cpu-s")
	b.ReportMetric(end.peak, "peak-MiB")
	for verb, count := range s.requests(begin, end.at).counts(byVerb) {
		b.ReportMetric(float64(count), verb)
	}
	b.ReportMetric(0, "ns/op")
}

// deleteAll: from the first deletion of an Application until all are gone, with
// their objects.
func (s *scenarios) deleteAll(b *testing.B) {
	s.measured(b, 1, func() {
		begin := time.Now()
		s.each(s.content.apps, func(i int) error {
			return s.applications().Delete(s.ctx, s.content.app(i), metav1.DeleteOptions{})
		})
		ctx, cancel := s.patient()
		defer cancel()
		s.must(s.apps.until(ctx, s.all(), func(o *unstructured.Unstructured) string {
			if o != nil {
				return "it is there"
			}
			return ""
		}))
		b.ReportMetric(time.Since(begin).Seconds(), "s")
	})
}
