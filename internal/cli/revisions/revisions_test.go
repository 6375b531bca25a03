package revisions_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/revisions"
)

func TestOf(t *testing.T) {
	list := []v1alpha1.ApplicationSource{{RepoURL: "a", Name: "chart"}, {RepoURL: "b", Ref: "values", Name: "values"}, {RepoURL: "c"}}
	for _, c := range []struct {
		why, args string
		several   bool
		want      []string
		problem   string
	}{
		{why: "none", several: true},
		{why: "one source", args: "--revision v1", want: []string{"v1"}},
		{why: "by position", args: "--revisions v1 --source-positions 3", several: true, want: []string{"", "", "v1"}},
		{why: "several by position", args: "--revisions v1 --source-positions 2 --revisions v2 --source-positions 1", several: true, want: []string{"v2", "v1", ""}},
		{why: "a list of positions", args: "--revisions v1 --revisions v2 --source-positions 2,3", several: true, want: []string{"", "v1", "v2"}},
		{why: "by name", args: "--revisions v1 --source-names values --revisions v2 --source-names chart", several: true, want: []string{"v2", "v1", ""}},
		{why: "one for several", args: "--revision v1", several: true, problem: "which has a list of 3 sources: use --revisions"},
		{why: "several for one", args: "--revisions v1 --source-positions 1", problem: "which has one source: use --revision"},
		{why: "no such position", args: "--revisions v1 --source-positions 4", several: true, problem: "--source-positions 4: application argocd/shop has 3 sources, counted from 1"},
		{why: "positions count from 1", args: "--revisions v1 --source-positions 0", several: true, problem: "--source-positions 0"},
		{why: "no such name", args: "--revisions v1 --source-names nope", several: true, problem: `no source named "nope"`},
		{why: "an empty name is that of none", args: "--revisions v1 --source-names=", several: true, problem: `no source named ""`},
		{why: "one source twice", args: "--revisions v1 --source-positions 1 --revisions v2 --source-positions 1", several: true, problem: "source 1 of application argocd/shop is given two"},
		{why: "for which source?", args: "--revisions v1", several: true, problem: "1 --revisions for 0 sources"},
		{why: "at which revision?", args: "--source-names chart", several: true, problem: "0 --revisions for 1 sources"},
		{why: "by both", args: "--revisions v1 --source-positions 1 --source-names chart", several: true, problem: "exclude each other"},
		{why: "both flags", args: "--revision v1 --revisions v1 --source-positions 1", several: true, problem: "give one of them"},
	} {
		t.Run(c.why, func(t *testing.T) {
			var f revisions.Flags
			set := pflag.NewFlagSet("", pflag.ContinueOnError)
			f.Add(set, "")
			if err := set.Parse(strings.Fields(c.args)); err != nil {
				t.Fatal(err)
			}
			app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Source: &v1alpha1.ApplicationSource{RepoURL: "a"}}}
			app.Namespace, app.Name = "argocd", "shop"
			if c.several {
				app.Spec.Sources = list
			}
			got, err := f.Of(app)
			if (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Fatalf("got the problem %v, want %q", err, c.problem)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if err != nil {
				return
			}
			var sync v1alpha1.SyncOperation
			if err := f.Into(app, &sync); err != nil || f.Given() != (c.want != nil) {
				t.Errorf("%v, given %t", err, f.Given())
			}
			want := v1alpha1.SyncOperation{Revisions: c.want}
			if !c.several && c.want != nil {
				want = v1alpha1.SyncOperation{Revision: c.want[0]}
			}
			if diff := cmp.Diff(want, sync); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			again := pflag.NewFlagSet("", pflag.ContinueOnError)
			var g revisions.Flags
			g.Add(again, "")
			if err := again.Parse(f.Words()); err != nil {
				t.Fatal(err)
			}
			if got, err := g.Of(app); err != nil || !cmp.Equal(got, c.want) {
				t.Errorf("%q means %q, %v", f.Words(), got, err)
			}
		})
	}
}
