package live

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"charm.land/lipgloss/v2"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func app(change func(*v1alpha1.Application)) *v1alpha1.Application {
	a := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop"}}
	a.Status.Sync.Status = v1alpha1.SyncStatusOutOfSync
	a.Status.Health.Status = v1alpha1.HealthStatusProgressing
	a.Status.Resources = []v1alpha1.ResourceStatus{
		{
			Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web", Status: v1alpha1.SyncStatusSynced,
			Health: &v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusProgressing, Message: "1 of 3 replicas"},
		},
		{Kind: "Service", Namespace: "shop", Name: "web", Status: v1alpha1.SyncStatusSynced, Health: &v1alpha1.HealthStatus{Status: v1alpha1.HealthStatusHealthy}},
		{Kind: "ConfigMap", Namespace: "shop", Name: "old", Status: v1alpha1.SyncStatusOutOfSync, RequiresPruning: true},
	}
	if change != nil {
		change(a)
	}
	return a
}

func at(seconds int) *metav1.Time {
	return &metav1.Time{Time: noon.Add(time.Duration(seconds) * time.Second)}
}

func TestStates(t *testing.T) {
	service := resource.Key{Kind: "Service", Namespace: "shop", Name: "web"}
	old := resource.Key{Kind: "ConfigMap", Namespace: "shop", Name: "old"}
	web := resource.Key{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web"}
	job := resource.Key{Group: "batch", Kind: "Job", Namespace: "shop", Name: "migrate"}
	operation := func(a *v1alpha1.Application) {
		a.Status.OperationState = &v1alpha1.OperationState{SyncResult: &v1alpha1.SyncOperationResult{Resources: v1alpha1.ResourceResults{
			{Group: "batch", Kind: "Job", Namespace: "shop", Name: "migrate", HookType: "PreSync", HookPhase: v1alpha1.OperationRunning, Message: "running"},
			{Kind: "Service", Namespace: "shop", Name: "web", Status: v1alpha1.ResultSynced, Message: "service/web unchanged"},
			{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "web", Status: v1alpha1.ResultSynced, Message: "deployment configured"},
			{Kind: "ConfigMap", Namespace: "shop", Name: "gone", Status: v1alpha1.ResultPruned, Message: "pruned"},
		}}}
	}
	for _, tc := range []struct {
		reason string
		change func(*v1alpha1.Application)
		keep   func(resource.Key) bool
		want   []State
	}{
		{"without an operation, by key", nil, nil, []State{
			{Key: old, Status: "OutOfSync", Prune: true},
			{Key: service, Status: "Synced", Health: "Healthy"},
			{Key: web, Status: "Synced", Health: "Progressing", Message: "1 of 3 replicas"},
		}},
		{"results come first and in order; trouble has the last word", operation, nil, []State{
			{Key: job, Status: "Running", Hook: "PreSync", Message: "running"},
			{Key: service, Status: "Synced", Health: "Healthy", Message: "service/web unchanged"},
			{Key: web, Status: "Synced", Health: "Progressing", Message: "1 of 3 replicas"},
			{Key: resource.Key{Kind: "ConfigMap", Namespace: "shop", Name: "gone"}, Health: "Pruned", Message: "pruned"},
			{Key: old, Status: "OutOfSync", Prune: true},
		}},
		{"only what is wanted", operation, func(k resource.Key) bool { return k.Kind == "Job" }, []State{
			{Key: job, Status: "Running", Hook: "PreSync", Message: "running"},
		}},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, States(app(tc.change), tc.keep)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWorking(t *testing.T) {
	finished := func(phase v1alpha1.OperationPhase, dryRun bool, reconciled *metav1.Time) func(*v1alpha1.Application) {
		return func(a *v1alpha1.Application) {
			a.Status.ReconciledAt = reconciled
			a.Status.OperationState = &v1alpha1.OperationState{
				Phase: phase, FinishedAt: at(10), Operation: v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{DryRun: dryRun}},
			}
		}
	}
	for _, tc := range []struct {
		reason string
		change func(*v1alpha1.Application)
		want   bool
	}{
		{"nothing was ever asked for", nil, false},
		{"asked for, not picked up", func(a *v1alpha1.Application) { a.Operation = &v1alpha1.Operation{} }, true},
		{"running", func(a *v1alpha1.Application) {
			a.Status.OperationState = &v1alpha1.OperationState{Phase: v1alpha1.OperationRunning}
		}, true},
		{"between retries it is Running with an end", finished(v1alpha1.OperationRunning, false, at(20)), true},
		{"ended, the comparison is still to come", finished(v1alpha1.OperationSucceeded, false, at(5)), true},
		{"ended and never compared", finished(v1alpha1.OperationSucceeded, false, nil), true},
		{"ended and compared", finished(v1alpha1.OperationSucceeded, false, at(10)), false},
		{"a dry run changes nothing, so nothing is compared", finished(v1alpha1.OperationSucceeded, true, nil), false},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			if got := Working(app(tc.change)); got != tc.want {
				t.Errorf("got %v, want %v", got, tc.want)
			}
		})
	}
}

