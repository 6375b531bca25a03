package offline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/admission"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/controller/integrity"
	"evenkeel.dev/internal/controller/rendering"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/plan/pin"
	"evenkeel.dev/internal/render/cache"
	"evenkeel.dev/internal/render/trace"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/view"
)

// Offline renders and compares Applications without a running controller, with
// the same code and the caller's own rights: for the command line. It writes
// nothing.
type Offline struct {
	o     Options
	kinds *cluster.Kinds
	maker *rendering.Maker
	// checker checks signatures.
	checker *integrity.Checker
}

// Options are what an Offline needs.
type Options struct {
	Conn *cluster.Conn
	// Namespace is the control namespace.
	Namespace string
	Settings  func() settings.Snapshot
	Store     repository.Store
	// Tree gives a repository's files at one commit, from the local mirror.
	Tree func(ctx context.Context, at repository.Place) (trace.Tree, error)
	// Cache renders what was not rendered before.
	Cache *cache.Cache
	// Sources are for what renderings need beyond their Application's sources.
	Sources *repository.Sources
	// Credentials finds the credentials for a repository.
	Credentials func(s settings.Snapshot, url, project string) (source.Repository, error)
	// Objects are for the signatures of commits; with nil, none is ever found.
	Objects integrity.Objects
}

// New asks the cluster what it serves.
func New(ctx context.Context, o Options) (*Offline, error) {
	kinds, err := o.Conn.Discover(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "asking the cluster what it serves")
	}
	version, err := o.Conn.ServerVersion(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "asking the cluster for its version")
	}
	checker := integrity.New(integrity.Options{Objects: o.Objects, Log: slog.New(slog.DiscardHandler)})
	return &Offline{o: o, kinds: kinds, checker: checker, maker: &rendering.Maker{
		Kinds: func() *cluster.Kinds { return kinds }, KubeVersion: func() string { return version },
		Cache: o.Cache,
	}}, nil
}

// ReadProject reads an AppProject of the control namespace. It is nil when that cannot
// be read; whoever needs it says so then.
func ReadProject(ctx context.Context, conn *cluster.Conn, namespace, name string) *v1alpha1.AppProject {
	kind := cluster.Kind{GVK: v1alpha1.GroupVersion.WithKind("AppProject"), Resource: v1alpha1.AppProjectResource.Resource, Namespaced: true}
	obj, err := conn.Get(ctx, kind, namespace, name)
	if err != nil {
		return nil
	}
	p := &v1alpha1.AppProject{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(obj.Object, p); err != nil {
		return nil
	}
	return p
}

// render makes the rendering of one revision for each source; an empty one, or none,
// means the target revision.
func (f *Offline) render(ctx context.Context, app *v1alpha1.Application, revisions []string) (*rendering.Rendering, error) {
	a, err := f.admitted(ctx, app, revisions)
	return a.rendering, err
}

// admitted is an Application with what it desires.
type admitted struct {
	admission.Admitted
	rendering *rendering.Rendering
	trees     []trace.Tree
	project   *v1alpha1.AppProject
	// against is why the controller would refuse to apply it, by its signatures.
	against []string
}

func (f *Offline) admitted(ctx context.Context, app *v1alpha1.Application, revisions []string) (a admitted, err error) {
	name := rendering.ProjectOf(app)
	p := ReadProject(ctx, f.o.Conn, f.o.Namespace, name)
	a.project = p
	a.Admitted, err = admission.Admit(app, p, f.o.Namespace)
	if err != nil {
		return a, err
	}
	held, err := pin.Read(app)
	if err != nil {
		return a, err
	}
	if held != nil && !slices.ContainsFunc(revisions, func(r string) bool { return r != "" }) {
		a.Origin, revisions = held.Origin(app), held.Revisions
		if err := admission.Sources(a.Origin, a.Rules); err != nil {
			return a, err
		}
	}
	if len(revisions) > len(a.Origin.Sources) {
		return a, fault.New(fault.Invalid, "%d revisions for %d sources", len(revisions), len(a.Origin.Sources))
	}
	a.Origin = a.Origin.At(slices.Clone(revisions))
	s := f.o.Settings()
	if err := f.fetch(ctx, &a, s, name); err != nil {
		return a, err
	}
	a.rendering, err = f.maker.Make(ctx, a.trees, rendering.Request{
		App: app, Instance: resource.AppInstance(f.o.Namespace, app.Namespace, app.Name), Origin: a.Origin,
		Project: p, Rules: a.Rules, Settings: s,
		Fetcher: repository.Fetcher{
			Sources: f.o.Sources, Allowed: a.Rules.CheckSource, Near: a.Origin.Sources[0].RepoURL, Schemes: s.HelmValuesFileSchemes,
			Find: func(url string) (source.Repository, error) { return f.o.Credentials(s, url, name) },
		},
	})
	return a, err
}

// fetch gets each source's tree, and makes its revision a commit.
func (f *Offline) fetch(ctx context.Context, a *admitted, s settings.Snapshot, project string) error {
	var commits []string
	for i, src := range a.Origin.Sources {
		repo, err := f.o.Credentials(s, src.RepoURL, project)
		if err != nil {
			return err
		}
		target := rendering.Target(src, a.Origin.Revision(i))
		repo = repo.For(target)
		refs, err := f.o.Store.List(ctx, repo)
		if err != nil {
			return err
		}
		sha, err := f.o.Store.Commit(ctx, repo, refs, target)
		if err != nil {
			return err
		}
		tree, err := f.o.Tree(ctx, repository.Place{Repo: repo, Chart: target.Chart, Revision: sha, PassCredentials: target.PassCredentials, Project: project})
		if err != nil {
			return err
		}
		a.trees, commits = append(a.trees, tree), append(commits, sha)
		problems, err := f.checker.Check(ctx, integrity.Question{
			Project: a.project, Repo: repo, Commit: sha, Tag: repository.TagOf(refs, target), Keys: s.SignatureKeys,
		})
		if err != nil {
			return err
		}
		a.against = append(a.against, problems...)
	}
	a.Origin = a.Origin.At(commits)
	return nil
}

// Manifests are the objects that the sources desire at revisions, as they may be shown.
func (f *Offline) Manifests(ctx context.Context, app *v1alpha1.Application, revisions []string) ([]*unstructured.Unstructured, error) {
	r, err := f.render(ctx, app, revisions)
	if err != nil {
		return nil, err
	}
	out := make([]*unstructured.Unstructured, 0, len(r.Claims))
	for _, x := range r.Claims {
		obj, err := x.Body()
		if err != nil {
			return nil, err
		}
		out = append(out, resource.Masked(obj, x.Sensitive...))
	}
	return out, nil
}

// Live are the objects that the Application's status lists, as they are now and may be
// shown.
func (f *Offline) Live(ctx context.Context, app *v1alpha1.Application) ([]*unstructured.Unstructured, error) {
	var out []*unstructured.Unstructured
	for _, s := range app.Status.Resources {
		live, err := f.live(ctx, resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name})
		if err != nil {
			return nil, err
		}
		if live != nil {
			out = append(out, resource.Masked(live, f.o.Settings().SensitiveAnnotations...))
		}
	}
	return out, nil
}

