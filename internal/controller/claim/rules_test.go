package claim_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/settings"
)

func TestRules(t *testing.T) {
	widget := body(t, `{apiVersion: example.com/v1, kind: Widget, metadata: {name: a}, status: {phase: Broken}}`)
	rules := &claim.Rules{Now: at(60)}
	judge := claim.Judge{Claims: claim.NewSet(), Rules: rules.Current, Now: at(60)}
	snapshot := func(list ...settings.Customization) settings.Snapshot { return settings.Snapshot{Customizations: list} }
	lua := func(script string) settings.Customization {
		return settings.Customization{Group: "example.com", Kind: "Widget", Health: script, HealthKey: "resource.customizations.health.example.com_Widget"}
	}
	cel := func(expression string) settings.Customization {
		return settings.Customization{Group: "example.com", Kind: "*", HealthCEL: expression, HealthCELKey: "evenkeel.health.example.com_*"}
	}
	for _, step := range []struct {
		reason   string
		settings settings.Snapshot
		health   v1alpha1.HealthStatusCode
		message  string
		problems []settings.Problem
		same     bool
	}{
		{reason: "without settings there is no rule", same: true},
		{reason: "a script", settings: snapshot(lua(`return {status = "Degraded", message = obj.status.phase}`)), health: "Degraded", message: "Broken"},
		{
			reason: "other settings change nothing", same: true, health: "Degraded", message: "Broken",
			settings: snapshot(lua(`return {status = "Degraded", message = obj.status.phase}`), settings.Customization{Group: "x", Kind: "Y", Actions: "x"}),
		},
		{reason: "the clock is the one that was handed in", settings: snapshot(lua(`return {status = "Healthy", message = os.date("%X")}`)), health: "Healthy", message: "00:01:00"},
		{
			reason: "what is broken is told by the key that it stands in", settings: snapshot(lua("if"), cel("nothing")), health: "Unknown",
			message: "the health rule of example.com/Widget failed: the script cannot be parsed: syntax error at its end",
			problems: []settings.Problem{
				{Object: "argocd-cm", Key: "resource.customizations.health.example.com_Widget", Reason: "the script cannot be parsed: syntax error at its end; what it is for has Unknown health"},
				{Object: "argocd-cm", Key: "evenkeel.health.example.com_*", Reason: "the expression cannot be compiled: line 1, column 1: undeclared reference to 'nothing' (in container ''); what it is for has Unknown health"},
			},
		},
		{reason: "an expression for all kinds of a group", settings: snapshot(cel(`self.status.phase == "Broken" ? "Suspended" : "Healthy"`)), health: "Suspended"},
		{reason: "and none any more"},
	} {
		before := rules.Current()
		problems := rules.Adopt(step.settings)
		if len(problems) == 0 {
			problems = nil
		}
		if diff := cmp.Diff(step.problems, problems); diff != "" {
			t.Errorf("%s: problems (-want +got):\n%s", step.reason, diff)
		}
		if same := before == rules.Current(); same != step.same {
			t.Errorf("%s: compiled anew: %t", step.reason, !same)
		}
		got := judge.Verdict(widget, nil)
		if diff := cmp.Diff([2]string{string(step.health), step.message}, [2]string{string(got.Health), got.Message}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.reason, diff)
		}
	}
	if got := (&claim.Rules{}).Current(); got != nil {
		t.Errorf("rules of nothing: %v", got)
	}
}
