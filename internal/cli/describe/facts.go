package describe

import (
	"regexp"
	"strings"

	"evenkeel.dev/api/v1alpha1"
)

// Project is the name of the Application's project.
func Project(app *v1alpha1.Application) string {
	if app.Spec.Project == "" {
		return v1alpha1.DefaultProject
	}
	return app.Spec.Project
}

// Sources are the Application's sources, also when it has only one.
func Sources(app *v1alpha1.Application) []v1alpha1.ApplicationSource {
	if len(app.Spec.Sources) > 0 {
		return app.Spec.Sources
	}
	if app.Spec.Source == nil {
		return nil
	}
	return []v1alpha1.ApplicationSource{*app.Spec.Source}
}

// MainSource is what tables show of an Application's sources.
func MainSource(app *v1alpha1.Application) v1alpha1.ApplicationSource {
	if all := Sources(app); len(all) > 0 {
		return all[0]
	}
	return v1alpha1.ApplicationSource{}
}

// Revisions are what the Application was compared with, for people.
func Revisions(app *v1alpha1.Application) string {
	all := app.Status.Sync.Revisions
	if len(app.Spec.Sources) == 0 {
		return Short(app.Status.Sync.Revision)
	}
	short := make([]string, len(all))
	for i, r := range all {
		short[i] = Short(r)
	}
	return strings.Join(short, ", ")
}

// SourceLabel is what people call one of several sources by: its name, or what it is.
func SourceLabel(s v1alpha1.ApplicationSource) string {
	switch {
	case s.Name != "":
		return s.Name
	case s.Chart != "":
		return s.Chart
	case s.Path != "":
		return s.Path
	}
	return "$" + s.Ref
}

// Destination is the destination cluster's URL, or its name.
func Destination(app *v1alpha1.Application) string {
	if app.Spec.Destination.Server != "" {
		return app.Spec.Destination.Server
	}
	return app.Spec.Destination.Name
}

// Automated is the policy of automated sync; nil when it is off.
func Automated(app *v1alpha1.Application) *v1alpha1.SyncPolicyAutomated {
	p := app.Spec.SyncPolicy
	if p == nil || p.Automated == nil || p.Automated.Enabled != nil && !*p.Automated.Enabled {
		return nil
	}
	return p.Automated
}

// Initiator is who asked for an operation; empty when nobody knows.
func Initiator(by v1alpha1.OperationInitiator) string {
	if by.Automated {
		return "automated sync policy"
	}
	return by.Username
}

var commitPattern = regexp.MustCompile(`^[0-9a-f]{7,64}$`)

// Short is a commit as people read it; versions stay as they are.
func Short(revision string) string {
	if commitPattern.MatchString(revision) && len(revision) > 7 {
		return revision[:7]
	}
	return revision
}

// IsCommit says whether revision is a commit or the beginning of one.
func IsCommit(revision string) bool { return commitPattern.MatchString(revision) }
