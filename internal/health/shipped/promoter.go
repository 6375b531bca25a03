package shipped

import (
	"strings"

	"evenkeel.dev/internal/health/field"
)

// promoter are the kinds of the GitOps Promoter.
var promoter = groups{
	"promoter.argoproj.io": {
		"ArgoCDCommitStatus":     {reconciled, tracksApplications, finally(healthy, "It tracks Applications")},
		"ChangeTransferPolicy":   {reconciled, transferred, finally(healthy, "The environment is up to date")},
		"ClusterScmProvider":     {reconciled, notKnown, finally(healthy, "The provider is ready")},
		"CommitStatus":           {reconciled, value("status.phase", is{other: healthy}, "status.sha"), finally(healthy, "It is reconciled")},
		"GitCommitStatus":        validated,
		"GitRepository":          {reconciled, notKnown, finally(healthy, "The repository is ready")},
		"PromotionStrategy":      {reconciled, promoted, finally(healthy, "All environments are up to date")},
		"PullRequest":            {reconciled, value("status.state", is{other: healthy}, "status.url", "status.id"), finally(healthy, "It is reconciled")},
		"ScmProvider":            {reconciled, notKnown, finally(healthy, "The provider is ready")},
		"TimedCommitStatus":      validated,
		"WebRequestCommitStatus": validated,
	},
}

var (
	notKnown  = conditions(when("Ready=Unknown", progressing))
	validated = steps{reconciled, notKnown, environments, finally(healthy, "No environment is to be validated")}
)

// reconciled is what all of them have in common: a condition Ready, of a
// PullRequest also Reconciled, that has to be there, fresh and not false.
func reconciled(o field.Object) verdict {
	there := false
	for c := range o.Object("status").Each("conditions") {
		switch c.Text("type") {
		case "Ready":
		case "Reconciled":
			if kind, _ := o["kind"].(string); kind != "PullRequest" {
				continue
			}
		default:
			continue
		}
		there = true
		if stale(o, c) {
			return verdict{progressing, notObserved}
		}
		if c.Text("status") == "False" {
			return verdict{degraded, field.Words(c)}
		}
	}
	if !there {
		return verdict{progressing, "Waiting for it to be reconciled"}
	}
	return verdict{}
}

func tracksApplications(o field.Object) verdict {
	if len(o.Object("status").List("applicationsSelected")) == 0 {
		return verdict{degraded, "No Application matches its selector"}
	}
	return verdict{}
}

// environments judges by the phase of each environment; one without a phase has yet
// to be looked at.
func environments(o field.Object) verdict {
	var failed, pending, passed []string
	for e := range o.Object("status").Each("environments") {
		branch := e.Text("branch")
		switch e.Text("phase") {
		case "failure":
			failed = append(failed, branch)
		case "success":
			passed = append(passed, branch)
		default:
			pending = append(pending, branch)
		}
	}
	switch {
	case failed != nil:
		return say(degraded, "Failed for %s", strings.Join(failed, ", "))
	case pending != nil:
		return say(progressing, "Pending for %s", strings.Join(pending, ", "))
	case passed != nil:
		return say(healthy, "Passed for %s", strings.Join(passed, ", "))
	}
	return verdict{}
}

// transferred compares the commit of one environment that is with the one that is to be.
func transferred(o field.Object) verdict {
	status := o.Object("status")
	active, proposed := drySHA(status, "active"), drySHA(status, "proposed")
	if active == "" || proposed == "" {
		return verdict{progressing, "Waiting for the commits of the environment to be known"}
	}
	if active != proposed {
		return say(progressing, "Goes from %s to %s%s", short(active), short(proposed), checks(status.Object("proposed")))
	}
	return say(healthy, "Up to date at %s%s", short(active), checks(status.Object("active")))
}

// promoted is Progressing until each environment has the commit that is proposed for
// it, and the same one is proposed for all.
func promoted(o field.Object) verdict {
	var first, at string
	count := 0
	for e := range o.Object("status").Each("environments") {
		next := hydrated(e)
		if drySHA(e, "active") == "" || next == "" {
			return say(progressing, "Waiting for the commits of %s to be known", e.Text("branch"))
		}
		if count == 0 {
			first, at = next, drySHA(e, "active")
		}
		count++
	}
	if count == 0 {
		return verdict{degraded, "It has no environments"}
	}
	for e := range o.Object("status").Each("environments") {
		if hydrated(e) != first {
			return say(progressing, "Waiting for %s to be hydrated with %s", e.Text("branch"), short(first))
		}
	}
	for e := range o.Object("status").Each("environments") {
		if active, proposed := drySHA(e, "active"), drySHA(e, "proposed"); active != proposed {
			return say(progressing, "%s goes from %s to %s%s", e.Text("branch"), short(active), short(proposed), checks(e.Object("proposed")))
		}
	}
	return say(healthy, "All environments are up to date at %s", short(at))
}

func drySHA(o field.Object, which string) string {
	return o.Object(which).Object("dry").Text("sha")
}

// hydrated is the dry commit that an environment's proposed branch was made of. The
// hydrator notes it where nothing changed and so no commit was made.
func hydrated(environment field.Object) string {
	if sha := environment.Object("proposed").Object("note").Text("drySha"); sha != "" {
		return sha
	}
	return drySHA(environment, "proposed")
}

// checks are the commit statuses that are not successful, as the end of a sentence.
func checks(commit field.Object) string {
	var open []string
	for s := range commit.Each("commitStatuses") {
		if phase := s.Text("phase"); phase == "pending" || phase == "failure" {
			open = append(open, s.Text("key")+" "+phase)
		}
	}
	if open == nil {
		return ""
	}
	return ": " + strings.Join(open, ", ")
}

func short(sha string) string {
	if len(sha) > 7 {
		return sha[:7]
	}
	return sha
}