// live is an object as it is, or nil when it is not there.
func (f *Offline) live(ctx context.Context, key resource.Key) (*unstructured.Unstructured, error) {
	kind, ok := f.kinds.Preferred(key.GroupKind())
	if !ok {
		return nil, nil
	}
	live, err := f.o.Conn.Get(ctx, kind, key.Namespace, key.Name)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return live, fault.Wrap(fault.Unavailable, err, "reading %s", key.Human())
}

// Diff are the objects that syncing the revisions would change. What looks
// different is put to the API server in a dry run.
func (f *Offline) Diff(ctx context.Context, app *v1alpha1.Application, revisions []string) ([]view.Difference, error) {
	r, err := f.render(ctx, app, revisions)
	if err != nil {
		return nil, err
	}
	var out []view.Difference
	desired := map[resource.Key]bool{}
	scalers := inspect.LiveScalers(ctx, f.o.Conn, f.kinds)
	for _, x := range r.Claims {
		desired[x.Object.Key] = true
		d, differs, err := f.difference(ctx, x, scalers)
		if err != nil {
			return nil, err
		}
		if differs {
			out = append(out, d)
		}
	}
	for _, s := range app.Status.Resources {
		key := resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}
		if desired[key] {
			continue
		}
		live, err := f.live(ctx, key)
		if err != nil {
			return nil, err
		}
		if live == nil {
			continue
		}
		d := differenceOf(key)
		if d.Live, err = inspect.Show(live, f.o.Settings().SensitiveAnnotations...); err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b view.Difference) int { return cmp.Compare(a.ID, b.ID) })
	return out, nil
}

func differenceOf(key resource.Key) view.Difference {
	return view.Difference{ID: key.String(), Group: key.Group, Kind: key.Kind, Namespace: key.Namespace, Name: key.Name}
}

func (f *Offline) difference(ctx context.Context, x *claim.Claim, scalers *inspect.Scalers) (d view.Difference, differs bool, err error) {
	key := x.Object.Key
	d = differenceOf(key)
	want, err := x.Body()
	if err != nil {
		return d, false, err
	}
	if d.Desired, err = inspect.Show(want, x.Sensitive...); err != nil {
		return d, false, err
	}
	live, err := f.live(ctx, key)
	if err != nil || live == nil {
		return d, true, err
	}
	changes, _, err := x.Compare(live)
	if err != nil || len(changes) == 0 {
		return d, false, err
	}
	outcome, err := f.outcome(ctx, x, live)
	if err != nil {
		return d, false, err
	}
	if outcome != nil {
		changes = x.Outcome(outcome, live)
		if d.Desired, err = inspect.Show(outcome, x.Sensitive...); err != nil || len(changes) == 0 {
			return d, false, err
		}
	}
	d.Changes = inspect.Drifts(scalers.Named(key, x.Drift(changes, live)))
	d.Live, err = inspect.Show(live, f.o.Settings().SensitiveAnnotations...)
	return d, true, err
}

// outcome is what the API server would make of applying x, or nil when it does not
// say: for want of rights, or because it refuses.
func (f *Offline) outcome(ctx context.Context, x *claim.Claim, live *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	kind, ok := f.kinds.Exact(x.Object.GVK)
	if !ok {
		return nil, nil
	}
	body, err := x.ToApply(live, false)
	if err != nil {
		return nil, err
	}
	outcome, _, err := apply.Send(ctx, f.o.Conn, apply.Request{
		Kind: kind, Key: x.Object.Key, Body: body,
		Options: cluster.WriteOptions{DryRun: true, Manager: v1alpha1.FieldManager, SkipValidation: x.NoValidate},
	})
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return nil, nil
	}
	return outcome, err
}
