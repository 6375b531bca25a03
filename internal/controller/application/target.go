package application

import (
	"context"
	"strings"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/source"
)

// target is what an operation brings about: the objects of its revision with
// their verdicts.
type target struct {
	p *pass
	// current says that it is the rendering in force, whose verdicts are the index's.
	current bool
	claims  []*claim
	// live are the objects that a target of another revision was compared with.
	managed []managed
}

// target is what the running operation is for. It is nil when an event has to be
// waited for.
func (p *pass) target(ctx context.Context) (*target, error) {
	op := p.operation.Operation.Sync
	result := p.operation.SyncResult
	switch {
	case len(op.Manifests) > 0:
		return nil, fault.New(fault.Unsupported, "operation.sync.manifests is not supported yet")
	case len(op.Sources) > 0 || len(op.Revisions) > 0:
		return nil, fault.New(fault.Unsupported, "operations on several sources are not supported yet")
	}
	if op.Source == nil && p.isCurrent(result.Revision) {
		return &target{p: p, current: true, claims: p.s.rendering.claims, managed: p.managed}, nil
	}
	r, err := p.renderOther(ctx, op, result)
	if err != nil {
		return nil, err
	}
	if !p.kindsKnown(r) {
		return nil, nil
	}
	t := &target{p: p, claims: r.claims}
	return t, t.refresh(ctx)
}

// isCurrent says whether a revision is the one in force: by its commit, or by the
// target revision's own name.
func (p *pass) isCurrent(revision string) bool {
	r := p.s.rendering
	if revision == r.revision || revision == r.checked || revision == p.source.TargetRevision {
		p.operation.SyncResult.Revision = r.revision
		return true
	}
	return false
}

// renderOther renders another revision or source for one operation.
func (p *pass) renderOther(ctx context.Context, op *v1alpha1.SyncOperation, result *v1alpha1.SyncOperationResult) (*rendering, error) {
	other := *p
	if op.Source != nil {
		other.source = *op.Source
		if err := p.rules.CheckSource(other.source.RepoURL); err != nil {
			return nil, err
		}
		repo, err := p.c.o.Credentials(p.settings, other.source.RepoURL, projectOf(p.app))
		if err != nil {
			return nil, err
		}
		other.repo = repo
	}
	sha, err := p.c.commit(ctx, other.repo, result.Revision)
	if err != nil {
		return nil, err
	}
	result.Revision = sha
	tree, err := p.c.o.Trees.Tree(ctx, other.repo, sha)
	if err != nil {
		return nil, err
	}
	return other.make(ctx, tree, inputs{revision: sha})
}

// commit is the commit that a revision names, fetched if need be.
func (c *Controller) commit(ctx context.Context, repo source.Repository, revision string) (string, error) {
	refs, err := c.o.Store.List(ctx, repo)
	if err != nil {
		return "", err
	}
	return c.o.Store.Commit(ctx, repo, refs, revision)
}

// refresh brings the verdicts up to date after a step.
func (t *target) refresh(ctx context.Context) error {
	if t.current {
		t.p.confirm(ctx, t.p.s.rendering)
		t.p.gather(t.p.s.rendering)
		t.managed = t.p.managed
		return nil
	}
	return t.compare(ctx)
}

