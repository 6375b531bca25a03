package claim_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/diff"
	"evenkeel.dev/internal/resource"
)

// TestDriftHidesSecrets: no value of a Secret and of a sensitive annotation is told,
// whatever the path says; whether two are equal can be seen.
func TestDriftHidesSecrets(t *testing.T) {
	secret := body(t, "apiVersion: v1\nkind: Secret\nmetadata: {name: s}")
	config := body(t, "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}")
	annotations := map[string]any{"example.com/token": "canary", "note": "canary-free", resource.LastApplied: `{"x":"canary"}`}
	for _, c := range []struct {
		why    string
		live   *unstructured.Unstructured
		change diff.Change
		shown  string
	}{
		{"a value", secret, diff.Change{Path: "/data/a", Desired: "canary", Live: "canary2"}, ""},
		{"all values", secret, diff.Change{Path: "/data", Desired: map[string]any{"a": "canary"}}, ""},
		{"plain values", secret, diff.Change{Path: "/stringData/a", Desired: "canary"}, ""},
		{"kubectl's copy", secret, diff.Change{Path: "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", Desired: "canary"}, ""},
		{"all annotations of a Secret", secret, diff.Change{Path: "/metadata/annotations", Desired: annotations}, ""},
		{"a Secret's labels", secret, diff.Change{Path: "/metadata/labels/a", Desired: "shown"}, "shown"},
		{"a sensitive annotation", config, diff.Change{Path: "/metadata/annotations/example.com~1token", Desired: "canary", Live: "canary2"}, ""},
		{"kubectl's copy of it", config, diff.Change{Path: "/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration", Live: "canary"}, ""},
		{"all annotations", config, diff.Change{Path: "/metadata/annotations", Live: annotations}, `"note":"canary-free"`},
		{"another annotation", config, diff.Change{Path: "/metadata/annotations/note", Live: "shown"}, "shown"},
		{"data of a ConfigMap", config, diff.Change{Path: "/data/a", Live: "shown"}, "shown"},
	} {
		x := claimOn(t, "a", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}")
		x.Sensitive = []string{"example.com/token"}
		b, err := json.Marshal(x.Drift([]diff.Change{c.change}, c.live))
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(b), `\"`, `"`)
		if strings.Contains(strings.ReplaceAll(text, "canary-free", ""), "canary") || !strings.Contains(text, c.shown) {
			t.Errorf("%s: %s", c.why, text)
		}
	}
	same := claimOn(t, "a", "apiVersion: v1\nkind: Secret\nmetadata: {name: s}").Drift([]diff.Change{
		{Path: "/data/a", Desired: "x", Live: "x"}, {Path: "/data/b", Desired: "x", Live: "z"},
	}, secret)
	if same[0].Desired != same[0].Live || same[1].Desired == same[1].Live || same[0].Desired != same[1].Desired {
		t.Errorf("equality cannot be seen: %v", same)
	}
}

// TestFate: what becomes of a field that cannot be changed depends on the kind and on
// sync option Force=true.
func TestFate(t *testing.T) {
	for _, c := range []struct {
		why, desired, live string
		force              bool
		want               string
	}{
		{"a Deployment's selector", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {matchLabels: {a: b}}}", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {matchLabels: {a: a}}}", false, cluster.Refused},
		{"with force", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {matchLabels: {a: b}}}", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {selector: {matchLabels: {a: a}}}", true, cluster.Replaced},
		{"a binding's role", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {name: b}", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: x}\nroleRef: {name: a}", false, cluster.Replaced},
		{"a claim, whatever is asked for", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec: {storageClassName: b}", "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: x}\nspec: {storageClassName: a}\nstatus: {phase: Bound}", true, cluster.Refused},
		{"a definition, whatever is asked for", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {scope: Cluster}", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: x}\nspec: {scope: Namespaced}", true, cluster.Refused},
		{"a field that can be changed", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: a}", true, ""},
	} {
		x := claimOn(t, "a", c.desired)
		x.Force = c.force
		v := judgeBy(0, x).Verdict(body(t, c.live), nil)
		if len(v.Drift) != 1 {
			t.Fatalf("%s: %v", c.why, v.Drift)
		}
		if d := cmp.Diff(c.want, v.Drift[0].Immutable); d != "" {
			t.Errorf("%s (-want +got)\n%s", c.why, d)
		}
	}
}
