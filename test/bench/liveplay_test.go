package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
)

const (
	// perApp is the number of objects of an Application of BenchmarkLive.
	perApp = 100
	// maxDoubters is how many Applications do not heal themselves, at most half of them.
	maxDoubters = 10
	// maxTries is how often an object is sent to an API server that does not answer.
	maxTries = 5
	// liveEvents is how many events the CPU time of one is told by.
	liveEvents = 5000
)

// BenchmarkLive measures the program with -live objects in the cluster, -managed of which
// are of Applications:
//
//	go test -run '^$' -bench Live -benchtime 1x -timeout 1h ./test/bench -live 100000 -managed 10000
//
// It reports the live heap as the garbage collector has found it last, by object, and that
// before the others came; the requests of a minute in which nothing changes, without the
// watches; the CPU time that an event of a ConfigMap takes, of which nearly all are of
// nobody; and the time from a change of an object to the Application's status that tells
// of it.
func BenchmarkLive(b *testing.B) {
	if b.N != 1 {
		b.Fatal("it cannot be repeated: run with -benchtime 1x")
	}
	b.Logf("%d objects, %d managed; load at the start: %s", *live, *managed, load())
	c := content{apps: *managed / perApp, objects: perApp}
	// No controller works on what is there: it is there as it was written.
	w := newWorld(b, c, map[string]any{"timeout.reconciliation": "20s", "timeout.reconciliation.jitter": "0s"},
		"--controller-manager-arg=--controllers=serviceaccount-controller,namespace-controller")
	w.each(c.apps, func(i int) error {
		app := w.content.application(i)
		if i < w.doubters() {
			delete(app.Object["spec"].(map[string]any)["syncPolicy"].(map[string]any)["automated"].(map[string]any), "selfHeal")
		}
		_, err := w.applications().Create(w.ctx, app, metav1.CreateOptions{FieldManager: tester})
		return err
	})
	w.compared("Synced", w.all()...)
	w.settle()
	small := w.liveHeap()
	others := *live - c.apps*perApp
	w.populate(others)
	w.settle()
	b.ReportMetric(0, "ns/op") // of no meaning, and 0 hides it
	w.measureIdle(b)
	w.measureEvents(b)
	w.settle() // after so many writes the API server is slow for a while
	w.measureVerdicts(b)
	b.ReportMetric(w.liveHeap()/float64(*live), "heap-B/object")
	b.ReportMetric((w.liveHeap()-small)/float64(others), "heap-B/other")
	peak, err := peak(w.program.Pid)
	w.must(err)
	b.ReportMetric(peak, "peak-MiB")
	b.Logf("load at the end: %s", load())
}

// doubters are the first Applications: those that do not heal themselves.
func (w *world) doubters() int { return min(maxDoubters, w.content.apps/2) }

// compared waits until Applications have a sync status, whatever their health.
func (w *world) compared(status string, keys ...string) {
	w.t.Helper()
	ctx, cancel := w.patient()
	defer cancel()
	w.must(w.apps.until(ctx, keys, func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		got, _, _ := unstructured.NestedString(o.Object, "status", "sync", "status")
		if got != status {
			return "it is " + got
		}
		return ""
	}))
}

// populate creates n objects of nobody.
func (w *world) populate(n int) {
	w.t.Helper()
	namespaces := schema.GroupVersionResource{Version: "v1", Resource: "namespaces"}
	w.each((n+perNamespace-1)/perNamespace, func(i int) error {
		_, err := w.client.Resource(namespaces).Create(w.ctx, &unstructured.Unstructured{Object: map[string]any{
			"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": crowdNamespace(i * perNamespace)},
		}}, metav1.CreateOptions{})
		return err
	})
	g, ctx := errgroup.WithContext(w.ctx)
	g.SetLimit(4 * inFlight)
	for from := 0; from < n; from += perTwenty {
		g.Go(func() error { return w.twenty(ctx, from, min(from+perTwenty, n)) })
	}
	w.must(g.Wait())
}

