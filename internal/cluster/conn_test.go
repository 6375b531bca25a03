package cluster

import (
	"net/http"
	"net/http/httptest"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/resource"
)

// TestRefusalsKeepTheirMessage: what the API server says about a refusal is all
// that the user gets to see of it, and client-go has two ways of reading an answer
// of which one drops it.
func TestRefusalsKeepTheirMessage(t *testing.T) {
	const message = `ConfigMap "settings" is invalid: data[a]: Invalid value`
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnprocessableEntity)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Invalid","code":422,` +
			`"message":"ConfigMap \"settings\" is invalid: data[a]: Invalid value","details":{"causes":[{"field":"data[a]"}]}}`))
	}))
	defer server.Close()
	conn, err := Connect(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	kind := Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: "ConfigMap"}, Resource: "configmaps", Namespaced: true}
	_, err = conn.Apply(t.Context(), kind, resource.Key{Kind: "ConfigMap", Namespace: "shop", Name: "settings"}, []byte("{}"), WriteOptions{})
	if !apierrors.IsInvalid(err) || err.Error() != message || !apierrors.HasStatusCause(err, "") {
		t.Errorf("got %v, want %s with its cause", err, message)
	}
}
