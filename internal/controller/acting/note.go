package acting

import (
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"evenkeel.dev/api/v1alpha1"
)

// maxFields is how many fields a note names.
const maxFields = 3

// note is what people should know of a change: that Git says otherwise, and who undoes
// it when. It is empty where nothing undoes it.
func (r *Runner) note(app *v1alpha1.Application, live, after *unstructured.Unstructured) string {
	if after == nil {
		return ""
	}
	u := r.o.Members.Undone(app, live, after)
	if len(u.Fields) == 0 || u.By == nil {
		return ""
	}
	fields := strings.Join(u.Fields[:min(len(u.Fields), maxFields)], ", ")
	if len(u.Fields) > maxFields {
		fields += " and more"
	}
	return "Git says otherwise about " + fields + ": " + consequence(u.By)
}

func consequence(app *v1alpha1.Application) string {
	switch p := app.Spec.SyncPolicy; {
	case p == nil || p.Automated == nil || p.Automated.Enabled != nil && !*p.Automated.Enabled:
		return "application " + app.Name + " is OutOfSync then, and its next sync undoes this"
	case p.Automated.SelfHeal:
		return "self-heal of application " + app.Name + " undoes this at once"
	}
	return "application " + app.Name + " is OutOfSync then, and the sync of the next commit undoes this"
}
