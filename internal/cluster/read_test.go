package cluster_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"

	"evenkeel.dev/internal/cluster"
)

var pods = cluster.Kind{GVK: schema.GroupVersionKind{Version: "v1", Kind: "Pod"}, Resource: "pods", Namespaced: true}

// serve connects to a server that answers everything with code and body, and notes
// what it was asked.
func serve(t *testing.T, code int, body string) (conn *cluster.Conn, asked *[]string) {
	t.Helper()
	asked = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*asked = append(*asked, r.URL.RequestURI())
		if strings.HasPrefix(body, "{") {
			w.Header().Set("Content-Type", "application/json")
		}
		w.WriteHeader(code)
		fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	conn, err := cluster.Connect(&rest.Config{Host: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return conn, asked
}

const refusal = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Forbidden","code":403,"message":"not yours","details":{"name":"x","kind":"pods"}}`

func TestList(t *testing.T) {
	conn, asked := serve(t, http.StatusOK, `{"kind":"PodList","apiVersion":"v1","metadata":{},"items":[{"metadata":{"name":"a","generation":7}},{"metadata":{"name":"b"}}]}`)
	got, err := conn.List(t.Context(), pods, "shop", "a=b,c in (d)")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, o := range got {
		names = append(names, o.GetAPIVersion()+" "+o.GetKind()+" "+o.GetName())
	}
	if d := cmp.Diff([]string{"v1 Pod a", "v1 Pod b"}, names); d != "" || got[0].GetGeneration() != 7 {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"/api/v1/namespaces/shop/pods?labelSelector=a%3Db%2Cc+in+%28d%29&limit=500"}, *asked); d != "" {
		t.Error(d)
	}
}

func TestListRefused(t *testing.T) {
	conn, _ := serve(t, http.StatusForbidden, refusal)
	if _, err := conn.List(t.Context(), pods, "shop", ""); !apierrors.IsForbidden(err) || err.Error() != "not yours" {
		t.Errorf("got %v", err)
	}
	conn, _ = serve(t, http.StatusOK, `{"items":[7]}`)
	if _, err := conn.List(t.Context(), pods, "shop", ""); err == nil {
		t.Error("a number was taken for an object")
	}
}

func TestLogs(t *testing.T) {
	conn, asked := serve(t, http.StatusOK, "one\ntwo\nthree\n")
	for _, c := range []struct {
		reason string
		o      cluster.LogOptions
		want   string
	}{
		{"all of a Pod with one container", cluster.LogOptions{}, "one\ntwo\nthree\n"},
		{"the server may send more than was asked for", cluster.LogOptions{Container: "c", Lines: 2, Bytes: 5}, "one\nt"},
	} {
		got, err := conn.Logs(t.Context(), "shop", "p/../q", c.o)
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %q, %v", c.reason, got, err)
		}
	}
	if d := cmp.Diff([]string{
		"/api/v1/namespaces/shop/pods/p%252F..%252Fq/log?limitBytes=1048576",
		"/api/v1/namespaces/shop/pods/p%252F..%252Fq/log?container=c&limitBytes=5&tailLines=2",
	}, *asked); d != "" {
		t.Error(d)
	}
	conn, _ = serve(t, http.StatusForbidden, refusal)
	if _, err := conn.Logs(t.Context(), "shop", "p", cluster.LogOptions{}); !apierrors.IsForbidden(err) {
		t.Errorf("got %v", err)
	}
}
