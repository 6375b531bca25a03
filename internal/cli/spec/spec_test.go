package spec_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/spec"
)

// applied is the spec that args make of an Application with the given source.
func applied(t *testing.T, source v1alpha1.ApplicationSource, args ...string) (v1alpha1.ApplicationSpec, error) {
	t.Helper()
	var o spec.Options
	cmd := &cobra.Command{}
	o.Flags(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		t.Fatal(err)
	}
	app := &v1alpha1.Application{Spec: v1alpha1.ApplicationSpec{Source: &source}}
	err := o.Apply(cmd, app)
	return app.Spec, err
}

func TestOptionsChangeWhatIsThere(t *testing.T) {
	for _, tc := range []struct {
		reason string
		source v1alpha1.ApplicationSource
		args   []string
		want   v1alpha1.ApplicationSource
	}{
		{"nothing given, nothing changed", v1alpha1.ApplicationSource{RepoURL: "r"}, nil, v1alpha1.ApplicationSource{RepoURL: "r"}},
		{"a word replaces", v1alpha1.ApplicationSource{RepoURL: "r", Path: "p"}, []string{"--path", "q"}, v1alpha1.ApplicationSource{RepoURL: "r", Path: "q"}},
		{"an empty word empties", v1alpha1.ApplicationSource{RepoURL: "r", Path: "p"}, []string{"--path="}, v1alpha1.ApplicationSource{RepoURL: "r"}},
		{
			"a parameter of the same name is replaced",
			v1alpha1.ApplicationSource{Helm: &v1alpha1.ApplicationSourceHelm{Parameters: []v1alpha1.HelmParameter{{Name: "a", Value: "1"}, {Name: "b", Value: "2"}}}},
			[]string{"--helm-set", "a=3", "--helm-set-string", "c=4"},
			v1alpha1.ApplicationSource{Helm: &v1alpha1.ApplicationSourceHelm{Parameters: []v1alpha1.HelmParameter{{Name: "a", Value: "3"}, {Name: "b", Value: "2"}, {Name: "c", Value: "4", ForceString: true}}}},
		},
		{
			"a section in which nothing is left goes",
			v1alpha1.ApplicationSource{Directory: &v1alpha1.ApplicationSourceDirectory{Recurse: true}},
			[]string{"--directory-recurse=false"},
			v1alpha1.ApplicationSource{},
		},
		{
			"an image of the same name is replaced",
			v1alpha1.ApplicationSource{Kustomize: &v1alpha1.ApplicationSourceKustomize{Images: []v1alpha1.KustomizeImage{"host:5000/a@sha256:1", "b:1"}}},
			[]string{"--kustomize-image", "host:5000/a:2"},
			v1alpha1.ApplicationSource{Kustomize: &v1alpha1.ApplicationSourceKustomize{Images: []v1alpha1.KustomizeImage{"host:5000/a:2", "b:1"}}},
		},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			got, err := applied(t, tc.source, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&tc.want, got.Source); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSyncPolicy(t *testing.T) {
	for _, tc := range []struct {
		reason string
		args   []string
		want   *v1alpha1.SyncPolicy
	}{
		{"manual is no policy", []string{"--sync-policy", "none"}, nil},
		{"automated", []string{"--sync-policy", "automatic"}, &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{}}},
		{"prune alone does not turn it on", []string{"--auto-prune"}, &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: true, Enabled: new(false)}}},
		{"the order on the line does not matter", []string{"--auto-prune", "--sync-policy", "auto"}, &v1alpha1.SyncPolicy{Automated: &v1alpha1.SyncPolicyAutomated{Prune: true}}},
		{"options are added once and removed", []string{"--sync-option", "A=1", "--sync-option", "A=1", "--sync-option", "B=1", "--sync-option", "!B=1"}, &v1alpha1.SyncPolicy{SyncOptions: []string{"A=1"}}},
		{"no retries", []string{"--sync-retry-limit", "0"}, nil},
	} {
		t.Run(tc.reason, func(t *testing.T) {
			got, err := applied(t, v1alpha1.ApplicationSource{}, tc.args...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got.SyncPolicy); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {destination: {}, project: x}\n---\n# nothing\n"))
	f.Add([]byte("{"))
	f.Fuzz(func(t *testing.T, data []byte) {
		apps, err := spec.Parse("f", data)
		if err == nil && len(apps) == 0 {
			t.Fatal("neither applications nor an error")
		}
		if err == nil {
			_ = spec.Check(apps)
		}
	})
}
