package autosync_test

import (
	"cmp"
	"os"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/plan/autosync"
	"evenkeel.dev/internal/resource"
)

// kase is one entry of testdata/decide.yaml.
type kase struct {
	Row                                                              string
	Policy, Enabled, Status, Last, LastRevision, LastPhase, LastPath string
	Prune, SelfHeal                                                  *bool
	AllowEmpty, Deleting, PruneOnly, PruneAll, Nothing, Broken       bool
	LastDryRun, LastPartial                                          bool
	LastAttempts, Retry                                              int64
	// Listed makes the sources a list of two, the second at revision v1; LastSecond is
	// that of the last operation.
	Listed         bool
	LastSecond     string
	Ended, Pending string
	Refused        string

	Start, Want, Problem, Again, Pruned string
	Attempts, Retries                   int64
}

var now = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func duration(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (k kase) input(t *testing.T) autosync.Input {
	t.Helper()
	yes := func(b *bool) bool { return b == nil || *b }
	auto := &v1alpha1.SyncPolicyAutomated{Prune: yes(k.Prune), SelfHeal: yes(k.SelfHeal), AllowEmpty: k.AllowEmpty}
	if k.Enabled != "" {
		enabled := k.Enabled == "true"
		auto.Enabled = &enabled
	}
	app := &v1alpha1.Application{}
	app.Spec.SyncPolicy = &v1alpha1.SyncPolicy{Automated: auto, SyncOptions: []string{"ServerSideApply=true"}}
	if k.Retry != 0 {
		app.Spec.SyncPolicy.Retry = &v1alpha1.RetryStrategy{Limit: k.Retry}
	}
	if k.Policy == "none" {
		app.Spec.SyncPolicy = nil
	}
	if k.Deleting {
		at := metav1.NewTime(now)
		app.DeletionTimestamp = &at
	}
	in := autosync.Input{
		App: app, Last: k.last(t), Origin: k.origin("web", "new", "v1"), Status: v1alpha1.SyncStatusOutOfSync,
		OutOfSync: []v1alpha1.SyncOperationResource{{Kind: "ConfigMap", Namespace: "prod", Name: "web"}},
		PruneOnly: k.PruneOnly, PruneAll: k.PruneAll, Broken: k.Broken, Pending: k.Pending, Refused: k.Refused, Now: now,
		Backoff: autosync.Backoff{Initial: 2 * time.Second, Factor: 3, Limit: 300 * time.Second},
	}
	if k.Status != "" {
		in.Status = v1alpha1.SyncStatusCode(k.Status)
	}
	if k.Nothing {
		in.OutOfSync = nil
	}
	return in
}

func (k kase) origin(path, first, second string) resource.Origin {
	o := resource.Origin{Sources: []v1alpha1.ApplicationSource{{Path: path}}, Revisions: []string{first}}
	if k.Listed {
		o.Sources, o.Revisions, o.Listed = append(o.Sources, v1alpha1.ApplicationSource{Ref: "values"}), append(o.Revisions, second), true
	}
	return o
}

func (k kase) last(t *testing.T) *v1alpha1.OperationState {
	t.Helper()
	if k.Last == "none" {
		return nil
	}
	ended := metav1.NewTime(now.Add(-duration(t, k.Ended)))
	op := &v1alpha1.OperationState{
		Phase: v1alpha1.OperationSucceeded, FinishedAt: &ended, Message: "boom",
		Operation:  v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{DryRun: k.LastDryRun, SelfHealAttemptsCount: k.LastAttempts}},
		SyncResult: &v1alpha1.SyncOperationResult{},
	}
	k.origin(cmp.Or(k.LastPath, "web"), cmp.Or(k.LastRevision, "old"), cmp.Or(k.LastSecond, "v1")).Note(op.SyncResult)
	if k.LastPartial {
		op.Operation.Sync.Resources = []v1alpha1.SyncOperationResource{{Kind: "ConfigMap", Name: "web"}}
	}
	if k.LastPhase != "" {
		op.Phase = v1alpha1.OperationPhase(k.LastPhase)
	}
	return op
}

func TestDecide(t *testing.T) {
	b, err := os.ReadFile("testdata/decide.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var cases []kase
	if err := yaml.UnmarshalStrict(b, &cases); err != nil {
		t.Fatal(err)
	}
	for _, k := range cases {
		t.Run(k.Row, func(t *testing.T) {
			in := k.input(t)
			d := autosync.Decide(in)
			if d.Skipped != k.Want || d.Again != duration(t, k.Again) || !strings.Contains(d.Problem, k.Problem) || (d.Problem == "") != (k.Problem == "") {
				t.Errorf("%+v", d)
			}
			var want *v1alpha1.Operation
			if k.Start != "" {
				want = &v1alpha1.Operation{
					Sync:        &v1alpha1.SyncOperation{Revision: "new", Prune: k.Pruned != "no", SyncOptions: in.App.Spec.SyncPolicy.SyncOptions, SelfHealAttemptsCount: k.Attempts},
					InitiatedBy: v1alpha1.OperationInitiator{Automated: true}, Retry: v1alpha1.RetryStrategy{Limit: max(k.Retries, 5)},
				}
				if k.Listed {
					want.Sync.Revision, want.Sync.Revisions, want.Sync.Sources = "", []string{"new", "v1"}, in.Origin.Sources
				}
				if k.Retries != 0 {
					want.Retry.Limit = k.Retries
				}
				if k.Start == "partial" {
					want.Sync.Resources = in.OutOfSync
				}
			}
			if diff := gocmp.Diff(want, d.Start); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
