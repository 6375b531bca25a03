package status

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
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
