package inspect

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// TestLastWarning: what is asked for is the warnings about that very object, a bounded
// number, and the last is told, by whichever of the two ways events tell their time.
func TestLastWarning(t *testing.T) {
	const answer = `{"items":[
	  {"reason":"Old","message":"a","type":"Warning","count":9,"firstTimestamp":"2026-11-26T08:00:00Z","lastTimestamp":"2026-11-26T09:00:00Z","source":{"component":"kubelet"}},
	  {"reason":"FailedScheduling","message":"0/3 nodes are available","type":"Warning","eventTime":"2026-11-26T08:30:00.123456Z","reportingComponent":"default-scheduler",
	   "series":{"count":4,"lastObservedTime":"2026-11-26T09:30:00.123456Z"},"firstTimestamp":null,"lastTimestamp":null},
	  {"reason":"Torn","message":"no time at all","type":"Warning"}]}`
	var paths, selectors, limits []string
	body := answer
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		terms := strings.Split(r.URL.Query().Get("fieldSelector"), ",")
		slices.Sort(terms)
		paths, selectors, limits = append(paths, r.URL.Path), append(selectors, strings.Join(terms, ",")), append(limits, r.URL.Query().Get("limit"))
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(body))
	}))
	defer server.Close()
	conn, err := cluster.Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	i := &Inspector{Cluster: cluster.Static(cluster.Options{Conn: conn}, &cluster.Kinds{})}
	pod := resource.Key{Kind: "Pod", Namespace: "shop", Name: "web-1"}
	want := &view.Event{
		Object: view.RefOf(pod), Reason: "FailedScheduling", Message: "0/3 nodes are available", Source: "default-scheduler", Count: 4,
		FirstAt: "2026-11-26T08:30:00Z", LastAt: "2026-11-26T09:30:00Z",
	}
	for range 2 { // the second time it is remembered
		got, err := i.warning(t.Context(), pod, "u1")
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, d)
		}
	}
	body = `{"items":[]}`
	if got, err := i.warning(t.Context(), resource.Key{Kind: "Node", Name: "n1"}, "u2"); got != nil || err != nil {
		t.Errorf("%+v, %v", got, err)
	}
	if d := cmp.Diff([]string{"/api/v1/namespaces/shop/events", "/api/v1/namespaces/default/events"}, paths); d != "" {
		t.Errorf("requests (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{
		"involvedObject.name=web-1,involvedObject.namespace=shop,involvedObject.uid=u1,type=Warning",
		"involvedObject.name=n1,involvedObject.namespace=,involvedObject.uid=u2,type=Warning",
	}, selectors); d != "" {
		t.Errorf("selectors (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"200", "200"}, limits); d != "" {
		t.Error(d)
	}
}

// TestWarnings: a warning is remembered for a moment, also that there is none, and not
// more than so many.
func TestWarnings(t *testing.T) {
	now := time.Unix(1000, 0)
	var w warnings
	if _, ok := w.get("u", now); ok {
		t.Error("knows what nobody told")
	}
	w.put("u", nil, now)
	if e, ok := w.get("u", now.Add(warningsFor-1)); e != nil || !ok {
		t.Errorf("forgot that there is none: %v", e)
	}
	if _, ok := w.get("u", now.Add(warningsFor)); ok {
		t.Error("still remembers")
	}
	for i := range 3 * maxWarnings {
		w.put(string(rune('A'+i)), &view.Event{}, now)
		if len(w.known) > maxWarnings {
			t.Fatalf("remembers %d", len(w.known))
		}
	}
}
