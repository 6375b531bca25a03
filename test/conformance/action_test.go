package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/test/kubetest"
)

// noNamespace is the first line of a case whose namespace is not there.
const noNamespace = "no namespace"

// action is one word of run. app is the Application that it is about.
type action struct {
	do func(p *play, ctx context.Context, app, rest string) ([]string, error)
	// waits says that it changes nothing by itself.
	waits bool
}

// quiet is an action without results.
func quiet(f func(p *play, ctx context.Context, app, rest string) error) func(*play, context.Context, string, string) ([]string, error) {
	return func(p *play, ctx context.Context, app, rest string) ([]string, error) {
		return nil, f(p, ctx, app, rest)
	}
}

func actions() map[string]action {
	return map[string]action{
		"no":                {do: quiet(func(*play, context.Context, string, string) error { return nil }), waits: true},
		"#":                 {do: quiet(func(*play, context.Context, string, string) error { return nil }), waits: true},
		"sync":              {do: (*play).sync},
		"operation":         {do: (*play).operation},
		"start":             {do: quiet((*play).start)},
		"ended":             {do: (*play).ended, waits: true},
		"commit":            {do: quiet((*play).push)},
		"refresh":           {do: quiet((*play).refresh)},
		"edit-app":          {do: quiet((*play).editApp)},
		"approve":           {do: quiet((*play).approve)},
		"terminate":         {do: quiet((*play).terminate)},
		"delete-app":        {do: quiet((*play).deleteApp)},
		"apply":             {do: quiet((*play).apply)},
		"client-side-apply": {do: quiet((*play).clientSideApply)},
		"patch":             {do: quiet((*play).patch)},
		"plan":              {do: quiet((*play).plan), waits: true},
		"refused":           {do: quiet((*play).refused), waits: true},
		"delete":            {do: quiet((*play).delete)},
		"wait":              {do: quiet((*play).wait), waits: true},
		"app":               {do: quiet((*play).app), waits: true},
		"object":            {do: quiet((*play).object), waits: true},
		"remember":          {do: quiet((*play).remember), waits: true},
		"same":              {do: quiet((*play).same), waits: true},
		"other":             {do: quiet((*play).other), waits: true},
	}
}

// act does what a line says. It returns the mark that it left, or 0.
func (p *play) act(ctx context.Context, text string) (mark int, results []string, err error) {
	app := p.ns
	text = p.expand(text)
	if x, ok := strings.CutPrefix(text, "@"); ok {
		x, text, _ = strings.Cut(x, " ")
		app += "-" + x
	}
	word, rest, _ := strings.Cut(text, " ")
	a, ok := actions()[word]
	if !ok {
		return 0, nil, errors.New("there is no action " + word)
	}
	if !a.waits {
		if mark, err = p.mark(ctx); err != nil {
			return 0, nil, err
		}
	}
	results, err = a.do(p, ctx, app, strings.TrimSpace(rest))
	return mark, results, err
}

// json is YAML, or the content of a file of that name, as JSON.
func (p *play) json(text string) ([]byte, error) {
	if file, ok := p.c.files[text]; ok {
		text = p.expand(file)
	}
	return yaml.YAMLToJSON([]byte(text))
}

func (p *play) sync(ctx context.Context, app, rest string) ([]string, error) {
	return p.operation(ctx, app, "{sync: "+cmp.Or(rest, "{}")+", initiatedBy: {username: "+kubetest.Manager+"}}")
}

func (p *play) operation(ctx context.Context, app, rest string) ([]string, error) {
	if err := p.start(ctx, app, rest); err != nil {
		return nil, err
	}
	return p.ended(ctx, app, "")
}

func (p *play) start(ctx context.Context, app, rest string) error {
	op, err := p.json(rest)
	if err != nil {
		return err
	}
	return p.editApp(ctx, app, `{"operation":`+string(op)+`}`)
}

// ended waits until an operation has ended that was not seen before.
func (p *play) ended(ctx context.Context, name, _ string) ([]string, error) {
	var app *v1alpha1.Application
	err := p.client.Await(ctx, kubetest.AppKind, kubetest.App(name), func(o *unstructured.Unstructured) string {
		if o == nil {
			return "it is not there"
		}
		var err error
		if app, err = kubetest.DecodeApp(o); err != nil {
			return err.Error()
		}
		s := app.Status.OperationState
		switch {
		case s == nil:
			return fmt.Sprintf("there was no operation; conditions: %v", app.Status.Conditions)
		case s.StartedAt.String() == p.seen[name]:
			return "there was no further operation"
		case !s.Phase.Completed() || app.Operation != nil:
			return "its operation is " + string(s.Phase) + ": " + s.Message
		case app.Status.ReconciledAt.Before(s.FinishedAt):
			return "the operation's outcome was not compared"
		}
		return ""
	})
	if err != nil {
		return nil, err
	}
	p.seen[name] = app.Status.OperationState.StartedAt.String()
	return p.outcome(app.Status.OperationState), nil
}

