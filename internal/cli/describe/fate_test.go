package describe_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/view"
)

func TestFates(t *testing.T) {
	got := describe.Fates([]view.Drift{
		{Path: "/spec/replicas", Advice: "leave it"}, {Path: "/spec/paused"}, {Path: "/spec/selector", Immutable: "refused"}, {Path: "/roleRef/name", Immutable: "replaced"},
	})
	want := []string{"/spec/replicas: leave it", "/spec/selector: cannot be changed; the API server will refuse it", "/roleRef/name: cannot be changed; the object will be replaced"}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
