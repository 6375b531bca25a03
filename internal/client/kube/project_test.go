package kube

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/fault"
)

func TestSyncWindows(t *testing.T) {
	var patches []string
	patched := func(code int, reason metav1.StatusReason) func(http.ResponseWriter, *http.Request) {
		return func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			patches = append(patches, r.Header.Get("Content-Type")+" "+string(body))
			if code != http.StatusOK {
				status(code, reason, "it has been modified", "web")(w, r)
				return
			}
			answer(map[string]any{"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject", "metadata": map[string]any{"name": "web"}})(w, r)
		}
	}
	c, s := serve(t,
		answer(map[string]any{
			"apiVersion": "argoproj.io/v1alpha1", "kind": "AppProject",
			"metadata": map[string]any{"name": "web", "namespace": "argocd", "resourceVersion": "7", "uid": "u"},
			"spec":     map[string]any{"syncWindows": []any{map[string]any{"kind": "deny", "schedule": "0 22 * * *", "duration": "1h", "andOperator": true}}},
		}),
		patched(http.StatusOK, ""), patched(http.StatusConflict, "Conflict"),
		status(http.StatusNotFound, "NotFound", "not found", "none"),
	)
	p, err := c.GetProject(t.Context(), "argocd", "web")
	if err != nil || len(p.Spec.SyncWindows) != 1 || !p.Spec.SyncWindows[0].UseAndOperator {
		t.Fatalf("get: %+v, %v", p, err)
	}
	p.Spec.SyncWindows[0].ManualSync = true
	if err := c.SetWindows(t.Context(), p); err != nil {
		t.Errorf("set: %v", err)
	}
	p.Spec.SyncWindows = v1alpha1.SyncWindows{}
	if err := c.SetWindows(t.Context(), p); fault.KindOf(err) != fault.Conflict || !strings.Contains(err.Error(), "look at its windows again") {
		t.Errorf("lost race: %v", err)
	}
	if _, err := c.GetProject(t.Context(), "argocd", "none"); fault.KindOf(err) != fault.NotFound || !strings.Contains(err.Error(), "project argocd/none") {
		t.Errorf("no project: %v", err)
	}
	const merge = "application/merge-patch+json "
	want := []string{
		merge + `{"metadata":{"resourceVersion":"7","uid":"u"},"spec":{"syncWindows":[{"kind":"deny","schedule":"0 22 * * *","duration":"1h","manualSync":true,"andOperator":true}]}}`,
		merge + `{"metadata":{"resourceVersion":"7","uid":"u"},"spec":{"syncWindows":null}}`,
	}
	if diff := cmp.Diff(want, patches); diff != "" {
		t.Errorf("patches (-want +got):\n%s", diff)
	}
	const path = "/apis/argoproj.io/v1alpha1/namespaces/argocd/appprojects/"
	requests := []string{"GET " + path + "web?", "PATCH " + path + "web?", "PATCH " + path + "web?", "GET " + path + "none?"}
	if diff := cmp.Diff(requests, s.requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}