// outcome is an operation's state in lines.
func (p *play) outcome(s *v1alpha1.OperationState) []string {
	head := string(s.Phase)
	if s.SyncResult == nil {
		return []string{head + ": " + s.Message}
	}
	var lines []string
	list := slices.Clone(s.SyncResult.Resources)
	slices.SortStableFunc(list, func(a, b *v1alpha1.ResourceResult) int {
		return cmp.Or(
			cmp.Compare(rank(a.SyncPhase), rank(b.SyncPhase)), strings.Compare(a.Kind, b.Kind),
			strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name),
		)
	})
	for _, r := range list {
		name := r.Name
		if r.Namespace != "" && r.Namespace != p.ns {
			name = r.Namespace + "/" + name
		}
		l := fmt.Sprintf("%s%s %s: %s %s", indent, r.Kind, name, r.Status, r.SyncPhase)
		if r.HookType != "" {
			l += " hook"
		}
		if r.HookType != "" && r.HookType != r.SyncPhase {
			l += " of " + r.HookType
		}
		if r.HookPhase != "" {
			l += " " + string(r.HookPhase)
		}
		failed := r.HookPhase == v1alpha1.OperationFailed || r.HookPhase == v1alpha1.OperationError
		if r.Status != v1alpha1.ResultSynced && r.Status != v1alpha1.ResultPruned || failed {
			l += ": " + r.Message
		}
		lines = append(lines, l)
	}
	return append([]string{fmt.Sprintf("%s at %s: %s", head, strings.Join(resource.OriginOfSync(s.SyncResult).Revisions, ", "), s.Message)}, lines...)
}

func rank(phase string) int {
	return slices.Index([]string{"PreSync", "Sync", "PostSync", "SyncFail"}, phase)
}

func (p *play) push(ctx context.Context, app, rest string) error {
	dir, how, _ := strings.Cut(rest, " ")
	if err := p.commit(ctx, dir); err != nil || how == "quietly" {
		return err
	}
	return p.refresh(ctx, app, "")
}

func (p *play) refresh(ctx context.Context, app, rest string) error {
	return p.client.Refresh(ctx, app, cmp.Or(rest, v1alpha1.RefreshNormal))
}

func (p *play) editApp(ctx context.Context, app, rest string) error {
	patch, err := p.json(rest)
	if err != nil {
		return err
	}
	return p.client.Merge(ctx, kubetest.AppKind, kubetest.App(app), kubetest.Manager, patch)
}

// approve confirms deletions. An operation that follows another within a second is noted
// as begun after that, so the present time may be too early.
func (p *play) approve(ctx context.Context, app, _ string) error {
	return p.editApp(ctx, app, fmt.Sprintf(`{"metadata":{"annotations":{%q:%q}}}`,
		v1alpha1.AnnotationDeletionApproved, time.Now().Add(2*time.Second).UTC().Format(time.RFC3339)))
}

func (p *play) terminate(ctx context.Context, app, _ string) error {
	return p.editApp(ctx, app, `{"status":{"operationState":{"phase":"Terminating"}}}`)
}

func (p *play) deleteApp(ctx context.Context, app, rest string) error {
	if rest != "" {
		if err := p.editApp(ctx, app, fmt.Sprintf(`{"metadata":{"finalizers":[%q]}}`, rest)); err != nil {
			return err
		}
	}
	return p.client.Delete(ctx, kubetest.AppKind, kubetest.App(app))
}

func (p *play) apply(ctx context.Context, _, rest string) error {
	file, ok := p.c.files[rest]
	if !ok {
		return errors.New("there is no file " + rest)
	}
	return p.client.Apply(ctx, p.ns, []byte(p.expand(file)))
}

func (p *play) clientSideApply(ctx context.Context, _, rest string) error {
	file, manager, _ := strings.Cut(rest, " ")
	return p.client.ClientSideApply(ctx, p.ns, cmp.Or(manager, "kubectl-client-side-apply"), []byte(p.expand(p.c.files[file])))
}

