package stream_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/server/stream"
	"evenkeel.dev/internal/view"
)

// answer is a client that takes everything at once.
type answer struct {
	mu     sync.Mutex
	header http.Header
	status int
	body   strings.Builder
}

func (a *answer) Header() http.Header { return a.header }

func (a *answer) WriteHeader(status int) { a.status = status }

func (a *answer) Flush() {}

func (a *answer) Write(b []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.body.Write(b)
}

// taken is what came since the last call.
func (a *answer) taken() string {
	a.mu.Lock()
	defer a.mu.Unlock()
	defer a.body.Reset()
	return a.body.String()
}

func refuse(w http.ResponseWriter, _ *http.Request, err error) {
	http.Error(w, err.Error(), fault.KindOf(err).HTTPStatus())
}

// connect opens a stream inside a synctest bubble.
func connect(t *testing.T, h http.Handler, query, lastID string) (a *answer, hangUp func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := httptest.NewRequestWithContext(ctx, "GET", "/api/ui/v1/stream"+query, nil)
	if lastID != "" {
		r.Header.Set("Last-Event-ID", lastID)
	}
	a = &answer{header: http.Header{}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		h.ServeHTTP(a, r)
	}()
	synctest.Wait()
	return a, func() {
		cancel()
		<-ended
	}
}

func lastID(t *testing.T, events string) string {
	t.Helper()
	i := strings.LastIndex(events, "id: ")
	if i < 0 {
		t.Fatalf("no id in %q", events)
	}
	id, _, _ := strings.Cut(events[i+len("id: "):], "\n")
	return id
}

func TestStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := view.NewStore(view.Options{})
		s.PutApp(view.App{Namespace: "argocd", Name: "shop"})
		h := stream.New(stream.Options{Store: s, Fail: refuse})
		a, hangUp := connect(t, h, "?topics=apps,tree:argocd/shop,versions,nonsense", "")
		got := a.taken()
		if ct := a.header.Get("Content-Type"); ct != "text/event-stream" || a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("headers %v", a.header)
		}
		for _, want := range []string{
			"event: snapshot\ndata: {\"topic\":\"apps\",\"items\":[{\"namespace\":\"argocd\",\"name\":\"shop\",",
			"event: snapshot\ndata: {\"topic\":\"tree:argocd/shop\",\"items\":[]}\n\n",
			"event: error\ndata: {\"topic\":\"versions\",\"message\":\"unknown topic",
			"event: error\ndata: {\"topic\":\"nonsense\",\"message\":\"unknown topic",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("no %q in\n%s", want, got)
			}
		}
		time.Sleep(time.Second)
		s.PutApp(view.App{Namespace: "argocd", Name: "shop", Revision: "abc\n\ndata: evil"})
		synctest.Wait()
		got = a.taken()
		if strings.Count(got, "\n") != 4 || !strings.Contains(got, "event: delta\ndata: {\"topic\":\"apps\",\"upsert\":[{") || !strings.Contains(got, `"delete":[]}`) {
			t.Errorf("want one delta, got\n%s", got)
		}
		id := lastID(t, got)
		hangUp()

		s.RemoveApp("argocd", "shop")
		a, hangUp = connect(t, h, "?topics=tree:argocd/shop,apps", id)
		if got := a.taken(); strings.Contains(got, "snapshot") || !strings.Contains(got, `"upsert":[],"delete":["argocd/shop"]}`) {
			t.Errorf("resumed with\n%s", got)
		}
		hangUp()
		a, hangUp = connect(t, h, "?topics=apps", id)
		defer hangUp()
		if got := a.taken(); !strings.Contains(got, "event: snapshot") {
			t.Errorf("another set of topics was resumed:\n%s", got)
		}
	})
}

func TestHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := view.NewStore(view.Options{})
		a, hangUp := connect(t, stream.New(stream.Options{Store: s, Fail: refuse}), "?topics=apps", "")
		defer hangUp()
		a.taken()
		time.Sleep(15*time.Second - time.Millisecond)
		if got := a.taken(); got != "" {
			t.Errorf("too soon: %q", got)
		}
		time.Sleep(2 * time.Millisecond)
		if got := a.taken(); got != ": ping\n\n" {
			t.Errorf("after 15 s: %q", got)
		}
		// Events do not keep the heartbeat away.
		for i := range 300 {
			s.PutApp(view.App{Namespace: "argocd", Name: "shop", Revision: fmt.Sprint(i)})
			time.Sleep(100 * time.Millisecond)
		}
		if n := strings.Count(a.taken(), ": ping\n\n"); n != 2 {
			t.Errorf("%d pings in 30 s", n)
		}
	})
}

func TestRefuses(t *testing.T) {
	h := stream.New(stream.Options{Store: view.NewStore(view.Options{}), Fail: refuse})
	for query, says := range map[string]string{
		"":                    "topics are missing",
		"?topics=":            "topics are missing",
		"?topics=versions":    "unknown topic",
		"?topics=tree:../etc": "does not name an application",
		"?topics=" + strings.Repeat("tree:a/b,", 17): "more than 16 topics",
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/api/ui/v1/stream"+query, nil))
		if w.Code != 400 || !strings.Contains(w.Body.String(), says) {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func TestTooManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := stream.New(stream.Options{Store: view.NewStore(view.Options{}), Fail: refuse, MaxStreams: 2})
		_, first := connect(t, h, "?topics=apps", "")
		_, second := connect(t, h, "?topics=apps", "")
		third, hangUp := connect(t, h, "?topics=apps", "")
		hangUp()
		if third.status != http.StatusServiceUnavailable {
			t.Errorf("the third got %d", third.status)
		}
		first()
		fourth, hangUp := connect(t, h, "?topics=apps", "")
		hangUp()
		second()
		if fourth.status != http.StatusOK {
			t.Errorf("after one had left: %d", fourth.status)
		}
	})
}

// A client that does not read is dropped, over a real connection.
func TestSlowClient(t *testing.T) {
	s := view.NewStore(view.Options{})
	for i := range 300 {
		s.PutApp(view.App{Namespace: "argocd", Name: fmt.Sprint("app-", i), Revision: strings.Repeat("x", 64<<10)})
	}
	h := stream.New(stream.Options{Store: s, Fail: refuse, WriteTimeout: 50 * time.Millisecond})
	ended := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(ended)
		h.ServeHTTP(w, r)
	}))
	defer server.Close()
	conn, err := net.Dial("tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprint(conn, "GET /?topics=apps HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ended:
	case <-t.Context().Done():
	}
}
