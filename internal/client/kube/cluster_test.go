package kube_test

import (
	"flag"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/fault"
)

var kubeconfig = flag.String("kubeconfig", "", "kubeconfig of a throw-away cluster that has the CRDs; empty skips the test")

// The life of an Application against a real API server.
func TestRealAPIServer(t *testing.T) {
	if *kubeconfig == "" {
		t.Skip("no -kubeconfig")
	}
	cfg, err := kube.Config(kube.ConfigOptions{Kubeconfig: *kubeconfig, UserAgent: "evenkeel-test"})
	if err != nil {
		t.Fatal(err)
	}
	c, err := kube.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	const namespace, name = "default", "kube-test"
	create(t, c, namespace, name)
	operate(t, c, namespace, name)
}

func create(t *testing.T, c *kube.Client, namespace, name string) {
	t.Helper()
	ctx := t.Context()
	app, err := c.Create(ctx, &v1alpha1.Application{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.ApplicationSpec{
			Project:     "default",
			Source:      &v1alpha1.ApplicationSource{RepoURL: "https://git.example/x", Path: "."},
			Destination: v1alpha1.ApplicationDestination{Name: "in-cluster"},
			SyncPolicy:  &v1alpha1.SyncPolicy{SyncOptions: []string{"CreateNamespace=true"}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	app.Labels = map[string]string{"team": "red"}
	if app, err = c.Update(ctx, app); err != nil || app.Labels["team"] != "red" {
		t.Fatalf("update: %v", err)
	}
	app, err = c.Patch(ctx, namespace, name, types.MergePatchType, []byte(`{"spec":{"project":"web"}}`))
	if err != nil || app.Spec.Project != "web" {
		t.Fatalf("patch: %v", err)
	}
	app, err = c.Patch(ctx, namespace, name, types.JSONPatchType, []byte(`[{"op":"test","path":"/spec/project","value":"web"},{"op":"replace","path":"/spec/project","value":"default"}]`))
	if err != nil || app.Spec.Project != "default" {
		t.Fatalf("JSON patch: %v", err)
	}
}

func operate(t *testing.T, c *kube.Client, namespace, name string) {
	t.Helper()
	ctx := t.Context()
	app, err := c.Refresh(ctx, namespace, name, v1alpha1.RefreshHard)
	if err != nil || app.Annotations[v1alpha1.AnnotationRefresh] != "hard" {
		t.Fatalf("refresh: %v", err)
	}
	op := v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: "abc"}, InitiatedBy: v1alpha1.OperationInitiator{Username: "local"}}
	if app, err = c.Sync(ctx, namespace, name, op); err != nil || app.Operation == nil || len(app.Operation.Sync.SyncOptions) != 1 {
		t.Fatalf("sync: %v %+v", err, app)
	}
	if _, err := c.Sync(ctx, namespace, name, op); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("second sync: %v", err)
	}
	if err := c.Terminate(ctx, namespace, name); err != nil {
		t.Fatalf("terminate: %v", err)
	}
	if err := c.Delete(ctx, namespace, name, v1alpha1.FinalizerForeground); err != nil {
		t.Fatalf("delete: %v", err)
	}
	if app, err = c.Get(ctx, namespace, name); err != nil || app.DeletionTimestamp == nil || app.Operation != nil {
		t.Fatalf("after the delete: %v", err)
	}
	if _, err := c.Sync(ctx, namespace, name, op); fault.KindOf(err) != fault.Conflict {
		t.Fatalf("sync while it is being deleted: %v", err)
	}
	if err := c.Delete(ctx, namespace, name, ""); err != nil {
		t.Fatalf("let go: %v", err)
	}
	if _, err := c.Get(ctx, namespace, name); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("still there: %v", err)
	}
}