// plan notes the plan that the last operation was told to be the present one.
func (p *play) plan(ctx context.Context, name, _ string) error {
	o, err := p.client.Get(ctx, kubetest.AppKind, kubetest.App(name))
	if err != nil {
		return err
	}
	app, err := kubetest.DecodeApp(o)
	if err != nil || app.Status.OperationState == nil {
		return errors.Join(errors.New("there was no operation"), err)
	}
	m := presentPlan.FindStringSubmatch(app.Status.OperationState.Message)
	if m == nil {
		return errors.New("it names no plan: " + app.Status.OperationState.Message)
	}
	p.planned = m[1]
	return nil
}

var presentPlan = regexp.MustCompile(`what would be done now is plan ([0-9a-f]{16})`)

// refused waits until the API server refuses what was applied a moment ago: nothing
// tells when it has taken up an admission policy.
func (p *play) refused(ctx context.Context, _, rest string) error {
	ctx, cancel := context.WithTimeout(ctx, kubetest.Patience)
	defer cancel()
	for {
		err := p.client.Apply(ctx, p.ns, []byte(p.expand(p.c.files[rest])))
		if ctx.Err() != nil {
			return errors.New("it is not refused")
		}
		if err != nil {
			return nil
		}
	}
}

// group is that of kinds which may be written without.
func group(kind string) string {
	switch kind {
	case "Job", "CronJob":
		return "batch"
	case "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet":
		return "apps"
	case "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding":
		return "rbac.authorization.k8s.io"
	case "CustomResourceDefinition":
		return "apiextensions.k8s.io"
	}
	return ""
}

// named reads KIND NAME of an object, and the rest; its namespace is the case's.
func (p *play) named(rest string) (kind, name, more string) {
	kind, rest, _ = strings.Cut(rest, " ")
	name, more, _ = strings.Cut(rest, " ")
	namespaced := true
	switch k, _, _ := strings.Cut(kind, "."); k {
	case "Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding", "PersistentVolume":
		namespaced = false
	}
	if namespaced && !strings.Contains(name, "/") {
		name = p.ns + "/" + name
	}
	if g := group(kind); g != "" {
		kind += "." + g
	}
	return kind, name, more
}

func (p *play) patch(ctx context.Context, _, rest string) error {
	kind, name, text := p.named(rest)
	patch, err := p.json(text)
	if err != nil {
		return err
	}
	return p.client.Merge(ctx, kind, name, kubetest.Manager, patch)
}

func (p *play) delete(ctx context.Context, _, rest string) error {
	kind, name, _ := p.named(rest)
	return p.client.Delete(ctx, kind, name)
}

func (p *play) wait(ctx context.Context, app, rest string) error {
	return p.client.AwaitApp(ctx, app, words(rest))
}

func (p *play) app(ctx context.Context, app, rest string) error {
	return p.client.AwaitWanted(ctx, kubetest.AppKind, kubetest.App(app), words(rest))
}

func (p *play) object(ctx context.Context, _, rest string) error {
	kind, name, wants := p.named(rest)
	return p.client.AwaitWanted(ctx, kind, name, words(cmp.Or(wants, "there")))
}

func (p *play) remember(ctx context.Context, _, rest string) error {
	kind, name, _ := p.named(rest)
	o, err := p.client.Get(ctx, kind, name)
	if err != nil {
		return err
	}
	p.uids[kind+" "+name] = o.GetUID()
	return nil
}

func (p *play) same(ctx context.Context, _, rest string) error {
	if is, err := p.isRemembered(ctx, rest); err != nil || is {
		return err
	}
	return errors.New("it is another object")
}

func (p *play) other(ctx context.Context, _, rest string) error {
	if is, err := p.isRemembered(ctx, rest); err != nil || !is {
		return err
	}
	return errors.New("it is the same object")
}

func (p *play) isRemembered(ctx context.Context, rest string) (bool, error) {
	kind, name, _ := p.named(rest)
	before, ok := p.uids[kind+" "+name]
	if !ok {
		return false, errors.New("it was not remembered")
	}
	o, err := p.client.Get(ctx, kind, name)
	if err != nil {
		return false, err
	}
	return o.GetUID() == before, nil
}

// words splits at spaces that are not within single quotes.
func words(text string) []string {
	var out []string
	for i, part := range strings.Split(text, "'") {
		if i%2 == 1 {
			out[len(out)-1] += part
			continue
		}
		for j, w := range strings.Split(part, " ") {
			if j == 0 && len(out) > 0 {
				out[len(out)-1] += w
			} else {
				out = append(out, w)
			}
		}
	}
	return slices.DeleteFunc(out, func(w string) bool { return w == "" })
}
