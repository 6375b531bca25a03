package cluster

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"

	"evenkeel.dev/internal/cluster/wire"
	"evenkeel.dev/internal/resource"
)

func TestRecord(t *testing.T) {
	key := resource.Key{Group: "apps", Kind: "Deployment", Namespace: "prod", Name: "web"}
	tests := map[string]struct {
		reason, meta string
		want         Record
	}{
		"bare": {"", `{"uid":"u","resourceVersion":"5","creationTimestamp":"1970-01-01T00:01:00Z"}`, Record{UID: "u", ResourceVersion: "5", Created: 60}},
		"going": {
			"with owners", `{"uid":"u","resourceVersion":"5","creationTimestamp":"1970-01-01T00:01:00Z","deletionTimestamp":"2026-01-01T00:00:00Z","ownerReferences":[{"uid":"a","name":"x"},{"uid":"b"}]}`,
			Record{UID: "u", ResourceVersion: "5", Created: 60, Deleting: true, Owners: []types.UID{"a", "b"}},
		},
		"tracked": {
			"only then annotations count",
			`{"uid":"u","creationTimestamp":"1970-01-01T00:00:00Z","annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:prod/web","argocd.argoproj.io/sync-wave":"-2",
			  "argocd.argoproj.io/sync-options":"Prune=false","argocd.argoproj.io/compare-options":"IgnoreExtraneous","helm.sh/resource-policy":"keep","argocd.argoproj.io/ignore-healthcheck":"true"}}`,
			Record{UID: "u", App: "shop", Hints: Hints{Wave: -2, SyncOptions: "Prune=false", CompareOptions: "IgnoreExtraneous", HelmKeep: true, IgnoreHealth: true}},
		},
		"a copy": {
			"an id that was written for another object makes no claim, and its options do not count",
			`{"uid":"u","creationTimestamp":"1970-01-01T00:00:00Z","annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:prod/other","argocd.argoproj.io/sync-options":"Prune=false"}}`,
			Record{UID: "u"},
		},
		"nonsense": {"", `{"uid":"u","creationTimestamp":"1970-01-01T00:00:00Z","annotations":{"argocd.argoproj.io/tracking-id":":::"}}`, Record{UID: "u"}},
		"a hook": {
			"", `{"uid":"u","creationTimestamp":"1970-01-01T00:00:00Z","finalizers":["argocd.argoproj.io/hook-finalizer"],"annotations":{"argocd.argoproj.io/tracking-id":"shop:apps/Deployment:prod/web","argocd.argoproj.io/hook":"PostDelete"}}`,
			Record{UID: "u", App: "shop", Hints: Hints{Hook: true, DeletionHook: true, HookFinalizer: true}},
		},
	}
	for name, tt := range tests {
		m, err := wire.DecodeMeta([]byte(`{"metadata":` + tt.meta + `}`))
		if err != nil {
			t.Fatal(err)
		}
		tt.want.Key = key
		if diff := cmp.Diff(tt.want, *newIndex(Options{}).record(key, m)); diff != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, tt.reason, diff)
		}
		// The same from a whole object.
		obj, err := decode([]byte(`{"apiVersion":"apps/v1","kind":"Deployment","metadata":` + tt.meta + `}`))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tt.want, *newIndex(Options{}).record(key, wire.MetaOf(obj))); diff != "" {
			t.Errorf("%s: from a body: %s (-want +got):\n%s", name, tt.reason, diff)
		}
	}
}

func TestNewer(t *testing.T) {
	for _, tt := range []struct {
		a, b         string
		newer, known bool
	}{
		{"10", "9", true, true},
		{"9", "10", false, true},
		{"9", "9", false, true},
		{"18446744073709551615", "9", true, true},
		{"", "9", false, false},
		{"x", "9", false, false},
		{"-1", "0", false, false},
	} {
		n, known := newer(tt.a, tt.b)
		if known != tt.known || known && n != tt.newer {
			t.Errorf("%+v: got %v, %v", tt, n, known)
		}
	}
}