// compare reads the live objects and compares them with another revision's. Their
// verdicts in the index, which are about the revision in force, stay as they are.
func (t *target) compare(ctx context.Context) error {
	p := t.p
	t.managed = make([]managed, len(t.claims))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallelReads)
	desired := map[resource.Key]bool{}
	for i, x := range t.claims {
		desired[x.object.Key] = true
		t.managed[i] = p.managedOf(x)
		m := &t.managed[i]
		if m.record == nil || !m.known {
			continue
		}
		g.Go(func() error { return p.c.compareNow(ctx, m) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for _, m := range p.managed {
		if m.record != nil && !desired[m.key] && m.record.App == p.s.instance {
			m.claim = nil
			t.managed = append(t.managed, m)
		}
	}
	return nil
}

func (c *Controller) compareNow(ctx context.Context, m *managed) error {
	live, err := c.o.Conn.Get(ctx, m.kind, m.key.Namespace, m.key.Name)
	switch {
	case apierrors.IsNotFound(err):
		m.record, m.sync, m.unread = nil, v1alpha1.SyncStatusOutOfSync, ""
		return nil
	case err != nil:
		return err
	}
	changes, err := m.claim.compare(live)
	if err != nil {
		return err
	}
	m.sync, m.unread, m.drift = v1alpha1.SyncStatusSynced, "", nil
	if len(changes) > 0 && m.record.Verdict.Applied != m.claim.hash {
		m.sync, m.drift = v1alpha1.SyncStatusOutOfSync, driftOf(changes, live)
	}
	return nil
}

// plan is what is left to do.
func (t *target) plan() plan.Plan {
	p := t.p
	op := p.operation.Operation.Sync
	var objects []plan.Object
	var extras []plan.Extra
	done := p.done()
	for _, m := range t.managed {
		if m.claim != nil {
			o := m.planned(p)
			if done[m.key] {
				o.Sync = v1alpha1.SyncStatusSynced
			}
			objects = append(objects, o)
			continue
		}
		extras = append(extras, plan.Extra{
			Key: m.key, Wave: m.record.Hints.Wave, Deleting: m.record.Deleting, KeptFrom: p.keptFromPruning(m),
		})
	}
	return plan.Build(objects, extras, plan.Options{Prune: op.Prune, Selected: selected(op.Resources)})
}

// done are the objects that the operation has applied. It applies each once: what
// differs again is somebody else's doing and self-heal's business.
func (p *pass) done() map[resource.Key]bool {
	out := map[resource.Key]bool{}
	for _, r := range p.operation.SyncResult.Resources {
		if r.Status == v1alpha1.ResultSynced {
			out[resource.Key{Group: r.Group, Kind: r.Kind, Namespace: r.Namespace, Name: r.Name}] = true
		}
	}
	return out
}

// keptFromPruning is why an object must not be pruned, if so.
func (p *pass) keptFromPruning(m managed) string {
	own := resource.ParseOptions(m.record.Hints.SyncOptions)
	value, set := own["Prune"]
	if !set {
		value = p.options()["Prune"]
	}
	switch {
	case value == "false":
		return "sync option Prune=false"
	case value == "confirm":
		return "sync option Prune=confirm: confirming is not supported yet, so it is kept"
	case m.key == p.self():
		return "it is the Application itself"
	case m.unread != "":
		return "it cannot be read: " + m.unread
	}
	if _, extraneous := resource.ParseOptions(m.record.Hints.CompareOptions)["IgnoreExtraneous"]; extraneous {
		return "compare option IgnoreExtraneous"
	}
	if err := p.permits(m.key); err != nil {
		return err.Error()
	}
	return ""
}

// ensureNamespace creates the destination namespace when the Application asks for
// it. It is not tracked and never deleted, as in Argo CD.
func (p *pass) ensureNamespace(ctx context.Context) error {
	name := p.app.Spec.Destination.Namespace
	options := p.operationOptions()
	if options["CreateNamespace"] != "true" || name == "" {
		return nil
	}
	key := resource.Key{Kind: "Namespace", Name: name}
	if p.c.cluster.Get(key) != nil || p.c.claims.by(p.s.instance, key) != nil {
		return nil
	}
	if err := p.permits(key); err != nil {
		return err
	}
	kind, ok := p.c.kinds().Preferred(key.GroupKind())
	if !ok {
		return fault.New(fault.Unavailable, "the cluster serves no namespaces")
	}
	body := `{"apiVersion":"v1","kind":"Namespace","metadata":{"name":` + quote(name) + `}}`
	err := p.c.o.Conn.Create(ctx, kind, key, []byte(body))
	return fault.Wrap(fault.Conflict, err, "creating namespace %s", name)
}

// operationOptions are the running operation's sync options; its own win over the
// Application's.
func (p *pass) operationOptions() resource.Options {
	var lists []string
	if policy := p.app.Spec.SyncPolicy; policy != nil {
		lists = append(lists, policy.SyncOptions...)
	}
	return resource.ParseOptions(append(lists, p.operation.Operation.Sync.SyncOptions...)...)
}

func quote(s string) string {
	return `"` + strings.ReplaceAll(strings.ReplaceAll(s, `\`, `\\`), `"`, `\"`) + `"`
}

// propagation is how pruned objects' dependants go: sync option
// PrunePropagationPolicy, foreground by default.
func propagation(o resource.Options) string {
	switch o["PrunePropagationPolicy"] {
	case "background":
		return "Background"
	case "orphan":
		return "Orphan"
	}
	return "Foreground"
}

// propagation is policy, but background for an object that owns nothing: that
// comes to the same and does not need the garbage collector, which knows a new
// kind only after half a minute.
func (c *Controller) propagation(r *cluster.Record, policy string) string {
	switch r.Key.Group {
	case "apps", "batch":
		return policy // what it owns may not have been seen yet
	}
	if policy == "Foreground" && len(c.cluster.Children(r.UID)) == 0 {
		return "Background"
	}
	return policy
}
