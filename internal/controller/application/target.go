package application

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/source"
)

// requested is what an operation asks for: its own sources or the Application's, at
// revisions as it names them. One that it does not name is that in force, or where the
// sources are not those in force, the source's target.
func (p *pass) requested(op *v1alpha1.SyncOperation) resource.Origin {
	o, named := p.origin, op.Revisions
	switch {
	case len(op.Sources) > 0:
		o = resource.Origin{Sources: op.Sources, Listed: true}
	case op.Source != nil:
		o = resource.Origin{Sources: []v1alpha1.ApplicationSource{*op.Source}}
	}
	if !o.Listed {
		named = []string{op.Revision}
	}
	o.Revisions = make([]string, len(o.Sources))
	for i := range o.Sources {
		switch {
		case i < len(named) && named[i] != "":
			o.Revisions[i] = named[i]
		case p.s.rendering.Origin.SameSources(o):
			o.Revisions[i] = p.s.rendering.Origin.Revision(i)
		default:
			o.Revisions[i] = o.Sources[i].TargetRevision
		}
	}
	return o
}

// noted is what the running operation is for. Where nobody noted the source it is the
// one that was asked for.
func (p *pass) noted() resource.Origin {
	o := resource.OriginOfSync(p.operation.SyncResult)
	if o.Listed || o.Sources[0].RepoURL != "" {
		return o
	}
	asked := p.requested(p.operation.Operation.Sync)
	if !asked.Listed && o.Revision(0) != "" {
		asked.Revisions = o.Revisions
	}
	return asked
}

// unclear is why it is not clear at which revisions an operation is to be. Argo CD
// then takes those of the targets, which is not what somebody asked for.
func unclear(op *v1alpha1.SyncOperation, o resource.Origin) error {
	switch {
	case o.Listed && op.Revision != "":
		return fault.New(fault.Invalid, "operation.sync.revision is %q, but the Application has a list of sources: name one revision for each in operation.sync.revisions", op.Revision)
	case o.Listed && len(op.Revisions) != 0 && len(op.Revisions) != len(o.Sources):
		return fault.New(fault.Invalid, "operation.sync.revisions has %d revisions for %d sources", len(op.Revisions), len(o.Sources))
	case !o.Listed && len(op.Revisions) > 0:
		return fault.New(fault.Invalid, "operation.sync.revisions is for a list of sources, and there is only one: use operation.sync.revision")
	}
	return nil
}

// target is what the running operation is for. It is nil when an event has to be
// waited for.
func (p *pass) target(ctx context.Context) (*operation.Target, error) {
	op := p.operation.Operation.Sync
	if len(op.Manifests) > 0 {
		return nil, fault.New(fault.Unsupported, "operation.sync.manifests is not supported yet")
	}
	want := p.noted()
	if err := unclear(op, want); err != nil {
		return nil, err
	}
	if p.isCurrent(want) {
		if p.unread != nil {
			return nil, p.unread
		}
		p.againstOp = p.against
		r := p.s.rendering
		r.Origin.Note(p.operation.SyncResult)
		return &operation.Target{Current: true, Claims: r.Claims, Hooks: r.Hooks, Objects: p.managed, Files: p.files(r.Origin, p.repos)}, nil
	}
	r, repos, err := p.renderOther(ctx, want)
	if err != nil {
		return nil, err
	}
	r.Origin.Note(p.operation.SyncResult)
	if !p.kindsKnown(r) {
		return nil, nil
	}
	objects, err := p.c.comparer.Against(ctx, p.s.instance, r.Claims, p.managed)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "comparing with revision %s", r.Origin.Short())
	}
	return &operation.Target{Claims: r.Claims, Hooks: r.Hooks, Objects: objects, Files: p.files(r.Origin, repos)}, nil
}

