package view_test

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

func TestReasons(t *testing.T) {
	var cases []struct {
		Name  string
		App   v1alpha1.Application
		Extra view.Extra
		Want  view.Reason
	}
	data, err := os.ReadFile("testdata/reasons.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			before := c.App.DeepCopy()
			got := view.RowOf(&c.App, c.Extra)
			if len(got.Reason.Params) == 0 {
				got.Reason.Params = nil
			}
			if d := cmp.Diff(c.Want, got.Reason); d != "" {
				t.Errorf("reason (-want +got):\n%s", d)
			}
			if d := cmp.Diff(before, &c.App); d != "" {
				t.Errorf("RowOf changed its input:\n%s", d)
			}
		})
	}
}

func TestRowOf(t *testing.T) {
	at := metav1.Date(2026, 11, 23, 10, 0, 0, 0, metav1.Now().Location())
	off := false
	app := &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: "argocd", Name: "shop", ResourceVersion: "7", Labels: map[string]string{"team": "a"}, CreationTimestamp: at},
		Spec: v1alpha1.ApplicationSpec{
			Sources:     []v1alpha1.ApplicationSource{{RepoURL: "https://git/x", Chart: "web", TargetRevision: "1.x", Name: "chart"}, {RepoURL: "https://git/y", Ref: "values"}},
			Destination: v1alpha1.ApplicationDestination{Name: "in-cluster", Namespace: "prod"},
			SyncPolicy:  &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: true, SelfHeal: true, Enabled: &off}},
		},
		Status: v1alpha1.ApplicationStatus{
			Sync:         v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusSynced, Revisions: []string{"aaa", "bbb"}},
			Health:       v1alpha1.AppHealthStatus{Status: v1alpha1.HealthStatusHealthy},
			ReconciledAt: &at,
			Summary:      v1alpha1.ApplicationSummary{Images: []string{"nginx:1"}},
			Conditions:   []v1alpha1.ApplicationCondition{{Type: v1alpha1.ConditionOrphanedResourceWarning, Message: strings.Repeat("é", 9000)}},
			OperationState: &v1alpha1.OperationState{
				Operation: v1alpha1.Operation{InitiatedBy: v1alpha1.OperationInitiator{Automated: true}},
				Phase:     v1alpha1.OperationSucceeded, StartedAt: at, FinishedAt: &at,
			},
		},
	}
	stamp := at.UTC().Format("2006-01-02T15:04:05Z")
	got := view.RowOf(app, view.Extra{})
	if len(got.Conditions[0].Message) > 4096 || !strings.HasSuffix(got.Conditions[0].Message, "é…") {
		t.Errorf("long message not clipped at a character: %d bytes", len(got.Conditions[0].Message))
	}
	got.Conditions = nil
	want := view.App{
		Namespace: "argocd", Name: "shop", Project: "default", Labels: map[string]string{"team": "a"}, CreatedAt: stamp,
		Source: view.Source{RepoURL: "https://git/x", Chart: "web", TargetRevision: "1.x", Type: "Helm"},
		Sources: []view.Source{
			{RepoURL: "https://git/x", Chart: "web", TargetRevision: "1.x", Type: "Helm", Name: "chart", Revision: "aaa"},
			{RepoURL: "https://git/y", Ref: "values", Revision: "bbb"},
		},
		Destination: view.Destination{Name: "in-cluster", Namespace: "prod"},
		Sync:        "Synced", Health: "Healthy", Revision: "aaa", ObservedAt: stamp, Images: []string{"nginx:1"},
		Reason:          view.Reason{Code: "ok", Text: "Everything is as Git describes it and healthy"},
		Operation:       &view.Operation{Phase: "Succeeded", StartedAt: stamp, FinishedAt: stamp, Automated: true},
		ResourceVersion: "7",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("row (-want +got):\n%s", d)
	}
}

// TestRowOfPinned: the row says who holds the Application, and what is wrong with a pin
// that cannot be read.
func TestRowOfPinned(t *testing.T) {
	const commit = "1111111111111111111111111111111111111111"
	for _, c := range []struct {
		reason      string
		annotations map[string]string
		want        *view.Pinned
	}{
		{"none", map[string]string{"evenkeel.dev/pin-by": "anna"}, nil},
		{"all of it", map[string]string{
			"evenkeel.dev/pin": commit, "evenkeel.dev/pin-history": "3", "evenkeel.dev/pin-by": "anna", "evenkeel.dev/pin-reason": "slow",
			"evenkeel.dev/pin-until": "2026-11-23T10:00:00+01:00", "evenkeel.dev/pin-newer-than": "newest",
		}, &view.Pinned{Revision: commit, History: 3, By: "anna", Reason: "slow", Until: "2026-11-23T09:00:00Z", UntilNewer: true}},
		{"a broken one", map[string]string{"evenkeel.dev/pin": "main"}, &view.Pinned{
			History: -1, Problem: `annotation evenkeel.dev/pin: "main" is no full commit id; until it is mended or removed the Application stays as it is`,
		}},
	} {
		t.Run(c.reason, func(t *testing.T) {
			app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{Annotations: c.annotations}}
			if d := cmp.Diff(c.want, view.RowOf(app, view.Extra{}).Pin); d != "" {
				t.Errorf("pin (-want +got):\n%s", d)
			}
		})
	}
}

// TestDeedsOf: the history, then the results as they came; an object may have one in
// several phases, and what says no phase is of phase Sync.
func TestDeedsOf(t *testing.T) {
	app := &v1alpha1.Application{}
	data, err := os.ReadFile("testdata/deeds.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var c struct {
		App  v1alpha1.Application
		Want []view.Deed
	}
	if err := yaml.UnmarshalStrict(data, &c); err != nil {
		t.Fatal(err)
	}
	got := view.DeedsOf(&c.App, func(phase string, key resource.Key) int { return len(phase) * len(key.Name) })
	if d := cmp.Diff(c.Want, got); d != "" {
		t.Errorf("deeds (-want +got):\n%s", d)
	}
	if got := view.DeedsOf(app, nil); got != nil {
		t.Errorf("nothing was done, and it says %v", got)
	}
}

// A condition of which there is more says so, and its whole text is found by type and
// message, as long as it is the same condition.
func TestLongerConditions(t *testing.T) {
	app := &v1alpha1.Application{}
	app.Status.Conditions = []v1alpha1.ApplicationCondition{
		{Type: v1alpha1.ConditionComparisonError, Message: "first …"},
		{Type: v1alpha1.ConditionSyncError, Message: "first …"},
		{Type: v1alpha1.ConditionComparisonError, Message: strings.Repeat("a", 5000)},
	}
	longer := []view.Problem{
		{Type: "ComparisonError", Message: "first …", Text: "first\nsecond"},
		{Type: "ComparisonError", Message: "gone …", Text: "gone\nbefore"},
	}
	var more []bool
	for _, c := range view.RowOf(app, view.Extra{Longer: longer}).Conditions {
		more = append(more, c.More)
	}
	if diff := cmp.Diff([]bool{true, false, true}, more); diff != "" {
		t.Error(diff)
	}
	var texts []string
	for _, p := range view.Problems(app.Status.Conditions, longer) {
		texts = append(texts, p.Text)
	}
	if diff := cmp.Diff([]string{"first\nsecond", "first …", strings.Repeat("a", 5000)}, texts); diff != "" {
		t.Error(diff)
	}
}
