package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// follow opens a stream and gives its lines one by one.
func follow(t *testing.T, url string, headers ...string) (next func() string, header http.Header) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	req, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = resp.Body.Close() // it was cancelled
	})
	lines := bufio.NewReader(resp.Body)
	return func() string {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSuffix(line, "\n")
	}, resp.Header
}

type event struct {
	Result struct {
		Type        string
		Application struct {
			Metadata struct{ Namespace, Name string }
			Spec     struct{ Project string }
		}
	}
}

func (e event) String() string {
	m := e.Result.Application.Metadata
	return fmt.Sprintf("%s %s/%s", e.Result.Type, m.Namespace, m.Name)
}

func events(t *testing.T, next func() string, n int) []string {
	t.Helper()
	var out []string
	for range n {
		line := next()
		if strings.Contains(line, "managedFields") {
			t.Errorf("managedFields in %s", line)
		}
		var e event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		out = append(out, e.String())
	}
	return out
}

func TestWatch(t *testing.T) {
	cl := threeApps()
	addr := start(t, cl)
	next, header := follow(t, "http://"+addr+"/api/v1/stream/applications?projects=default&projects=web")
	if ct := header.Get("Content-Type"); ct != "application/json" {
		t.Errorf("content type %q", ct)
	}
	if d := cmp.Diff([]string{"ADDED argocd/shop", "ADDED argocd/till"}, events(t, next, 2)); d != "" {
		t.Errorf("replay (-want +got):\n%s", d)
	}
	// What changes only in the object, not in its row, is told too.
	shop := newApp("argocd", "shop", "", nil)
	shop.Annotations = map[string]string{"a": "b"}
	steps := []struct {
		do   func()
		want string
	}{
		{func() { cl.put(shop) }, "MODIFIED argocd/shop"},
		{func() { cl.put(newApp("argocd", "new", "web", nil)) }, "ADDED argocd/new"},
		{func() { cl.put(newApp("argocd", "new", "windowed", nil)) }, "DELETED argocd/new"},
		{func() { cl.put(newApp("team-a", "shop", "windowed", nil)); cl.remove("argocd", "till") }, "DELETED argocd/till"},
		{func() { cl.put(newApp("argocd", "till", "web", nil)) }, "ADDED argocd/till"},
	}
	for _, s := range steps {
		s.do()
		if got := events(t, next, 1)[0]; got != s.want {
			t.Errorf("got %s, want %s", got, s.want)
		}
	}
}

func TestWatchAsEvents(t *testing.T) {
	addr := start(t, threeApps())
	next, header := follow(t, "http://"+addr+"/api/v1/stream/applications?name=till&fields=result.type,result.application.metadata.name", "Accept", "text/event-stream")
	if ct := header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("content type %q", ct)
	}
	want := []string{": ping", "", `data: {"result":{"application":{"metadata":{"name":"till"}},"type":"ADDED"}}`, ""}
	for _, w := range want {
		if got := next(); got != w {
			t.Errorf("got %q, want %q", got, w)
		}
	}
}

func TestWatchRefuses(t *testing.T) {
	addr := start(t, threeApps())
	if status, _, body := call(t, "GET", "http://"+addr+"/api/v1/stream/applications?selector=a%20b%20c", ""); status != 400 || !strings.Contains(body, "selector") {
		t.Errorf("%d %s", status, body)
	}
}

func TestUIStreamOverTheWire(t *testing.T) {
	cl := threeApps()
	addr := start(t, cl)
	next, _ := follow(t, "http://"+addr+"/api/ui/v1/stream?topics=tree:argocd/shop")
	var lines []string
	for range 5 {
		lines = append(lines, next())
	}
	if lines[0] != ": ready" || !strings.HasPrefix(lines[2], "id: ") || lines[3] != "event: snapshot" || !strings.HasPrefix(lines[4], `data: {"topic":"tree:argocd/shop","items":[{"id":"/ConfigMap/prod/left",`) {
		t.Errorf("got %q", lines)
	}
}