// files gives the repositories at their revisions, for hooks whose inputs are files.
func (p *pass) files(o resource.Origin, repos []source.Repository) func(context.Context, int) (operation.Files, error) {
	return func(ctx context.Context, i int) (operation.Files, error) {
		if i >= len(repos) || i >= len(o.Revisions) {
			return operation.Files{}, fault.New(fault.Internal, "there is no source %d", i)
		}
		tree, err := p.c.o.Trees.Tree(ctx, p.place(o, repos[i], i))
		if err != nil {
			return operation.Files{}, err
		}
		return operation.FilesOf(tree), nil
	}
}

// isCurrent says whether sources and revisions are those in force: by their commits,
// or by the target revisions' own names.
func (p *pass) isCurrent(want resource.Origin) bool {
	r := p.s.rendering
	if !r.Origin.SameSources(want) || len(want.Revisions) != len(r.Checked) {
		return false
	}
	for i, revision := range want.Revisions {
		if !p.inForce(i, revision) && revision != want.Sources[i].TargetRevision {
			return false
		}
	}
	return true
}

// inForce says whether the rendering is that of a commit of its i-th source.
func (p *pass) inForce(i int, revision string) bool {
	r := p.s.rendering
	return revision == r.Origin.Revisions[i] || revision == r.Checked[i]
}

// renderOther renders other revisions or sources for one operation.
func (p *pass) renderOther(ctx context.Context, want resource.Origin) (*rendering.Rendering, []source.Repository, error) {
	if err := admission.Sources(want, p.rules); err != nil {
		return nil, nil, err
	}
	repos, err := p.repositories(want)
	if err != nil {
		return nil, nil, err
	}
	own := p.s.rendering.Origin.SameSources(want)
	commits, tags := make([]string, len(repos)), make([]repository.Tag, len(repos))
	for i, repo := range repos {
		commits[i] = want.Revision(i)
		if own && p.inForce(i, commits[i]) {
			tags[i] = p.tag(i, commits[i])
			continue
		}
		if commits[i], tags[i], err = p.c.commit(ctx, repo, rendering.Target(want.Sources[i], commits[i])); err != nil {
			return nil, nil, err
		}
	}
	if p.againstOp, err = p.signed(ctx, commits, repos, tags); err != nil {
		return nil, nil, err
	}
	trees, err := p.trees(ctx, want.At(commits), repos)
	if err != nil {
		return nil, nil, err
	}
	req := p.request()
	req.Origin = want.At(commits)
	r, err := p.c.maker.Make(ctx, trees, req)
	return r, repos, err
}

// commit is the commit that a revision names, fetched if need be, and the annotated tag
// that it was found under.
func (c *Controller) commit(ctx context.Context, repo source.Repository, target source.Target) (string, repository.Tag, error) {
	refs, err := c.o.Store.List(ctx, repo)
	if err != nil {
		return "", repository.Tag{}, err
	}
	sha, err := c.o.Store.Commit(ctx, repo, refs, target)
	return sha, repository.TagOf(refs, target), err
}

// keptFromPruning is why an object must not be pruned, if so.
func (p *pass) keptFromPruning(m managed) string {
	return operation.KeptFromPruning(m, operation.Guard{
		Options: p.options().Override(m.Record.Hints.SyncOptions), Self: rendering.Self(p.app), Permits: p.permits,
	})
}

// options are the Application's sync options.
func (p *pass) options() resource.SyncOptions {
	if p.app.Spec.SyncPolicy == nil {
		return resource.SyncOptions{}
	}
	return resource.ReadSyncOptions(p.app.Spec.SyncPolicy.SyncOptions...)
}

// operationOptions are the running operation's sync options; its own win over the
// Application's.
func (p *pass) operationOptions() resource.SyncOptions {
	var lists []string
	if policy := p.app.Spec.SyncPolicy; policy != nil {
		lists = append(lists, policy.SyncOptions...)
	}
	return resource.ReadSyncOptions(append(lists, p.operation.Operation.Sync.SyncOptions...)...)
}
