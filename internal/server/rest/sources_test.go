package rest

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"evenkeel.dev/api/v1alpha1"
)

// TestOperationOfSources: a request names revisions by position, an operation has one
// for each source in their order.
func TestOperationOfSources(t *testing.T) {
	one := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Source: &v1alpha1.ApplicationSource{RepoURL: "a"}}}
	two := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Sources: []v1alpha1.ApplicationSource{{RepoURL: "a"}, {RepoURL: "b"}}}}
	one.Name, two.Name = "one", "two"
	for _, c := range []struct {
		why, body string
		app       *v1alpha1.Application
		revision  string
		revisions []string
		problem   string
	}{
		{why: "none of several", body: `{}`, app: two},
		{why: "one of several", body: `{"revisions":["v1"],"sourcePositions":[2]}`, app: two, revisions: []string{"", "v1"}},
		{why: "both, in any order", body: `{"revisions":["v1","v2"],"sourcePositions":[2,1]}`, app: two, revisions: []string{"v2", "v1"}},
		{why: "one", body: `{"revision":"v1"}`, app: one, revision: "v1"},
		{why: "positions count from 1", body: `{"revisions":["v1"],"sourcePositions":[0]}`, app: two, problem: "source position 0 is out of range"},
		{why: "no such position", body: `{"revisions":["v1"],"sourcePositions":[3]}`, app: two, problem: "source position 3 is out of range"},
		{why: "for which?", body: `{"revisions":["v1"]}`, app: two, problem: "1 revisions for 0 sourcePositions"},
		{why: "one for several", body: `{"revision":"v1"}`, app: two, problem: "has a list of 2 sources"},
		{why: "several for one", body: `{"revisions":["v1"],"sourcePositions":[1]}`, app: one, problem: "has one source"},
	} {
		var req syncRequest
		if err := json.Unmarshal([]byte(c.body), &req); err != nil {
			t.Fatal(err)
		}
		op, err := req.operation(c.app)
		if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
			t.Errorf("%s: got the problem %v, want %q", c.why, err, c.problem)
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(c.revisions, op.Sync.Revisions); diff != "" || op.Sync.Revision != c.revision {
			t.Errorf("%s: revision %q, revisions (-want +got)\n%s", c.why, op.Sync.Revision, diff)
		}
	}
}
