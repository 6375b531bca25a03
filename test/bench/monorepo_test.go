package bench

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// BenchmarkMonorepo has a mixed repository of many Applications, and reports of each
// commit how many it rendered and what the program has cost, with its workers, until all
// Applications are done with it. A restart is measured with what was rendered before,
// and without: the difference is what rendering all costs.
func BenchmarkMonorepo(b *testing.B) {
	b.Logf("%d Applications; load at the start: %s", *apps, load())
	s := &scenarios{world: newWorld(b, content{apps: *apps, mixed: true}, map[string]any{"timeout.reconciliation": "0s"})}
	s.setHook()
	b.Run("create", s.create)
	s.prepare(b)
	b.Run("push-one", s.pushOne)
	change := func(name string, files map[string]string) {
		b.Run(name, func(b *testing.B) { s.pushed(b, files) })
	}
	change("push-base", map[string]string{sharedFile("bases/0"): sharedObject("new")})
	change("push-chart", map[string]string{sharedFile("charts/0"): sharedObject("new")})
	change("push-none", map[string]string{"README.md": "Another text.\n"})
	b.Run("restart-known", func(b *testing.B) { s.restarted(b, true) })
	b.Run("restart-cold", func(b *testing.B) { s.restarted(b, false) })
	b.Logf("load at the end: %s", load())
}

// counted reports what was rendered in f, and what it cost as measured does.
func (s *scenarios) counted(b *testing.B, n int, f func()) {
	b.Helper()
	s.t = b
	before := s.renders()
	s.measured(b, n, f)
	s.report(b, before)
}

// report says what was rendered, and what is in memory.
func (s *scenarios) report(b *testing.B, before renders) {
	b.Helper()
	now := s.renders()
	b.ReportMetric(float64(now.rendered-before.rendered), "rendered")
	b.ReportMetric(float64(now.known-before.known), "known")
	b.ReportMetric(float64(now.held-before.held), "held")
	n, mib, err := workers(s.program.Pid)
	s.must(err)
	b.ReportMetric(float64(n), "workers")
	b.ReportMetric(mib, "workers-peak-MiB")
}

// pushOne: from the request of the webhook until the object is live, of one
// Application after the other.
func (s *scenarios) pushOne(b *testing.B) {
	const times = 6 // of each kind two
	var took []time.Duration
	s.counted(b, times, func() {
		for n := range times {
			i, value := s.one(n), fmt.Sprintf("push-%d", n)
			sha := s.commit(value, i)
			begin := time.Now()
			s.tell()
			s.shows(value, i)
			took = append(took, time.Since(begin))
			s.synced([]string{s.all()[i]}, sha)
		}
		s.settle()
	})
	spread(b, took)
}

// pushed: from the request of the webhook until all Applications are done with it, and
// have answered a request for a refresh.
func (s *scenarios) pushed(b *testing.B, files map[string]string) {
	s.counted(b, 1, func() {
		_, err := s.repo.Commit(s.ctx, files, b.Name())
		s.must(err)
		begin := time.Now()
		s.tell()
		s.settle()
		s.synced(s.all(), "")
		b.ReportMetric(time.Since(begin).Seconds(), "s")
	})
}

// restarted: from the start of the program until all Applications have been compared.
func (s *scenarios) restarted(b *testing.B, known bool) {
	s.t = b
	s.must(s.program.Stop())
	if !known {
		s.must(os.RemoveAll(filepath.Join(s.dir, ".data", "renderings")))
	}
	begin := time.Now()
	s.start()
	s.settle()
	b.ReportMetric(time.Since(begin).Seconds(), "s")
	end := s.cost(false)
	b.ReportMetric(end.cpu, "cpu-s")
	b.ReportMetric(end.peak, "peak-MiB")
	b.ReportMetric(0, "ns/op")
	s.report(b, renders{})
}

// workers are how many render workers a process has, and what these have had in memory
// together at the highest of each.
func workers(pid int) (n int, mib float64, err error) {
	all, err := processes()
	if err != nil {
		return 0, 0, err
	}
	for id := range all {
		args, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", id))
		if errors.Is(err, fs.ErrNotExist) {
			continue // it has ended
		}
		if err != nil {
			return 0, 0, err
		}
		if !descends(all, id, pid) || !strings.Contains(string(args), "render-worker") {
			continue
		}
		high, err := peak(id)
		if err != nil {
			return 0, 0, err
		}
		n, mib = n+1, mib+high
	}
	return n, mib, nil
}
