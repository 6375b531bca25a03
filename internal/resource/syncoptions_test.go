package resource

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadSyncOptions(t *testing.T) {
	tests := map[string]struct {
		reason string
		lists  []string
		want   SyncOptions
	}{
		"none":   {"the zero value is Argo CD's defaults", nil, SyncOptions{}},
		"blanks": {"empty words are no words", []string{"", " , ,", "\n"}, SyncOptions{}},
		"all on": {
			"every word of an Application's list",
			[]string{
				"Prune=false", "Delete=confirm", "Validate=false", "SkipDryRunOnMissingResource=true", "ApplyOutOfSyncOnly=true",
				"PrunePropagationPolicy=background", "PruneLast=true", "Replace=true", "ServerSideApply=true", "ClientSideApplyMigration=false",
				"FailOnSharedResource=true", "RespectIgnoreDifferences=true", "CreateNamespace=true", "WaitForHealthy=true",
			},
			SyncOptions{
				Prune: Denied, Delete: Confirm, NoValidate: true, SkipDryRunOnMissingResource: true, ApplyOutOfSyncOnly: true,
				Propagation: "Background", PruneLast: true, Replace: true, NoClientSideApplyMigration: true,
				FailOnSharedResource: true, RespectIgnoreDifferences: true, CreateNamespace: true, WaitForHealthy: true,
			},
		},
		"all defaults": {
			"words that say what happens anyway",
			[]string{
				"Prune=true,Delete=true,Validate=true,SkipDryRunOnMissingResource=false,ApplyOutOfSyncOnly=false,PruneLast=false,Replace=false",
				"ServerSideApply=false,ClientSideApplyMigration=true,FailOnSharedResource=false,RespectIgnoreDifferences=false,CreateNamespace=false,WaitForHealthy=false",
			},
			SyncOptions{},
		},
		"later wins":    {"an operation's list changes its Application's", []string{"Prune=false, Replace=true", "Prune=true", "Replace=false"}, SyncOptions{}},
		"foreground":    {"the default, said after another", []string{"PrunePropagationPolicy=orphan", "PrunePropagationPolicy=foreground"}, SyncOptions{Propagation: "Foreground"}},
		"orphan":        {"", []string{"PrunePropagationPolicy=orphan"}, SyncOptions{Propagation: "Orphan"}},
		"unknown value": {"a word that is not understood changes nothing", []string{"Replace=true,Replace=yes,PrunePropagationPolicy=later,ServerSideApply=x"}, SyncOptions{Replace: true}},
		"case":          {"words are case-sensitive, as in Argo CD", []string{"replace=true", "Replace=True"}, SyncOptions{}},
		"doubt":         {"whoever writes Prune=False does not want it pruned", []string{"Prune=False", "Delete=no"}, SyncOptions{Prune: Denied, Delete: Denied}},
		"bare":          {"a word without a value is none", []string{"Prune,Delete,Replace"}, SyncOptions{}},
		"force":         {"an Application's list has no Force (gitops-engine reads the object and the operation's strategy)", []string{"Force=true"}, SyncOptions{}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, ReadSyncOptions(tt.lists...)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
		})
	}
}

func TestOverride(t *testing.T) {
	tests := map[string]struct {
		reason     string
		app        SyncOptions
		annotation string
		want       SyncOptions
	}{
		"nothing": {"no annotation, the Application's", SyncOptions{Prune: Confirm, Replace: true}, "", SyncOptions{Prune: Confirm, Replace: true}},
		"object":  {"", SyncOptions{}, "Prune=confirm, Delete=false,Force=true,Replace=true,PruneLast=true,Validate=false,SkipDryRunOnMissingResource=true,ServerSideApply=false", SyncOptions{Prune: Confirm, Delete: Denied, Force: true, Replace: true, PruneLast: true, NoValidate: true, SkipDryRunOnMissingResource: true}},
		"allowed": {"Prune=true at the object wins (docs: the resource always overrides)", SyncOptions{Prune: Denied, Delete: Confirm}, "Prune=true,Delete=true", SyncOptions{}},
		"off":     {"the object keeps itself out", SyncOptions{Replace: true, Force: true, PruneLast: true, NoValidate: true}, "Replace=false,Force=false,PruneLast=false,Validate=true", SyncOptions{}},
		"not its scope": {
			"words of an Application have no effect in an object",
			SyncOptions{CreateNamespace: true},
			"ApplyOutOfSyncOnly=true,PrunePropagationPolicy=orphan,ClientSideApplyMigration=false,FailOnSharedResource=true,RespectIgnoreDifferences=true,CreateNamespace=false,WaitForHealthy=true",
			SyncOptions{CreateNamespace: true},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := tt.app
			if diff := cmp.Diff(tt.want, tt.app.Override(tt.annotation)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
			if tt.app != before {
				t.Errorf("Override changed the Application's options: %+v", tt.app)
			}
		})
	}
}

func TestSyncOptionProblems(t *testing.T) {
	tests := map[string]struct {
		reason string
		list   string
		scope  Scope
		want   []string
	}{
		"fine":        {"both scopes understand it", "Prune=false, Replace=true,ServerSideApply=false,,", ObjectScope, nil},
		"app":         {"Force is not an Application's", "Force=true,CreateNamespace=true,WaitForHealthy=true", AppScope, []string{"Force=true"}},
		"object":      {"CreateNamespace is not an object's", "Force=true,CreateNamespace=true", ObjectScope, []string{"CreateNamespace=true"}},
		"unknown":     {"in order, each once", "Foo=1, Bar ,Foo=1,Prune=False,=x", AppScope, []string{"Foo=1", "Bar", "Prune=False", "=x"}},
		"empty value": {"", "Prune=,Replace=", ObjectScope, []string{"Prune=", "Replace="}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, SyncOptionProblems(tt.list, tt.scope)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tt.reason, diff)
			}
		})
	}
}

// FuzzSyncOptions: what is not understood never makes a deletion more likely and
// changes nothing else, and a list is read in one way whether whole or in parts.
func FuzzSyncOptions(f *testing.F) {
	for _, seed := range []string{"", "Prune=false,Delete=confirm", "Replace=true,Force=true", "Prune=False,,=,a=b=c", "PrunePropagationPolicy=orphan, CreateNamespace=true"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		if whole, parts := ReadSyncOptions(list), ReadSyncOptions(strings.Split(list, ",")...); whole != parts {
			t.Errorf("whole %+v, in parts %+v", whole, parts)
		}
		bad := ReadSyncOptions(SyncOptionProblems(list, AppScope)...)
		if bad.Prune != Denied && bad.Prune != Allowed || bad.Delete != Denied && bad.Delete != Allowed {
			t.Errorf("%q: problems ask for a confirmation: %+v", list, bad)
		}
		if bad.Prune, bad.Delete = 0, 0; bad != (SyncOptions{}) {
			t.Errorf("%q: reported and acted on: %+v", list, bad)
		}
		object := SyncOptions{}.Override(list)
		onlyApp := SyncOptions{
			Propagation: object.Propagation, ApplyOutOfSyncOnly: object.ApplyOutOfSyncOnly, FailOnSharedResource: object.FailOnSharedResource,
			NoClientSideApplyMigration: object.NoClientSideApplyMigration, RespectIgnoreDifferences: object.RespectIgnoreDifferences,
			CreateNamespace: object.CreateNamespace, WaitForHealthy: object.WaitForHealthy,
		}
		if onlyApp != (SyncOptions{}) {
			t.Errorf("%q: an object's annotation decides for its Application: %+v", list, onlyApp)
		}
	})
}
