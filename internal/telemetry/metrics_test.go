package telemetry_test

import (
	"errors"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/telemetry"
)

func scrape(t *testing.T, m *telemetry.Metrics) (status int, lines []string) {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if (strings.HasPrefix(line, "argocd_") || strings.HasPrefix(line, "evenkeel_")) && !strings.Contains(line, "_bucket{") {
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return w.Code, lines
}

func use(m *telemetry.Metrics) {
	const server = "https://kubernetes.default.svc"
	m.ReportApps(func() []telemetry.App {
		return []telemetry.App{{Namespace: "argocd", Name: "shop", Project: "default", Repo: "https://user:hunter2@git.example/x", Server: server, DestNamespace: "prod", Sync: "Synced", Health: "Healthy", AutoSync: true, Operation: "sync"}}
	})
	m.Reconciled("argocd", server, 300*time.Millisecond)
	for _, name := range []string{"shop", "gone"} {
		m.Synced(telemetry.Sync{Namespace: "argocd", Name: name, Project: "default", Server: server, Phase: "Succeeded", Took: 2 * time.Second})
		m.Requested(telemetry.KubeRequest{Namespace: "argocd", Name: name, Project: "default", Server: server, Code: 200, Verb: "Patch", Kind: "Deployment", ResourceNamespace: "prod"})
	}
	m.ForgetApp("argocd", "gone")
	m.GitRequested("https://user:hunter2@git.example/x", telemetry.GitFetch, time.Second, errors.New("no"))
	m.GitRequested("git@git.example:x", telemetry.GitLsRemote, time.Second, nil)
	m.ClusterSeen(telemetry.Cluster{Server: server, Version: "1.36", Kinds: 60, Objects: 1000, Connected: true})
	m.ClusterSeen(telemetry.Cluster{Server: server, Version: "1.37", Kinds: 61, Objects: 1001, Connected: true})
	m.ClusterEvent(server, "apps", "Deployment")
	m.Rendered(telemetry.RenderRendered, 1)
	m.Rendered(telemetry.RenderHeld, 2)
}

func TestMetrics(t *testing.T) {
	m := telemetry.New()
	use(m)
	data, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	status, got := scrape(t, m)
	slices.Sort(got)
	if d := cmp.Diff(strings.Split(strings.TrimSpace(string(data)), "\n"), got); d != "" || status != 200 {
		t.Errorf("status %d (-want +got):\n%s", status, d)
	}
}

func TestNothingIsCountedWithoutMetrics(t *testing.T) {
	for _, m := range []*telemetry.Metrics{nil, {}} {
		use(m)
		if status, lines := scrape(t, m); status != 404 || len(lines) > 0 {
			t.Errorf("%d %v", status, lines)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	m := telemetry.New()
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				m.Synced(telemetry.Sync{Name: "a"})
				m.ForgetApp("", "a")
				m.ClusterSeen(telemetry.Cluster{Server: "s"})
				scrape(t, m)
			}
		})
	}
	wg.Wait()
}
