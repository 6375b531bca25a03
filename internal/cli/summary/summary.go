package summary

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli/describe"
	"evenkeel.dev/internal/cli/live"
	"evenkeel.dev/internal/cli/output"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Writer writes to a reader, at a time.
type Writer struct {
	*output.Printer
	Now time.Time
}

// App writes Argo CD's summary of an Application and why it is so. Windows are what
// its project's sync windows come to; nil leaves them out.
func (p Writer) App(app *v1alpha1.Application, windows *Windows) {
	p.Field("Name:", app.Namespace+"/"+app.Name, output.Plain)
	p.Field("Project:", describe.Project(app), output.Plain)
	p.Field("Server:", describe.Destination(app), output.Plain)
	p.Field("Namespace:", app.Spec.Destination.Namespace, output.Plain)
	heading := "Source:"
	if len(app.Spec.Sources) > 0 {
		heading = "Sources:"
	}
	p.Line("%s", heading)
	for _, src := range describe.Sources(app) {
		p.source(src)
	}
	windows.write(p)
	p.Field("Sync Policy:", describe.SyncPolicy(app), output.Plain)
	if text := pinSentence(app); text != "" {
		p.Field("Pinned:", text, output.Warn)
	}
	if text := view.Waiting(app); text != "" {
		p.Field("Sync Waits For:", text, output.Warn)
	}
	p.Field("Sync Status:", describe.SyncStatus(app), output.ToneOf(string(app.Status.Sync.Status)))
	p.Field("Health Status:", string(app.Status.Health.Status), output.ToneOf(string(app.Status.Health.Status)))
	p.Field("Reason:", describe.Reason(app, p.Now), output.Plain)
	if app.Status.Health.Message != "" {
		p.Line("→ which objects, and their last warnings: evenkeel app why %s/%s", app.Namespace, app.Name)
	}
}

func (p Writer) source(src v1alpha1.ApplicationSource) {
	p.Field("- Repo:", src.RepoURL, output.Plain)
	p.Field("  Target:", src.TargetRevision, output.Plain)
	values := ""
	if src.Helm != nil {
		values = strings.Join(src.Helm.ValueFiles, ",")
	}
	prefix := ""
	if src.Kustomize != nil {
		prefix = src.Kustomize.NamePrefix
	}
	for _, f := range [...]struct{ label, value string }{
		{"  Name:", src.Name}, {"  Path:", src.Path}, {"  Chart:", src.Chart}, {"  Ref:", src.Ref}, {"  Helm Values:", values}, {"  Name Prefix:", prefix},
	} {
		if f.value != "" {
			p.Field(f.label, f.value, output.Plain)
		}
	}
}

// pinSentence says by whom the Application is held where, and until when.
func pinSentence(app *v1alpha1.Application) string {
	pin, err := view.PinOf(app)
	switch {
	case err != nil:
		return err.Error()
	case pin == nil:
		return ""
	}
	return strings.TrimPrefix(pin.String(), "pinned ")
}

// Conditions writes the conditions, and for each what can be done.
func (p Writer) Conditions(app *v1alpha1.Application) {
	if len(app.Status.Conditions) == 0 {
		return
	}
	p.Line("")
	columns := output.Columns("CONDITION", "MESSAGE", "LAST TRANSITION")
	columns[1].Cut = true
	var rows [][]string
	for _, c := range app.Status.Conditions {
		first, _, _ := strings.Cut(c.Message, "\n")
		rows = append(rows, []string{string(c.Type), first, p.Clock(c.LastTransitionTime)})
	}
	p.Table(columns, rows)
	said := map[string]bool{}
	for _, c := range app.Status.Conditions {
		if strings.Contains(c.Message, "\n") {
			p.Line("%s:", string(c.Type))
			p.Text(c.Message)
		}
		if all := describe.All(app, c); all != "" && !said[all] {
			said[all] = true
			p.Line("→ %s: %s", string(c.Type), all)
		}
		if next := describe.NextStep(app, c); next != "" && !said[next] {
			said[next] = true
			p.Line("→ %s: %s", string(c.Type), next)
		}
	}
}

// Clock is a moment as Argo CD writes it, in the reader's zone.
func (p Writer) Clock(t *metav1.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(p.Now.Location()).Format("2006-01-02 15:04:05 -0700 MST")
}

// Operation writes Argo CD's summary of the last operation.
func (p Writer) Operation(op *v1alpha1.OperationState) {
	if op == nil {
		return
	}
	if op.SyncResult != nil {
		p.Field("Operation:", "Sync", output.Plain)
		revision := op.SyncResult.Revision
		if len(op.SyncResult.Revisions) > 0 {
			revision = strings.Join(op.SyncResult.Revisions, ", ")
		}
		p.Field("Sync Revision:", revision, output.Plain)
	}
	if by := describe.Initiator(op.Operation.InitiatedBy); by != "" {
		p.Field("Initiated By:", by, output.Plain)
	}
	p.Field("Phase:", string(op.Phase), output.ToneOf(string(op.Phase)))
	p.Field("Start:", p.Clock(&op.StartedAt), output.Plain)
	p.Field("Finished:", p.Clock(op.FinishedAt), output.Plain)
	end := p.Now
	if op.FinishedAt != nil {
		end = op.FinishedAt.Time
	}
	// An operation that follows another within a second is noted as begun after that.
	p.Field("Duration:", max(0, end.Sub(op.StartedAt.Time)).Truncate(time.Second).String(), output.Plain)
	if op.Message != "" {
		p.Field("Message:", op.Message, output.Plain)
	}
}

// Objects writes the Application's objects as a table, or as a tree if format says so.
func (p Writer) Objects(app *v1alpha1.Application, format string) {
	states := live.States(app, nil)
	if len(states) == 0 {
		return
	}
	p.Line("")
	if format == "tree" {
		p.tree(app, states)
		return
	}
	p.resources(states)
}

func (p Writer) resources(states []live.State) {
	columns := output.Columns("GROUP", "KIND", "NAMESPACE", "NAME", "STATUS", "HEALTH", "HOOK", "MESSAGE")
	columns[4].Verdict, columns[5].Verdict, columns[7].Cut = true, true, true
	rows := make([][]string, len(states))
	for i, st := range states {
		rows[i] = []string{st.Key.Group, st.Key.Kind, st.Key.Namespace, st.Key.Name, st.Status, st.Health, st.Hook, st.Note()}
	}
	p.Table(columns, rows)
}

// tree writes the Application and under it its objects.
func (p Writer) tree(app *v1alpha1.Application, states []live.State) {
	columns := output.Columns("KIND/NAME", "STATUS", "HEALTH", "MESSAGE")
	columns[1].Verdict, columns[2].Verdict, columns[3].Cut = true, true, true
	rows := [][]string{{"Application/" + app.Name, string(app.Status.Sync.Status), string(app.Status.Health.Status), ""}}
	for i, st := range states {
		branch := "├─"
		if i == len(states)-1 {
			branch = "└─"
		}
		rows = append(rows, []string{branch + treeName(app, st.Key), st.Status, st.Health, st.Note()})
	}
	p.Table(columns, rows)
}

// treeName leaves out the namespace that is the Application's own.
func treeName(app *v1alpha1.Application, k resource.Key) string {
	if k.Namespace == "" || k.Namespace == app.Spec.Destination.Namespace {
		return k.Kind + "/" + k.Name
	}
	return fmt.Sprintf("%s/%s (%s)", k.Kind, k.Name, k.Namespace)
}
