package kube

import (
	"net/http"
	"strings"
	"testing"

	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/once"
)

// TestHooks: no ledger is an empty one, and what cannot be read is an error.
func TestHooks(t *testing.T) {
	key := strings.Repeat("a", 64)
	text, err := once.Encode(once.Ledger{Entries: []once.Entry{{Task: "shop/migrate", Key: key, Outcome: once.Succeeded}}})
	if err != nil {
		t.Fatal(err)
	}
	configMap := func(of, text string) map[string]any {
		return map[string]any{
			"apiVersion": "v1", "kind": "ConfigMap", "data": map[string]string{"ledger": text},
			"metadata": map[string]any{
				"name": "evenkeel-ledger-shop", "labels": map[string]string{"app.kubernetes.io/managed-by": "evenkeel"},
				"annotations": map[string]string{"evenkeel.dev/ledger-of": of},
			},
		}
	}
	c, s := serve(t, answer(configMap("shop", text)), status(http.StatusNotFound, "NotFound", "no such", "evenkeel-ledger-shop"),
		answer(configMap("shop", "{")), answer(configMap("other", text)), status(http.StatusForbidden, "Forbidden", "not yours", "x"))
	l, err := c.Hooks(t.Context(), "argocd", "shop")
	if _, ok := l.Find("shop/migrate", key); err != nil || !ok {
		t.Fatalf("%+v, %v", l, err)
	}
	if s.requests[0] != "GET /api/v1/namespaces/argocd/configmaps/evenkeel-ledger-shop?" {
		t.Error(s.requests[0])
	}
	if l, err := c.Hooks(t.Context(), "argocd", "shop"); err != nil || len(l.Entries) != 0 {
		t.Errorf("%+v, %v", l, err)
	}
	for _, want := range []fault.Kind{fault.Invalid, fault.Invalid, fault.Denied} {
		_, err := c.Hooks(t.Context(), "argocd", "shop")
		if err == nil || fault.KindOf(err) != want || !strings.Contains(err.Error(), "application argocd/shop") {
			t.Errorf("got %v, want one that is %s", err, want)
		}
	}
}