func TestPlainPrintsChangesOnce(t *testing.T) {
	var b strings.Builder
	p := NewPlain(Options{W: &b, Now: func() time.Time { return noon }})
	p.Update(app(nil))
	first := b.String()
	p.Update(app(nil))
	if diff := cmp.Diff(first, b.String()); diff != "" {
		t.Errorf("the same state was printed again: %s", diff)
	}
	b.Reset()
	p.Update(app(func(a *v1alpha1.Application) { a.Status.Resources[0].Health.Status = v1alpha1.HealthStatusHealthy }))
	if got := strings.Count(b.String(), "\n"); got != 1 {
		t.Errorf("one change made %d lines:\n%s", got, b.String())
	}
	p.Close()
}

func TestBoard(t *testing.T) {
	later := noon.Add(12 * time.Second)
	opts := Options{Now: func() time.Time { return later }, Title: "syncing argocd/shop"}
	running := app(func(a *v1alpha1.Application) {
		a.Status.OperationState = &v1alpha1.OperationState{Phase: v1alpha1.OperationRunning, Message: "waiting for\nDeployment \x1b[2Jweb"}
	})
	for _, tc := range []struct {
		reason string
		board  board
		want   string
	}{
		{"before the first state", board{opts: opts, started: noon}, "syncing argocd/shop\n"},
		{"all rows", board{opts: opts, started: noon, app: running, width: 80, height: 24}, `syncing argocd/shop  OutOfSync  Progressing  12s
  operation running: waiting for Deployment web
  ▲ ConfigMap shop/old   OutOfSync
  ✓ Service shop/web     Synced     Healthy
  ● Deployment shop/web  Synced     Progressing  1 of 3 replicas
`},
		{"room for the most pressing only", board{opts: opts, started: noon, app: running, width: 80, height: 5}, `syncing argocd/shop  OutOfSync  Progressing  12s
  operation running: waiting for Deployment web
  ● Deployment shop/web  Synced     Progressing  1 of 3 replicas
  … and 2 more
`},
		{"a narrow terminal cuts messages", board{opts: opts, started: noon, app: running, width: 58, height: 5}, `syncing argocd/shop  OutOfSync  Progressing  12s
  operation running: waiting for Deployment web
  ● Deployment shop/web  Synced     Progressing  1 of 3 r…
  … and 2 more
`},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			got := tc.board.draw()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Error(diff)
			}
			for line := range strings.Lines(got) {
				if w := lipgloss.Width(strings.TrimSuffix(line, "\n")); tc.board.width > 0 && w > tc.board.width {
					t.Errorf("%q is %d cells wide", line, w)
				}
			}
		})
	}
}

func TestBoardTakesMessages(t *testing.T) {
	var m tea.Model = board{opts: Options{Now: func() time.Time { return noon }}, started: noon}
	for _, msg := range []tea.Msg{tea.WindowSizeMsg{Width: 40, Height: 9}, seen{app(nil)}} {
		m, _ = m.Update(msg)
	}
	b := m.(board)
	if b.width != 40 || b.height != 9 || b.app == nil {
		t.Errorf("width %d, height %d, app %v", b.width, b.height, b.app)
	}
	if _, next := m.Update(tick(noon)); next == nil {
		t.Error("the clock stops after one tick")
	}
}

// screen is a writer that can be read while it is being written to.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestTerminal(t *testing.T) {
	for _, tc := range []struct {
		reason string
		cancel bool
	}{
		{"ends with Close", false},
		{"an interrupt ends it before", true},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var s screen
			p := NewTerminal(ctx, Options{W: &s, Now: func() time.Time { return noon }, Title: "syncing", Environ: []string{"TERM=xterm"}, Width: 80, Height: 24})
			for i := range 3 {
				p.Update(app(func(a *v1alpha1.Application) { a.Status.Resources[0].Health.Message = fmt.Sprintf("%d of 3", i) }))
			}
			if tc.cancel {
				cancel()
			}
			p.Close()
			before := s.String()
			p.Update(app(nil))
			if s.String() != before {
				t.Error("something was written after Close")
			}
			if !tc.cancel && !strings.Contains(before, "2 of 3") {
				t.Errorf("the last state was not drawn: %q", before)
			}
		})
	}
}
