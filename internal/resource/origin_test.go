package resource_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
)

func TestOrigin(t *testing.T) {
	web, values := v1alpha1.ApplicationSource{RepoURL: "r1", Path: "web"}, v1alpha1.ApplicationSource{RepoURL: "r2", Ref: "values"}
	for _, c := range []struct {
		why      string
		spec     v1alpha1.ApplicationSpec
		at       []string
		want     v1alpha1.SyncOperationResult
		listed   bool
		revision string
	}{
		{
			why: "one", spec: v1alpha1.ApplicationSpec{Source: &web}, at: []string{"a"},
			want: v1alpha1.SyncOperationResult{Source: web, Revision: "a"}, revision: "a",
		},
		{
			why: "several", spec: v1alpha1.ApplicationSpec{Sources: []v1alpha1.ApplicationSource{web, values}}, at: []string{"a", "b"}, listed: true,
			want: v1alpha1.SyncOperationResult{Sources: []v1alpha1.ApplicationSource{web, values}, Revisions: []string{"a", "b"}}, revision: "a",
		},
		{
			why: "a list of one is a list", spec: v1alpha1.ApplicationSpec{Sources: []v1alpha1.ApplicationSource{web}}, at: []string{"a"}, listed: true,
			want: v1alpha1.SyncOperationResult{Sources: []v1alpha1.ApplicationSource{web}, Revisions: []string{"a"}}, revision: "a",
		},
		{
			why: "a list goes before one", spec: v1alpha1.ApplicationSpec{Source: &values, Sources: []v1alpha1.ApplicationSource{web}}, listed: true,
			want: v1alpha1.SyncOperationResult{Sources: []v1alpha1.ApplicationSource{web}},
		},
		{why: "none"},
	} {
		o := resource.OriginOf(&c.spec).At(c.at)
		var got v1alpha1.SyncOperationResult
		o.Note(&got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.why, diff)
		}
		if o.Listed != c.listed || o.Revision(0) != c.revision || o.Revision(7) != "" {
			t.Errorf("%s: %+v", c.why, o)
		}
		if back := resource.OriginOfSync(&got); c.why != "none" && len(c.at) > 0 && !back.Equal(o) {
			t.Errorf("%s: written %+v, read %+v", c.why, o, back)
		}
	}
	one := resource.Origin{Sources: []v1alpha1.ApplicationSource{web}, Revisions: []string{"0123456789ab"}}
	list := resource.Origin{Sources: one.Sources, Revisions: one.Revisions, Listed: true}
	if one.SameSources(list) || !one.SameSources(one.At(nil)) || one.Equal(one.At([]string{"b"})) {
		t.Error("what is the same is not told from what differs")
	}
	if got := resource.ShortRevisions([]string{"0123456789ab", "1.2"}); got != "01234567, 1.2" {
		t.Errorf("got %q", got)
	}
}
