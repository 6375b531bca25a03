package cli_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/fault"
)

const restless = `apiVersion: argoproj.io/v1alpha1
kind: Application
metadata: {name: shop, namespace: argocd}
spec: {project: default, source: {repoURL: r, path: p}, destination: {name: in-cluster}}
status:
  sync: {status: Synced}
  health: {status: Progressing}
  resources:
  - {group: apps, kind: Deployment, namespace: shop, name: web, status: Synced, health: {status: Progressing}}
`

const (
	healthy  = `{"status":{"health":{"status":"Healthy"},"resources":[{"group":"apps","kind":"Deployment","namespace":"shop","name":"web","status":"Synced","health":{"status":"Healthy"}}]}}`
	degraded = `{"status":{"health":{"status":"Degraded"},"resources":[{"group":"apps","kind":"Deployment","namespace":"shop","name":"web","status":"Synced","health":{"status":"Degraded","message":"no image"}}]}}`
)

// TestWaitTakesItsTime runs waits against a fake clock: each ends at the moment at
// which what it waits for happens, and no sooner or later.
func TestWaitTakesItsTime(t *testing.T) {
	for _, tc := range []struct {
		reason string
		args   string
		steps  []step
		took   time.Duration
		code   int
		stderr string
	}{
		{"healthy after ten minutes", "wait shop --health", []step{{patch: []byte(healthy), after: 10 * time.Minute}}, 10 * time.Minute, 0, ""},
		{"without a timeout it waits for days", "wait shop --health", []step{{patch: []byte(`{}`), after: time.Hour}, {patch: []byte(healthy), after: 72 * time.Hour}}, 73 * time.Hour, 0, ""},
		{
			"a timeout ends it", "wait shop --health --timeout 30",
			[]step{{patch: []byte(healthy), after: time.Minute}},
			30 * time.Second, 1,
			"timed out (30s) waiting for application argocd/shop to be healthy: health is Progressing",
		},
		{"a state just before the timeout counts", "wait shop --health --timeout 30", []step{{patch: []byte(healthy), after: 29 * time.Second}}, 29 * time.Second, 0, ""},
		{
			"an object that breaks ends it", "wait shop --health --timeout 300",
			[]step{{patch: []byte(degraded), after: 5 * time.Second}},
			5 * time.Second, 1,
			"Deployment shop/web went from Progressing to Degraded: no image",
		},
		{"unless degraded is what is waited for", "wait shop --degraded", []step{{patch: []byte(degraded), after: 5 * time.Second}}, 5 * time.Second, 0, ""},
		{"deletion", "wait shop --delete --timeout 60", []step{{patch: []byte(`{}`), after: time.Second}, {gone: true, after: 4 * time.Second}}, 5 * time.Second, 0, ""},
		{
			"each application has the whole timeout", "wait shop other --health --timeout 30",
			[]step{{patch: []byte(healthy), after: 25 * time.Second}, {patch: []byte(healthy), after: 25 * time.Second}},
			50 * time.Second, 0, "",
		},
		{"get --refresh waits, too", "get shop --refresh --timeout 5", nil, 5 * time.Second, 1, "timed out after 5s waiting for application argocd/shop"},
		{"delete --wait", "delete shop --wait", []step{{gone: true, after: 7 * time.Second}}, 7 * time.Second, 0, ""},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				for _, name := range []string{"shop", "other"} {
					apps, err := loadApps(strings.Replace(restless, "name: shop", "name: "+name, 1))
					if err != nil {
						t.Fatal(err)
					}
					w.put(apps[0])
				}
				w.steps = tc.steps
				var out, errs strings.Builder
				start := time.Now()
				code := cli.Main(t.Context(), w.env(&out, &errs), append([]string{"app"}, strings.Fields(tc.args)...))
				if took := time.Since(start); took != tc.took || code != tc.code || !strings.Contains(errs.String(), tc.stderr) {
					t.Errorf("took %s and exited with %d, want %s and %d; stderr %q, want %q", took, code, tc.took, tc.code, errs.String(), tc.stderr)
				}
			})
		})
	}
}

// TestInterrupt cancels the context of commands that wait.
func TestInterrupt(t *testing.T) {
	for _, tc := range []struct{ reason, args, stderr string }{
		{"wait", "app wait shop --health", "evenkeel: interrupted\n"},
		{"sync says that the sync goes on", "app sync shop", "evenkeel: the sync of argocd/shop goes on: evenkeel app wait argocd/shop --operation\nevenkeel: interrupted\n"},
		{"get", "app get shop --refresh", "evenkeel: interrupted\n"},
		{"diff exits with the same", "app diff shop --refresh", "evenkeel: interrupted\n"},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				apps, err := loadApps(restless)
				if err != nil {
					t.Fatal(err)
				}
				w.put(apps[0])
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Minute, cancel)
				var out, errs strings.Builder
				if code := cli.Main(ctx, w.env(&out, &errs), strings.Fields(tc.args)); code != 130 {
					t.Errorf("exited with %d", code)
				}
				if errs.String() != tc.stderr {
					t.Errorf("said %q, want %q", errs.String(), tc.stderr)
				}
			})
		})
	}
}

// TestExitCodes says what each kind of error exits with.
func TestExitCodes(t *testing.T) {
	for _, tc := range []struct {
		kind fault.Kind
		args string
		code int
	}{
		{fault.Unavailable, "app list", 11},
		{fault.Unavailable, "app diff x", 2},
		{fault.Denied, "app get x", 20},
		{fault.Denied, "app diff x", 2},
		{fault.Internal, "app list", 20},
		{fault.Broken, "app sync x", 20},
		{fault.Failed, "app wait x", 1},
		{fault.Unsupported, "app list", 20},
	} {
		t.Run(tc.kind.String()+" "+tc.args, func(t *testing.T) {
			w := newWorld()
			w.down = fault.New(tc.kind, "it is\nso")
			var out, errs strings.Builder
			if code := cli.Main(t.Context(), w.env(&out, &errs), strings.Fields(tc.args)); code != tc.code {
				t.Errorf("exited with %d, want %d", code, tc.code)
			}
			if want := "evenkeel: it is\n  so\n"; errs.String() != want || out.String() != "" {
				t.Errorf("said %q and %q, want %q and nothing", errs.String(), out.String(), want)
			}
		})
	}
}

// TestExitCodesAreDocumented holds the help topic against the table in fault.
func TestExitCodesAreDocumented(t *testing.T) {
	var out, errs strings.Builder
	if code := cli.Main(t.Context(), newWorld().env(&out, &errs), []string{"help", "exit-codes"}); code != 0 {
		t.Fatal(errs.String())
	}
	for k := fault.Internal; k <= fault.Failed; k++ {
		if line := fmt.Sprintf("\n  %d ", k.ExitCode()); !strings.Contains(out.String(), line) {
			t.Errorf("%d, the code of %s, is not in the help", k.ExitCode(), k)
		}
	}
}
