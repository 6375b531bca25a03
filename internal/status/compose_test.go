package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/health"
	"evenkeel.dev/internal/resource"
)

// TestSources: what is written of sources is a list where they are one, and else is
// not, as in Argo CD; nothing of the other is left behind.
func TestSources(t *testing.T) {
	const one, list = "source: {repoURL: a, path: x}", "sources: [{repoURL: a, path: x}, {repoURL: b, ref: values}]"
	for _, c := range []struct {
		why, spec string
		before    v1alpha1.ApplicationStatus
		at        []string
		types     []string
		want      v1alpha1.ApplicationStatus
	}{
		{
			why: "one", spec: one, at: []string{"1"}, types: []string{"Helm"},
			before: v1alpha1.ApplicationStatus{SourceTypes: []string{"Helm", ""}, Sync: v1alpha1.SyncStatus{Revisions: []string{"1", "2"}}},
			want:   v1alpha1.ApplicationStatus{SourceType: "Helm", Sync: v1alpha1.SyncStatus{Revision: "1"}},
		},
		{
			why: "several", spec: list, at: []string{"1", "2"}, types: []string{"Helm", ""},
			before: v1alpha1.ApplicationStatus{SourceType: "Directory", Sync: v1alpha1.SyncStatus{Revision: "1"}},
			want:   v1alpha1.ApplicationStatus{SourceTypes: []string{"Helm", ""}, Sync: v1alpha1.SyncStatus{Revisions: []string{"1", "2"}}},
		},
		{
			why: "a list goes before one beside it", spec: one + "\n" + list, at: []string{"1", "2"}, types: []string{"Helm", ""},
			want: v1alpha1.ApplicationStatus{SourceTypes: []string{"Helm", ""}, Sync: v1alpha1.SyncStatus{Revisions: []string{"1", "2"}}},
		},
		{
			why: "what is not known stays", spec: list,
			before: v1alpha1.ApplicationStatus{SourceTypes: []string{"Helm", ""}, Sync: v1alpha1.SyncStatus{Revisions: []string{"1", "2"}}},
			want:   v1alpha1.ApplicationStatus{SourceTypes: []string{"Helm", ""}, Sync: v1alpha1.SyncStatus{Revisions: []string{"1", "2"}}},
		},
	} {
		app := &v1alpha1.Application{Status: c.before}
		if err := yaml.UnmarshalStrict([]byte(c.spec), &app.Spec); err != nil {
			t.Fatal(err)
		}
		got := Compose(app, Report{Origin: resource.OriginOf(&app.Spec).At(c.at), SourceTypes: c.types})
		c.want.Sync.Status, c.want.Sync.ComparedTo.Sources = v1alpha1.SyncStatusUnknown, app.Spec.Sources
		if len(app.Spec.Sources) == 0 {
			c.want.Sync.ComparedTo.Source = app.Spec.Source
		}
		got.Health = v1alpha1.AppHealthStatus{}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
	}
}

// TestHealth: the message is what is known of the cause, else what the object that decides
// says; the time changes with the status alone.
func TestHealth(t *testing.T) {
	then, now := metav1.Unix(100, 0), metav1.Unix(200, 0)
	key := resource.Key{Group: "apps", Kind: "Deployment", Namespace: "shop", Name: "api"}
	with := func(s v1alpha1.HealthStatusCode, message string) []Resource {
		return []Resource{{Key: key, Health: &health.Verdict{Status: s, Message: message}}}
	}
	why := Explanation{Key: key, Text: "pods ImagePullBackOff x:1"}
	before := v1alpha1.AppHealthStatus{Status: v1alpha1.HealthStatusDegraded, Message: "Deployment shop/api: pods ImagePullBackOff x:1", LastTransitionTime: &then}
	for name, c := range map[string]struct {
		r    Report
		want v1alpha1.AppHealthStatus
	}{
		"as before":       {Report{Resources: with("Degraded", "too late"), Why: why}, before},
		"another message": {Report{Resources: with("Degraded", "too late")}, v1alpha1.AppHealthStatus{Status: "Degraded", Message: "Deployment shop/api: too late", LastTransitionTime: &then}},
		"another status": {
			Report{Resources: with("Progressing", "0 of 1 updated"), Why: why},
			v1alpha1.AppHealthStatus{Status: "Progressing", Message: before.Message, LastTransitionTime: &now},
		},
		"under way": {
			Report{Resources: with("Progressing", "0 of 1 updated")},
			v1alpha1.AppHealthStatus{Status: "Progressing", LastTransitionTime: &now},
		},
		"well":             {Report{Resources: with("Healthy", "")}, v1alpha1.AppHealthStatus{Status: "Healthy", LastTransitionTime: &now}},
		"nothing is known": {Report{}, before},
	} {
		c.r.Now = now
		got := Compose(&v1alpha1.Application{Status: v1alpha1.ApplicationStatus{Health: before}}, c.r)
		if diff := cmp.Diff(c.want, got.Health); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
