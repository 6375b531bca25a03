package settings

import (
	"context"
	"log/slog"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/fake"
)

func TestWatcher(t *testing.T) {
	cm := &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: ConfigMap, Namespace: "argocd"}, Data: map[string]string{"installationID": "one"},
	}
	foreign := cm.DeepCopy()
	foreign.Namespace, foreign.Data["installationID"] = "other", "foreign"
	client := fake.NewClientset(cm, foreign, secret("a", SecretRepository), secret("b", "something"))
	w := NewWatcher(client, "argocd", slog.New(slog.DiscardHandler))
	if got := w.Current(); got.ReconciliationTimeout != 2*time.Minute {
		t.Errorf("before Ready: %+v", got)
	}
	w.Check = func(s Snapshot) []Problem {
		if s.InstallationID != "two" {
			return nil
		}
		return []Problem{{Object: ConfigMap, Key: "installationID", Reason: "is two"}}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- w.Run(ctx) }()
	<-w.Ready()
	if got := w.Current(); got.InstallationID != "one" || len(got.Secrets) != 1 {
		t.Errorf("at first: %q, %v", got.InstallationID, got.Secrets)
	}

	api := client.CoreV1()
	changed := w.Changed()
	cm.Data = map[string]string{"installationID": "two", "helm.enable": "perhaps"}
	if _, err := api.ConfigMaps("argocd").Update(ctx, cm, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	<-changed
	if got := w.Current(); got.InstallationID != "two" || len(w.Problems()) != 2 || w.Problems()[1].Reason != "is two" {
		t.Errorf("after an update: %q, %v", got.InstallationID, w.Problems())
	}

	changed = w.Changed()
	if _, err := api.Secrets("argocd").Create(ctx, secret("c", SecretCluster), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	<-changed
	if got := w.Current(); len(got.Secrets) != 2 {
		t.Errorf("after a new Secret: %v", got.Secrets)
	}

	changed = w.Changed()
	main := plainSecret(SecretMain, "argocd", map[string]string{"webhook.github.secret": "$hooks:github"})
	if _, err := api.Secrets("argocd").Create(ctx, main, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	<-changed
	changed = w.Changed()
	other := plainSecret("hooks", "argocd", map[string]string{"github": "of another Secret"})
	if _, err := api.Secrets("argocd").Create(ctx, other, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	<-changed
	if got := w.Current(); got.Webhooks.GitHub != "of another Secret" || len(got.Secrets) != 2 {
		t.Errorf("the secret of webhooks: %q, %v", got.Webhooks.GitHub, got.Secrets)
	}

	changed = w.Changed()
	if err := api.ConfigMaps("argocd").Delete(ctx, ConfigMap, metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	<-changed
	if got := w.Current(); got.InstallationID != "" || len(w.Problems()) != 0 {
		t.Errorf("after its deletion: %q, %v", got.InstallationID, w.Problems())
	}

	// What is equal is no change.
	w.touch()
	select {
	case <-w.Changed():
		t.Error("a change where there is none")
	default:
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
