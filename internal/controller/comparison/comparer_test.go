package comparison_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/desired"
	"evenkeel.dev/internal/resource"
)

// busy is an API server with one object, which somebody else writes once: between the
// first time that it is read and the first dry run.
type busy struct {
	mu    sync.Mutex
	asked []string
}

const (
	before = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"7"}}`
	after  = `{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"ns","uid":"u","resourceVersion":"8"},"spec":{"other":1}}`
)

func (s *busy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	switch {
	case r.URL.Path == "/api":
		_, _ = fmt.Fprint(w, `{"items":[]}`)
	case r.URL.Path == "/apis":
		_, _ = fmt.Fprint(w, `{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[
			{"resource":"things","scope":"Namespaced","responseKind":{"group":"example.com","version":"v1","kind":"Thing"},"verbs":["list","watch"]}]}]}]}`)
	case r.URL.Query().Get("watch") != "":
		w.WriteHeader(http.StatusOK)
		w.(http.Flusher).Flush() //nolint:forcetypeassert // net/http's own is one
		<-r.Context().Done()
	case r.URL.Path == "/apis/example.com/v1/things":
		_, _ = fmt.Fprintf(w, `{"metadata":{"resourceVersion":"7"},"items":[%s]}`, before)
	default:
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, r.Method)
		body := after
		if len(s.asked) == 1 {
			body = before
		}
		_, _ = fmt.Fprint(w, body)
	}
}

type told chan struct{}

func (t told) ObjectChanged(_, _ *cluster.Record) { t <- struct{}{} }
func (told) KindChanged(schema.GroupKind)         {}

// TestWrittenInBetween: what somebody writes between the read and the dry run is no
// difference to what is desired.
func TestWrittenInBetween(t *testing.T) {
	api := &busy{}
	server := httptest.NewServer(api)
	defer server.Close()
	conn, err := cluster.Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	key := resource.Key{Group: "example.com", Kind: "Thing", Namespace: "ns", Name: "a"}
	gvk := schema.GroupVersionKind{Group: "example.com", Version: "v1", Kind: "Thing"}
	x := claim.New("shop", desired.Object{Key: key, GVK: gvk, Hash: 5, JSON: []byte(`{"apiVersion":"example.com/v1","kind":"Thing","metadata":{"name":"a","namespace":"ns"}}`)}, nil, false)
	changed := make(told, 16)
	c := cluster.New(cluster.Options{
		Conn: conn, Observer: changed, Log: slog.New(slog.DiscardHandler), Full: func(schema.GroupKind) bool { return true },
		Judge: func(*unstructured.Unstructured, *cluster.Record) cluster.Verdict {
			return cluster.Verdict{Desired: x.Hash, Sync: v1alpha1.SyncStatusOutOfSync, Unsure: true}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { c.Run(ctx) })
	defer running.Wait()
	defer cancel()
	<-changed

	comparer := &comparison.Comparer{Cluster: c, Claims: claim.NewSet()}
	comparer.Confirm(ctx, []*claim.Claim{x}, false)
	if v := c.Get(key).Verdict; v.Sync != v1alpha1.SyncStatusSynced || len(v.Drift) > 0 {
		t.Errorf("it is %s, %v", v.Sync, v.Drift)
	}
	api.mu.Lock()
	defer api.mu.Unlock()
	if diff := cmp.Diff([]string{"GET", "PATCH", "GET", "PATCH"}, api.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
}
