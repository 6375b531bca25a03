package claim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
)

// TestWants: a body that is not wanted is one of which nothing would be said.
func TestWants(t *testing.T) {
	rules := &claim.Rules{Now: at(0)}
	if problems := rules.Adopt(settings.Snapshot{Customizations: []settings.Customization{{Kind: "Secret", Health: `return {status = "Healthy"}`}}}); len(problems) > 0 {
		t.Fatal(problems)
	}
	const (
		configMap = `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x}, data: {a: b}}`
		linked    = `{apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: x, annotations: {link.argocd.argoproj.io/a: "https://example.com"}}}`
		secret    = `{apiVersion: v1, kind: Secret, metadata: {name: a, namespace: x}, data: {a: Yg==}}`
	)
	for _, tt := range []struct {
		reason, body string
		judge        *claim.Judge
		want         bool
	}{
		{"nobody's", configMap, judgeBy(0), false},
		{"nobody's", secret, judgeBy(0), false},
		{"nobody's", `{apiVersion: v1, kind: ServiceAccount, metadata: {name: a, namespace: x}, imagePullSecrets: [{name: a}]}`, judgeBy(0), false},
		{"nobody's", `{apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRole, metadata: {name: a}, rules: [{verbs: [get]}]}`, judgeBy(0), false},
		{"an Application has it", configMap, judgeBy(0, claimOn(t, "app", configMap)), true},
		{"it links to a page", linked, judgeBy(0), true},
		{"a rule of the settings", secret, &claim.Judge{Claims: claim.NewSet(), Rules: rules.Current, Now: at(0)}, true},
		{"it has a rule", `{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: x}}`, judgeBy(0), true},
		{"its kind may have images", `{apiVersion: example.com/v1, kind: Runner, metadata: {name: a, namespace: x}, spec: {template: {spec: {containers: [{image: a}]}}}}`, judgeBy(0), true},
	} {
		obj := body(t, tt.body)
		if got := tt.judge.Wants(resource.KeyOf(obj), obj.GetAnnotations()); got != tt.want {
			t.Errorf("%s: %s: wanted: %t", tt.reason, tt.body, got)
		}
		if nothing := cmp.Equal(tt.judge.Verdict(obj, nil), cluster.Verdict{}); nothing == tt.want {
			t.Errorf("%s: %s: nothing is said of it: %t", tt.reason, tt.body, nothing)
		}
	}
}
