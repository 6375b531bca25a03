package server_test

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/view"
)

type trees struct{}

func (trees) Tree(_, name string) []view.Node {
	if name != "shop" {
		return nil
	}
	return []view.Node{
		{
			ID: "apps/Deployment/prod/web", UID: "u1", Group: "apps", Version: "v1", Kind: "Deployment", Namespace: "prod", Name: "web", Managed: true, Health: "Degraded",
			Message: "no image", Images: []string{"nginx:1"}, Info: []view.Info{{Name: "Revision", Value: "Rev:2"}}, CreatedAt: "2026-11-23T08:00:00Z",
		},
		{ID: "apps/ReplicaSet/prod/web-1", UID: "u2", Parent: "apps/Deployment/prod/web", Group: "apps", Version: "v1", Kind: "ReplicaSet", Namespace: "prod", Name: "web-1"},
		{
			ID: "/Service/prod/web", UID: "u3", Version: "v1", Kind: "Service", Namespace: "prod", Name: "web", Managed: true, ResourceVersion: "7", Parents: []string{"apps/Deployment/prod/web", "example.com/Site/prod/far"},
			Network: &view.Network{TargetLabels: map[string]string{"app": "web"}, TargetRefs: []view.Target{{Kind: "Pod", Name: "a"}}, Ingress: []view.Address{{IP: "192.0.2.1"}}, ExternalURLs: []string{"https://shop.example.com"}},
		},
		{ID: "/ConfigMap/prod/left", UID: "u4", Version: "v1", Kind: "ConfigMap", Namespace: "prod", Name: "left", Orphaned: true},
	}
}

func threeApps() *cluster {
	till := newApp("argocd", "till", "web", nil)
	till.Status.Sync.Status = v1alpha1.SyncStatusOutOfSync
	till.Operation = &v1alpha1.Operation{Sync: &v1alpha1.SyncOperation{Revision: "old"}}
	return newCluster(newApp("argocd", "shop", "", map[string]string{"team": "red"}), till, newApp("team-a", "shop", "windowed", nil))
}

func TestREST(t *testing.T) {
	var cases []struct {
		Name, Request, Body string
		Headers             map[string]string
		Status              int
		Want, Exactly       any
		Says, Never         string
		Commands            []string
	}
	data, err := os.ReadFile("testdata/rest.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			cl := threeApps()
			addr := start(t, cl)
			method, path, _ := strings.Cut(c.Request, " ")
			var headers []string
			for k, v := range c.Headers {
				headers = append(headers, k, v)
			}
			status, _, body := call(t, method, "http://"+addr+path, c.Body, headers...)
			if c.Status == 0 {
				c.Status = 200
			}
			if status != c.Status || !strings.Contains(unquote(body), c.Says) || c.Never != "" && strings.Contains(body, c.Never) {
				t.Errorf("got %d %s\nwant %d, saying %q and never %q", status, body, c.Status, c.Says, c.Never)
			}
			var got any
			if method != "HEAD" {
				if err := json.Unmarshal([]byte(body), &got); err != nil {
					t.Fatalf("%v: %s", err, body)
				}
			}
			if missing := lacks(got, c.Want, "answer"); missing != "" {
				t.Errorf("%s\nin %s", missing, body)
			}
			if c.Exactly != nil {
				if d := cmp.Diff(c.Exactly, got); d != "" {
					t.Errorf("answer (-want +got):\n%s", d)
				}
			}
			if d := cmp.Diff(c.Commands, cl.done()); d != "" {
				t.Errorf("commands (-want +got):\n%s", d)
			}
		})
	}
}

// lacks says what of want is not in got: maps may hold more, lists may not.
func lacks(got, want any, path string) string {
	switch want := want.(type) {
	case nil:
		return ""
	case map[string]any:
		m, ok := got.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s is %v, want an object", path, got)
		}
		for k, v := range want {
			if missing := lacks(m[k], v, path+"."+k); missing != "" {
				return missing
			}
		}
		return ""
	case []any:
		l, ok := got.([]any)
		if !ok || len(l) != len(want) {
			return fmt.Sprintf("%s is %v, want %d items", path, got, len(want))
		}
		for i := range want {
			if missing := lacks(l[i], want[i], fmt.Sprintf("%s[%d]", path, i)); missing != "" {
				return missing
			}
		}
		return ""
	}
	if d := cmp.Diff(want, got); d != "" {
		return fmt.Sprintf("%s is %v, want %v", path, got, want)
	}
	return ""
}

// What is not there is said to be so: nil parts are 501, not empty.
func TestPartsThatAreMissing(t *testing.T) {
	addr := start(t, threeApps(), withoutParts)
	for _, path := range []string{
		"/api/v1/projects", "/api/v1/projects/default", "/api/v1/applications/shop/manifests", "/api/v1/applications/shop/problems", "/api/v1/applications/shop/managed-resources",
		"/api/ui/v1/applications/argocd/shop/diff", "/api/v1/applications/shop/syncwindows", "/api/v1/projects/default/syncwindows",
		"/api/v1/applications/shop/plan", "/api/v1/applications/shop/events", "/api/ui/v1/applications/argocd/shop/cause",
		"/api/v1/applications/shop/resource/actions?kind=Service&resourceName=web",
	} {
		if status, _, body := call(t, "GET", "http://"+addr+path, ""); status != 501 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	if status, _, body := call(t, "GET", "http://"+addr+"/", ""); status != 503 || body != "The web UI is not in this build: run `make ui build`.\n" {
		t.Errorf("no UI: %d %s", status, body)
	}
}

// A sync that a window blocks is not asked for.
func TestSyncWindowBlocks(t *testing.T) {
	cl := threeApps()
	addr := start(t, cl)
	cl.projects["windowed"].Spec.SyncWindows[0].ManualSync = false
	status, _, body := call(t, "POST", "http://"+addr+"/api/v1/applications/shop/sync?appNamespace=team-a", "{}")
	const says = `cannot sync: blocked by sync window: deny window "0 11 * * *" for 2h (UTC) is active until 2026-11-23T13:00:00Z`
	if status != 403 || !strings.Contains(unquote(body), says) || len(cl.done()) > 0 {
		t.Errorf("%d %s, commands %q", status, body, cl.done())
	}
	_, _, body = call(t, "GET", "http://"+addr+"/api/v1/applications/shop/syncwindows?appNamespace=team-a", "")
	if !strings.Contains(body, `"canSync":false`) {
		t.Errorf("windows: %s", body)
	}
}

// No handler may change what it got from the cache.
func TestCacheIsLeftAlone(t *testing.T) {
	cl := threeApps()
	addr := start(t, cl)
	before := cl.apps["argocd/shop"].DeepCopy()
	for _, path := range []string{"/api/v1/applications", "/api/v1/applications/shop", "/api/v1/applications?fields=-items.metadata", "/api/v1/applications/shop/resource-tree"} {
		call(t, "GET", "http://"+addr+path, "")
	}
	if d := cmp.Diff(before, cl.apps["argocd/shop"]); d != "" {
		t.Errorf("changed:\n%s", d)
	}
	if !slices.Equal(cl.done(), nil) {
		t.Error(cl.done())
	}
}
