package offline

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/apply"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/comparison"
	"evenkeel.dev/internal/controller/ledger"
	"evenkeel.dev/internal/controller/operation"
	"evenkeel.dev/internal/desired/project"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/resource"
	"evenkeel.dev/internal/view"
)

// Plan is what a sync of an Application would do, with the hash under which the
// controller would find the same plan.
func (f *Offline) Plan(ctx context.Context, app *v1alpha1.Application, sync v1alpha1.SyncOperation) (view.Plan, error) {
	revisions := sync.Revisions
	if sync.Revision != "" {
		revisions = []string{sync.Revision}
	}
	a, err := f.admitted(ctx, app, revisions)
	if err != nil {
		return view.Plan{}, err
	}
	r := a.rendering
	instance := resource.AppInstance(f.o.Namespace, app.Namespace, app.Name)
	claims := claim.NewSet()
	claims.Put(instance, r.Claims)
	installation := func() string { return f.o.Settings().InstallationID }
	rules := &claim.Rules{}
	rules.Adopt(f.o.Settings())
	judge := &claim.Judge{Claims: claims, Rules: rules.Current, Installation: installation, Now: time.Now}
	index := cluster.Static(cluster.Options{Conn: f.o.Conn, Judge: judge.Verdict, Installation: installation}, f.kinds)
	comparer := &comparison.Comparer{Cluster: index, Claims: claims}
	keys := map[resource.Key]bool{}
	for _, x := range r.Claims {
		keys[x.Object.Key] = true
	}
	for _, h := range r.Hooks {
		keys[h.Key] = h.Key.Name != ""
	}
	for _, s := range app.Status.Resources {
		keys[resource.Key{Group: s.Group, Kind: s.Kind, Namespace: s.Namespace, Name: s.Name}] = true
	}
	if err := f.observe(ctx, index, keys); err != nil {
		return view.Plan{}, err
	}
	var options []string
	if policy := app.Spec.SyncPolicy; policy != nil {
		options = append(options, policy.SyncOptions...)
	}
	run := operation.Run{
		Engine: operation.Engine{
			Comparer: comparer, Applier: &apply.Applier{Conn: f.o.Conn}, Alive: func(string) bool { return true }, Now: time.Now,
			HasRule: func(gk schema.GroupKind) bool { return rules.Current().HasRule(gk) },
			Ledger:  ledger.New(ledger.Options{Conn: f.o.Conn, Namespace: f.o.Namespace}),
		},
		App: app, Instance: instance, State: operation.Drafted(sync, r.Origin),
		Target:  operation.Target{Current: true, Claims: r.Claims, Hooks: r.Hooks, Files: a.files},
		Options: resource.ReadSyncOptions(append(options, sync.SyncOptions...)...),
		Permits: func(key resource.Key) error {
			return a.Rules.CheckObject(project.Object{Kind: key.GroupKind(), Name: key.Name, Namespace: key.Namespace}, app.Spec.Destination)
		},
		Memory: &operation.Memory{},
	}
	run.State.StartedAt.Time = time.Now() // what is there now was there before
	made, err := run.Preview(ctx)
	made.Refused = a.against
	return made, err
}

// files are those of one of the sources, for hooks whose inputs they are.
func (a admitted) files(_ context.Context, i int) (operation.Files, error) {
	if i >= len(a.trees) {
		return operation.Files{}, fault.New(fault.Internal, "there is no source %d", i)
	}
	return operation.FilesOf(a.trees[i]), nil
}

// observe shows the index the live objects of keys.
func (f *Offline) observe(ctx context.Context, index *cluster.Cluster, keys map[resource.Key]bool) error {
	const parallel = 8
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for key, named := range keys {
		if !named {
			continue
		}
		g.Go(func() error {
			live, err := f.live(ctx, key)
			if live != nil {
				index.Observe(live)
			}
			return err
		})
	}
	return g.Wait()
}
