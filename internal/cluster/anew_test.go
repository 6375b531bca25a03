package cluster_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/resource"
)

// oneKind is an API server with objects of the kinds Thing and Other, which never change.
// It counts what is listed, per kind, and notes whether with bodies.
type oneKind struct {
	mu     sync.Mutex
	listed []string
}

func (s *oneKind) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	metadata := strings.Contains(r.Header.Get("Accept"), "PartialObjectMetadata")
	plural := r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]
	switch {
	case r.URL.Path == "/api":
		_, _ = fmt.Fprint(w, `{"items":[]}`)
	case r.URL.Path == "/apis":
		_, _ = fmt.Fprint(w, `{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[
			{"resource":"things","scope":"Namespaced","responseKind":{"group":"example.com","version":"v1","kind":"Thing"},"verbs":["list","watch"]},
			{"resource":"others","scope":"Namespaced","responseKind":{"group":"example.com","version":"v1","kind":"Other"},"verbs":["list","watch"]}]}]}]}`)
	case r.URL.Query().Get("watch") != "":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush() //nolint:forcetypeassert // net/http's own is one
		<-r.Context().Done()
	default:
		s.mu.Lock()
		s.listed = append(s.listed, fmt.Sprintf("%s metadata=%t", plural, metadata))
		s.mu.Unlock()
		item := map[string]any{"metadata": map[string]any{"name": "a", "namespace": "ns", "uid": plural, "resourceVersion": "7"}}
		if !metadata {
			item["spec"] = map[string]any{"size": 3}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"metadata": map[string]any{"resourceVersion": "9"}, "items": []any{item}})
	}
}

// heard hands on the health of objects that come or change, as "Kind health".
type heard chan string

func (h heard) ObjectChanged(_, after *cluster.Record) {
	if after != nil {
		h <- after.Key.Kind + " " + string(after.Verdict.Health)
	}
}
func (heard) KindChanged(schema.GroupKind) {}

// TestJudgeAnew: a kind whose rule has come, changed or gone is read again as it now has
// to be, though none of its objects has changed, and no other kind is.
func TestJudgeAnew(t *testing.T) {
	api := &oneKind{}
	server := httptest.NewServer(api)
	defer server.Close()
	conn, err := cluster.Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	var rule atomic.Value // the verdict on Things, empty without a rule
	rule.Store("")
	told := make(heard, 16)
	c := cluster.New(cluster.Options{
		Conn: conn, Observer: told, Log: slog.New(slog.DiscardHandler),
		Full: func(gk schema.GroupKind) bool { return gk.Kind == "Thing" && rule.Load() != "" },
		Judge: func(obj *unstructured.Unstructured, _ *cluster.Record) cluster.Verdict {
			if obj.Object["spec"] == nil {
				t.Error("a body without a spec is judged")
			}
			return cluster.Verdict{Health: v1alpha1.HealthStatusCode(rule.Load().(string))} //nolint:forcetypeassert // a string is stored
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	defer running.Wait()
	defer cancel()

	first := map[string]bool{<-told: true, <-told: true}
	if diff := cmp.Diff(map[string]bool{"Thing ": true, "Other ": true}, first); diff != "" {
		t.Fatalf("at first (-want +got):\n%s", diff)
	}
	things := func(gk schema.GroupKind) bool { return gk.Kind == "Thing" }
	for _, verdict := range []string{"Healthy", "Degraded", "", "Healthy"} {
		rule.Store(verdict)
		c.JudgeAnew(things)
		if got, want := <-told, "Thing "+verdict; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		key := resource.Key{Group: "example.com", Kind: "Thing", Namespace: "ns", Name: "a"}
		if got := string(c.Get(key).Verdict.Health); got != verdict {
			t.Errorf("the record says %q, want %q", got, verdict)
		}
	}
	c.JudgeAnew(func(schema.GroupKind) bool { return false })
	api.mu.Lock()
	defer api.mu.Unlock()
	counts := map[string]int{}
	for _, l := range api.listed {
		counts[l]++
	}
	if diff := cmp.Diff(map[string]int{"others metadata=true": 1, "things metadata=true": 2, "things metadata=false": 3}, counts); diff != "" {
		t.Errorf("lists (-want +got):\n%s", diff)
	}
}
