package bench

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/resource"
)

// seen is an observer that tells of the changes of single objects.
type seen struct {
	mu      sync.Mutex
	waiting map[resource.Key]chan *cluster.Record
	all     chan struct{} // gets one for each change while it is not nil
}

func (o *seen) ObjectChanged(_, after *cluster.Record) {
	if after == nil {
		return
	}
	o.mu.Lock()
	to, all := o.waiting[after.Key], o.all
	o.mu.Unlock()
	if to != nil {
		to <- after
	}
	if all != nil {
		all <- struct{}{}
	}
}

func (*seen) KindChanged(schema.GroupKind) {}

// reader is a cluster index of a crowd with the claims on those that are managed.
type reader struct {
	server  *crowdServer
	cluster *cluster.Cluster
	seen    *seen
	// heap and claims are what the whole and the claims alone hold, in bytes.
	heap, claims uint64
}

func heapNow() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers have let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

func read(t testing.TB, c crowd) *reader {
	r := &reader{server: serveCrowd(t, c), seen: &seen{waiting: map[resource.Key]chan *cluster.Record{}}}
	conn, err := cluster.Connect(&rest.Config{Host: r.server.server.URL})
	if err != nil {
		t.Fatal(err)
	}
	before := heapNow()
	set := claim.NewSet()
	for i := 0; i < int(c); i += perTwenty * perApplication {
		var list []*claim.Claim
		app := c.member(i).app
		for n := i; n < min(i+perTwenty*perApplication, int(c)); n++ {
			if m := c.member(n); m.app != "" {
				list = append(list, claim.New(app, desired.Object{Key: m.key(), GVK: m.kind, JSON: []byte(m.manifest())}, nil, false))
			}
		}
		set.Put(app, list)
	}
	r.claims = heapNow() - before
	judge := &claim.Judge{Claims: set, Now: time.Now}
	r.cluster = cluster.New(cluster.Options{
		Conn: conn, Judge: judge.Verdict, Wants: judge.Wants, Observer: r.seen, Log: slog.New(slog.DiscardHandler),
		Full: func(gk schema.GroupKind) bool { return health.HasRule(gk) || gk.Kind == "ConfigMap" },
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.cluster.Run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		r.server.server.CloseClientConnections()
		<-done
	})
	for range crowdKinds() {
		<-r.server.opened
	}
	r.heap = heapNow() - before
	return r
}

// verdict sends one change of the i-th member, and is what became of it and after how long.
func (r *reader) verdict(i, version int, change func(*member)) (*cluster.Record, time.Duration) {
	m := r.server.crowd.member(i)
	change(&m)
	told := make(chan *cluster.Record, 1)
	r.seen.mu.Lock()
	r.seen.waiting[m.key()] = told
	r.seen.mu.Unlock()
	e := modified(m, version)
	begin := time.Now()
	r.server.send(resourceOf(m), e)
	rec := <-told
	took := time.Since(begin)
	r.seen.mu.Lock()
	delete(r.seen.waiting, m.key())
	r.seen.mu.Unlock()
	return rec, took
}

func modified(m member, version int) []byte {
	return fmt.Appendf(nil, "{\"type\":\"MODIFIED\",\"object\":%s}\n", m.body(version))
}

func resourceOf(m member) string {
	for name, kind := range crowdKinds() {
		if kind == m.kind {
			return name
		}
	}
	return ""
}

// events sends one change each of members of one place in their twenties, and is the CPU
// time that one takes.
func (r *reader) events(t testing.TB, at, n int) time.Duration {
	all := make(chan struct{}, n)
	var batch bytes.Buffer
	what := ""
	for k := range n {
		i := (k*perTwenty + at) % int(r.server.crowd)
		m := r.server.crowd.member(i)
		what = resourceOf(m)
		batch.Write(modified(m, 1000+k))
	}
	r.seen.mu.Lock()
	r.seen.all = all
	r.seen.mu.Unlock()
	before := cpuNow(t)
	r.server.send(what, batch.Bytes())
	for range n {
		<-all
	}
	took := cpuNow(t) - before
	r.seen.mu.Lock()
	r.seen.all = nil
	r.seen.mu.Unlock()
	t.Logf("%-12s %6d bytes per event, %v of CPU", what, batch.Len()/n, took/time.Duration(n))
	return took / time.Duration(n)
}

func cpuNow(t testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// maxHeap is what a live object may take of the heap, in bytes, with a tenth of them
// managed and their desired bodies counted in. With 100,000 it is 390; fewer objects share
// less.
const maxHeap = 550

// TestLive: what a live object costs, in memory and per event, and that nothing is asked
// of the API server while nothing but its events comes in. Times are printed only: they
// depend on the machine.
func TestLive(t *testing.T) {
	n := *live
	r := read(t, crowd(n))
	managed := 0
	for i := range n {
		if r.server.crowd.member(i).app != "" {
			managed++
		}
	}
	perObject := r.heap / uint64(n)
	t.Logf("%d objects, %d managed: %d bytes of heap per object, %d of them the claims", n, managed, perObject, r.claims/uint64(n))
	if perObject > maxHeap {
		t.Errorf("a live object takes %d bytes of heap, %d are allowed", perObject, maxHeap)
	}
	asked := r.server.requests()
	var took []time.Duration
	for k := range 200 {
		i := (k*perTwenty + 14) % n
		rec, d := r.verdict(i, 10+k, func(m *member) { m.desired = strings.Replace(m.desired, `"replicas":3`, `"replicas":4`, 1) })
		if rec.Verdict.Sync != v1alpha1.SyncStatusOutOfSync || len(rec.Verdict.Drift) != 1 {
			t.Fatalf("%s with a fourth replica is %s, %v", rec.Key, rec.Verdict.Sync, rec.Verdict.Drift)
		}
		took = append(took, d)
	}
	// The first are read as they come, those after them as a burst.
	alone := slices.Sorted(slices.Values(took[:5]))
	slices.Sort(took)
	t.Logf("from event to verdict: %v alone, in a burst median %v, 99 of 100 within %v", alone[2], took[len(took)/2], took[len(took)*99/100])
	for _, at := range []int{0, 1, 14, 15, 17} {
		r.events(t, at, min(n/perTwenty, 2000))
	}
	if more := r.server.requests() - asked; more != 0 {
		t.Errorf("%d requests were sent while nothing but events came in", more)
	}
}
