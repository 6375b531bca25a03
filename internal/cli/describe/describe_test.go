package describe_test

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// TestReason reads the cases in testdata/reason.txtar: a file NAME.yaml is an
// Application, NAME.txt the sentence about it.
func TestReason(t *testing.T) {
	archive, err := txtar.ParseFile(filepath.Join("testdata", "reason.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	wanted := map[string]string{}
	for _, f := range archive.Files {
		wanted[f.Name] = strings.TrimSpace(string(f.Data))
	}
	for _, f := range archive.Files {
		name, isApp := strings.CutSuffix(f.Name, ".yaml")
		if !isApp {
			continue
		}
		t.Run(name, func(t *testing.T) {
			app := &v1alpha1.Application{}
			if err := yaml.UnmarshalStrict(f.Data, app); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(wanted[name+".txt"], describe.Reason(app, noon)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestReasonAlwaysSaysSomething gives it any Application, also nonsense.
func TestReasonAlwaysSaysSomething(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		app := &v1alpha1.Application{}
		app.Status.Sync.Status = v1alpha1.SyncStatusCode(rapid.SampledFrom([]string{"", "Synced", "OutOfSync", "Unknown", "x"}).Draw(t, "sync"))
		app.Status.Health.Status = v1alpha1.HealthStatusCode(rapid.SampledFrom([]string{"", "Healthy", "Degraded", "Missing", "Progressing", "Suspended", "Unknown", "x"}).Draw(t, "health"))
		if rapid.Bool().Draw(t, "operated") {
			app.Status.OperationState = &v1alpha1.OperationState{Phase: v1alpha1.OperationPhase(rapid.SampledFrom([]string{"", "Running", "Failed", "Error", "Succeeded"}).Draw(t, "phase"))}
		}
		if describe.Reason(app, noon) == "" {
			t.Fatal("no reason")
		}
	})
}

func TestNextStepKnowsEveryCondition(t *testing.T) {
	for _, c := range []v1alpha1.ConditionType{
		v1alpha1.ConditionDeletionError, v1alpha1.ConditionInvalidSpecError, v1alpha1.ConditionComparisonError, v1alpha1.ConditionSyncError,
		v1alpha1.ConditionUnknownError, v1alpha1.ConditionSharedResourceWarning, v1alpha1.ConditionRepeatedResourceWarning,
		v1alpha1.ConditionExcludedResourceWarning, v1alpha1.ConditionOrphanedResourceWarning, v1alpha1.ConditionUnsupportedFieldWarning,
		v1alpha1.ConditionSyncWaiting, v1alpha1.ConditionPinned, v1alpha1.ConditionRolloutAborted,
	} {
		if describe.NextStep(&v1alpha1.Application{}, v1alpha1.ApplicationCondition{Type: c}) == "" {
			t.Errorf("nothing to do about %s", c)
		}
	}
	if got := describe.NextStep(&v1alpha1.Application{}, v1alpha1.ApplicationCondition{Type: "Other"}); got != "" {
		t.Errorf("made up %q", got)
	}
}

func TestSyncStatus(t *testing.T) {
	const commit, other = "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d", "2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d1a"
	main, version := v1alpha1.ApplicationSource{RepoURL: "a", TargetRevision: "main"}, v1alpha1.ApplicationSource{RepoURL: "b", TargetRevision: commit}
	for _, c := range []struct {
		want string
		spec v1alpha1.ApplicationSpec
		sync v1alpha1.SyncStatus
	}{
		{"Synced to main (1a2b3c4)", v1alpha1.ApplicationSpec{Source: &main}, v1alpha1.SyncStatus{Status: "Synced", Revision: commit}},
		{"OutOfSync from " + commit, v1alpha1.ApplicationSpec{Source: &version}, v1alpha1.SyncStatus{Status: "OutOfSync", Revision: commit}},
		{"Unknown (1a2b3c4)", v1alpha1.ApplicationSpec{Source: &main}, v1alpha1.SyncStatus{Status: "Unknown", Revision: commit}},
		{
			"Synced to main (2b3c4d5), " + commit,
			v1alpha1.ApplicationSpec{Sources: []v1alpha1.ApplicationSource{main, version}},
			v1alpha1.SyncStatus{Status: "Synced", Revisions: []string{other, commit}},
		},
		{"OutOfSync from main, main", v1alpha1.ApplicationSpec{Sources: []v1alpha1.ApplicationSource{main, main}}, v1alpha1.SyncStatus{Status: "OutOfSync"}},
	} {
		if got := describe.SyncStatus(&v1alpha1.Application{Spec: c.spec, Status: v1alpha1.ApplicationStatus{Sync: c.sync}}); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestSourceLabel(t *testing.T) {
	for want, s := range map[string]v1alpha1.ApplicationSource{
		"name": {Name: "name", Path: "a"}, "a": {Path: "a", Ref: "r"}, "web": {Chart: "web"}, "$r": {Ref: "r"},
	} {
		if got := describe.SourceLabel(s); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestAge(t *testing.T) {
	for want, ago := range map[string]time.Duration{
		"0s": 0, "59s": 59*time.Second + 900*time.Millisecond, "1m": time.Minute, "12m5s": 12*time.Minute + 5*time.Second,
		"3h": 3 * time.Hour, "3h4m": 3*time.Hour + 4*time.Minute + 59*time.Second, "2d": 48 * time.Hour, "9d23h": 239 * time.Hour,
	} {
		if got := describe.Age(noon.Add(-ago), noon); got != want {
			t.Errorf("%s ago is %q, want %q", ago, got, want)
		}
	}
	if got := describe.Age(noon.Add(time.Minute), noon); got != "0s" {
		t.Errorf("a clock that is ahead: %q", got)
	}
}

func TestFew(t *testing.T) {
	for _, tc := range []struct {
		in   []string
		want string
	}{
		{nil, ""}, {[]string{"a"}, "a"}, {[]string{"a", "b", "c"}, "a, b, c"}, {[]string{"a", "b", "c", "d", "e"}, "a, b, c and 2 more"},
	} {
		if got := describe.Few(tc.in); got != tc.want {
			t.Errorf("Few(%v) = %q, want %q", tc.in, got, tc.want)
		}
	}
}

func TestShort(t *testing.T) {
	got := map[string]string{}
	want := map[string]string{"1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d": "1a2b3c4", "v1.2.3-rc.1": "v1.2.3-rc.1", "1.4.2": "1.4.2", "abc": "abc", "": ""}
	for in := range want {
		got[in] = describe.Short(in)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
