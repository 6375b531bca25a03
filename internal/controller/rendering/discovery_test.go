package rendering

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/cluster"
)

// widgets is the discovery of an API server that serves one kind.
type widgets struct{}

func (widgets) RoundTrip(r *http.Request) (*http.Response, error) {
	body := `{"items":[]}`
	if r.URL.Path == "/apis" {
		body = `{"items":[{"metadata":{"name":"example.com"},"versions":[{"version":"v1","resources":[{"resource":"widgets","scope":"Namespaced",
			"responseKind":{"group":"example.com","version":"v1","kind":"Widget"},"verbs":["list","watch"]}]}]}]}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func discovered(t *testing.T) *cluster.Kinds {
	t.Helper()
	conn, err := cluster.Connect(&rest.Config{Host: "http://model", Transport: widgets{}})
	if err != nil {
		t.Fatal(err)
	}
	kinds, err := conn.Discover(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}