// twenty creates members of a crowd, owners before what they own.
func (w *world) twenty(ctx context.Context, from, to int) error {
	uids := map[string]string{}
	for i := from; i < to; i++ {
		m := crowd(to).member(i)
		m.app = ""
		obj := &unstructured.Unstructured{}
		if err := json.Unmarshal([]byte(m.bare(uids)), &obj.Object); err != nil {
			return fmt.Errorf("%s: %w", m.bare(uids), err)
		}
		// An apply can be sent again when an overloaded API server was too slow to answer.
		client := w.client.Resource(m.kind.GroupVersion().WithResource(resourceOf(m))).Namespace(m.namespace)
		made, err := client.Apply(ctx, m.name, obj, metav1.ApplyOptions{FieldManager: tester})
		for tries := 1; tries < maxTries && (apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err) || apierrors.IsTooManyRequests(err)); tries++ {
			made, err = client.Apply(ctx, m.name, obj, metav1.ApplyOptions{FieldManager: tester})
		}
		if err != nil {
			return fmt.Errorf("%s: %w", m.key(), err)
		}
		uids[m.uid] = string(made.GetUID())
	}
	return nil
}

// bare is the member as it is created, with the uids that its owners have been given, for
// no node.
func (m member) bare(uids map[string]string) string {
	meta := fmt.Sprintf(`"name":%q,"namespace":%q,%s`, m.name, m.namespace, strings.Replace(m.labels(), "{", `{"app":"`+m.web+`","pod-template-hash":"6d4cf56db6",`, 1))
	if m.owner != "" {
		o := m.owner
		for made, given := range uids {
			o = strings.ReplaceAll(o, made, given)
		}
		meta += "," + o
	}
	parts := []string{fmt.Sprintf(`"apiVersion":%q,"kind":%q,"metadata":{%s}`, m.kind.GroupVersion(), m.kind.Kind, meta)}
	if m.desired != "" {
		parts = append(parts, strings.NewReplacer(`"schedulerName":"default-scheduler"`, `"schedulerName":"nobody"`, fmt.Sprintf(`,"serviceAccountName":%q`, m.web), "", `"type":"ClusterIP"`, `"clusterIP":"None"`).Replace(m.desired))
	}
	if m.kind.Kind == "Secret" {
		parts = append(parts, m.live)
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// liveHeap is what the last garbage collection found alive, in bytes.
func (w *world) liveHeap() float64 {
	w.t.Helper()
	bytes, ok := w.metricIfAny("go_gc_heap_live_bytes")
	if !ok {
		w.t.Fatal("no go_gc_heap_live_bytes in /metrics")
	}
	return bytes
}

// measureIdle counts the requests of a minute, told by the Git server's listings.
func (w *world) measureIdle(b *testing.B) {
	ctx, cancel := w.patient()
	defer cancel()
	_, err := w.git.next(ctx, 1)
	w.must(err)
	before, begin := w.programCPU(), time.Now()
	_, err = w.git.next(ctx, 3)
	w.must(err)
	asked := w.requests(begin, time.Now()).without("watch")
	b.ReportMetric(float64(len(asked)), "idle-requests")
	b.ReportMetric(1000*(w.programCPU()-before)/time.Since(begin).Minutes(), "idle-cpu-ms/min")
	if len(asked) > 0 {
		b.Errorf("while nothing changed it asked for %v", asked.counts(byObject))
	}
}

func (w *world) programCPU() float64 {
	w.t.Helper()
	cpu, err := ownUsage(w.program.Pid)
	w.must(err)
	return cpu
}

// measureEvents has ConfigMaps of nobody changed, and at last one that the program heals:
// then it has seen them all, as a kind has one watch.
func (w *world) measureEvents(b *testing.B) {
	heal := w.doubters() // the first that does
	want := (&scenarios{world: w}).value(heal)
	before := w.programCPU()
	w.each(liveEvents, func(k int) error {
		m := crowd(*live).member((k*perTwenty + 1) % ((*live - *managed) / perTwenty * perTwenty))
		_, err := w.client.Resource(configMaps).Namespace(m.namespace).Patch(w.ctx, m.name, types.MergePatchType,
			fmt.Appendf(nil, `{"data":{"a":"changed-%d"}}`, k), metav1.PatchOptions{FieldManager: tester})
		return err
	})
	w.showsAfter(w.drift(heal, "drifted"), want, heal)
	b.ReportMetric(1e6*(w.programCPU()-before)/liveEvents, "us-of-cpu/event")
}

// measureVerdicts changes an object of each Application that does not heal itself.
func (w *world) measureVerdicts(b *testing.B) {
	var took []time.Duration
	for i := range w.doubters() {
		begin := time.Now()
		w.drift(i, "drifted")
		w.compared("OutOfSync", w.all()[i])
		took = append(took, time.Since(begin))
	}
	spread(b, took)
}
