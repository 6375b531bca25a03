package application

import (
	"context"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/source"
)

// target is what the running operation is for. It is nil when an event has to be
// waited for.
func (p *pass) target(ctx context.Context) (*operation.Target, error) {
	op := p.operation.Operation.Sync
	switch {
	case len(op.Manifests) > 0:
		return nil, fault.New(fault.Unsupported, "operation.sync.manifests is not supported yet")
	case len(op.Sources) > 0 || len(op.Revisions) > 0:
		return nil, fault.New(fault.Unsupported, "operations on several sources are not supported yet")
	}
	result := p.operation.SyncResult
	if op.Source == nil && p.isCurrent(result.Revision) {
		r := p.s.rendering
		return &operation.Target{Current: true, Claims: r.Claims, Hooks: r.Hooks, Objects: p.managed, Files: p.files(r.Revision)}, nil
	}
	r, err := p.renderOther(ctx, op, result)
	if err != nil {
		return nil, err
	}
	if !p.kindsKnown(r) {
		return nil, nil
	}
	objects, err := p.c.comparer.Against(ctx, p.s.instance, r.Claims, p.managed)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "comparing with revision %s", short(r.Revision))
	}
	return &operation.Target{Claims: r.Claims, Hooks: r.Hooks, Objects: objects, Files: p.files(r.Revision)}, nil
}

// files gives the repository at a revision, for hooks whose inputs are files.
func (p *pass) files(revision string) func(context.Context) (operation.Files, error) {
	repo := p.repo
	return func(ctx context.Context) (operation.Files, error) {
		tree, err := p.c.o.Trees.Tree(ctx, repo, revision)
		if err != nil {
			return operation.Files{}, err
		}
		return operation.FilesOf(tree)(ctx)
	}
}

// isCurrent says whether a revision is the one in force: by its commit, or by the
// target revision's own name.
func (p *pass) isCurrent(revision string) bool {
	r := p.s.rendering
	if revision == r.Revision || revision == r.Checked || revision == p.source.TargetRevision {
		p.operation.SyncResult.Revision = r.Revision
		return true
	}
	return false
}

// renderOther renders another revision or source for one operation.
func (p *pass) renderOther(ctx context.Context, op *v1alpha1.SyncOperation, result *v1alpha1.SyncOperationResult) (*rendering.Rendering, error) {
	source, repo := p.source, p.repo
	if op.Source != nil {
		source = *op.Source
		if err := p.rules.CheckSource(source.RepoURL); err != nil {
			return nil, err
		}
		var err error
		if repo, err = p.c.o.Credentials(p.settings, source.RepoURL, rendering.ProjectOf(p.app)); err != nil {
			return nil, err
		}
	}
	sha, err := p.c.commit(ctx, repo, result.Revision)
	if err != nil {
		return nil, err
	}
	result.Revision = sha
	tree, err := p.c.o.Trees.Tree(ctx, repo, sha)
	if err != nil {
		return nil, err
	}
	req := p.request()
	req.Source = source
	return p.c.maker.Make(ctx, tree, req, sha)
}

// commit is the commit that a revision names, fetched if need be.
func (c *Controller) commit(ctx context.Context, repo source.Repository, revision string) (string, error) {
	refs, err := c.o.Store.List(ctx, repo)
	if err != nil {
		return "", err
	}
	return c.o.Store.Commit(ctx, repo, refs, revision)
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
