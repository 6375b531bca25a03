package status

import (
	"encoding/json"
	"fmt"
	"testing"

	jsonpatch "github.com/evanphx/json-patch/v5"
	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
)

// patched is an Application with a status of ordinary size.
func patched() *v1alpha1.Application {
	app := &v1alpha1.Application{ObjectMeta: metav1.ObjectMeta{
		Name: "web", Namespace: "argocd", ResourceVersion: "7",
		Annotations: map[string]string{v1alpha1.AnnotationRefresh: "normal"},
	}}
	app.Operation = &v1alpha1.Operation{}
	app.Status.Sync = v1alpha1.SyncStatus{Status: v1alpha1.SyncStatusSynced, Revision: "aaaa"}
	for i := range 10 {
		app.Status.Resources = append(app.Status.Resources, v1alpha1.ResourceStatus{
			Version: "v1", Kind: "ConfigMap", Namespace: "shop", Name: fmt.Sprintf("cm-%d", i), Status: v1alpha1.SyncStatusSynced,
		})
	}
	return app
}

// TestPatch: a patch holds what changes and nothing else, and brings it about.
func TestPatch(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(*v1alpha1.Application, *Change)
		want   string // "" means that nothing is to be written
	}{
		{"nothing", func(*v1alpha1.Application, *Change) {}, ""},
		{"an annotation that is not there", func(_ *v1alpha1.Application, c *Change) {
			c.ClearAnnotations = []string{v1alpha1.AnnotationRefreshTimestamp}
		}, ""},
		{"a field", func(_ *v1alpha1.Application, c *Change) { c.Status.Sync.Revision = "bbbb" }, `{"status":{"sync":{"revision":"bbbb"}}}`},
		{"a field that goes", func(_ *v1alpha1.Application, c *Change) { c.Status.Sync.Revision = "" }, `{"status":{"sync":{"revision":null}}}`},
		{
			"an answered refresh", func(_ *v1alpha1.Application, c *Change) { c.ClearAnnotations = []string{v1alpha1.AnnotationRefresh} },
			`{"metadata":{"annotations":{"argocd.argoproj.io/refresh":null},"resourceVersion":"7"}}`,
		},
		{
			"a carried out operation", func(_ *v1alpha1.Application, c *Change) { c.ClearOperation = true },
			`{"metadata":{"resourceVersion":"7"},"operation":null}`,
		},
		{
			"an annotation", func(_ *v1alpha1.Application, c *Change) {
				c.SetAnnotations = map[string]string{v1alpha1.AnnotationPinNewerThan: "bbbb"}
			},
			`{"metadata":{"annotations":{"evenkeel.dev/pin-newer-than":"bbbb"},"resourceVersion":"7"}}`,
		},
		{"an annotation that is there", func(_ *v1alpha1.Application, c *Change) {
			c.SetAnnotations = map[string]string{v1alpha1.AnnotationRefresh: "normal"}
		}, ""},
		{"an operation that is gone already", func(app *v1alpha1.Application, c *Change) { app.Operation, c.ClearOperation = nil, true }, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := patched()
			c := Change{Status: *app.Status.DeepCopy()}
			tt.change(app, &c)
			got, err := Patch(app, c)
			if diff := cmp.Diff(tt.want, string(got)); diff != "" || err != nil {
				t.Fatalf("%v (-want +got):\n%s", err, diff)
			}
			if got == nil {
				return
			}
			before, err := json.Marshal(app)
			if err != nil {
				t.Fatal(err)
			}
			applied, err := jsonpatch.MergePatch(before, got)
			if err != nil {
				t.Fatal(err)
			}
			var after v1alpha1.Application
			if err := json.Unmarshal(applied, &after); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.Status, after.Status); diff != "" {
				t.Errorf("the status that it makes (-want +got):\n%s", diff)
			}
		})
	}
}

// BenchmarkPatch of a pass that finds nothing new, as most do, and of one that does.
func BenchmarkPatch(b *testing.B) {
	app := patched()
	for name, c := range map[string]Change{"same": {Status: app.Status}, "new": {Status: *app.Status.DeepCopy()}} {
		if name == "new" {
			c.Status.Sync.Revision = "bbbb"
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := Patch(app, c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
