package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/acting"
	"evenkeel.dev/internal/controller/application"
	"evenkeel.dev/internal/controller/claim"
	"evenkeel.dev/internal/controller/inspect"
	"evenkeel.dev/internal/render/plugin/jail"
	"evenkeel.dev/internal/render/worker"
	"evenkeel.dev/internal/server"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
	"evenkeel.dev/internal/telemetry"
	"evenkeel.dev/internal/view"
	"evenkeel.dev/ui"
)

// all is the role of one process that does everything: controller, API and UI.
type all struct {
	o        cli.RunOptions
	log      *slog.Logger
	conn     *cluster.Conn
	input    *input
	settings *settings.Watcher
	// rules are those of the settings for health.
	rules   claim.Rules
	metrics *telemetry.Metrics
	// credentials are the Secrets of repositories.
	credentials books
	views       *view.Store
	control     *application.Controller
	inspector   *inspect.Inspector
	listener    net.Listener
	handler     http.Handler
}

// runAll runs until ctx ends, which is no error.
func runAll(ctx context.Context, o cli.RunOptions) error {
	a := &all{o: o, log: logger(o)}
	if err := a.open(ctx); err != nil {
		return err
	}
	defer a.input.close()
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return a.settings.Run(ctx) })
	g.Go(func() error { return a.runControl(ctx) })
	g.Go(func() error { a.followSettings(ctx); return nil })
	g.Go(func() error { return server.Serve(ctx, a.listener, a.handler, a.log) })
	a.log.InfoContext(ctx, "serving", "url", "http://"+a.listener.Addr().String(), "namespace", o.Namespace, "version", version)
	err := g.Wait()
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

func (a *all) open(ctx context.Context) error {
	config, err := kube.Config(kube.ConfigOptions{
		Kubeconfig: a.o.Kubeconfig, Context: a.o.Context, UserAgent: "evenkeel/" + version,
	})
	if err != nil {
		return err
	}
	if err := server.CheckListen(a.o.Listen); err != nil {
		return err
	}
	if a.conn, err = cluster.Connect(config); err != nil {
		return err
	}
	clientset, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	a.settings = settings.NewWatcher(clientset, a.o.Namespace, a.log)
	a.settings.Check = a.rules.Adopt
	a.metrics = telemetry.New()
	a.input, err = openInput(ctx, inputOptions{
		dir: a.o.Data, log: a.log, metrics: a.metrics,
		plugins: jail.Options{Programs: a.o.PluginPrograms, Unconfined: a.o.UnconfinedRendering},
		workers: worker.Options{
			Unconfined: a.o.UnconfinedRendering, Timeout: a.o.RenderTimeout, Memory: a.o.RenderMemory, Log: a.log,
		},
		find: func(url, project string) (source.Repository, error) {
			return a.credentials.find(a.settings.Current(), url, project)
		},
	})
	if err != nil {
		return err
	}
	client, err := kube.New(config)
	if err != nil {
		return err
	}
	if a.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", a.o.Listen); err != nil {
		return fmt.Errorf("--listen %s: %w", a.o.Listen, err)
	}
	a.wire(client)
	return nil
}

// wire makes the parts know each other. The view reads trees from the controller,
// which publishes rows to the view.
func (a *all) wire(client *kube.Client) {
	a.views = view.NewStore(view.Options{
		Trees: trees(func(namespace, name string) []view.Node { return a.inspector.Tree(namespace, name) }),
		Deeds: func(namespace, name string) []view.Deed { return a.control.Deeds(namespace, name) },
	})
	a.control = application.New(application.Options{
		Metrics: a.metrics,
		Conn:    a.conn, Namespace: a.o.Namespace, Settings: a.settings.Current, Rules: a.rules.Current,
		Store: a.input.sources, Trees: a.input.sources, Sources: a.input.sources, Objects: a.input.sources.Git, Cache: a.input.cache,
		Credentials: a.credentials.find, View: a.views, Log: a.log,
	})
	a.inspector = a.control.Inspector()
	a.metrics.ReportApps(func() []telemetry.App { return appInfos(a.views.Apps()) })
	actions := acting.New(acting.Options{
		Conn: a.conn, Kinds: a.inspector.Cluster.Kinds, Settings: a.settings.Current, Namespace: a.o.Namespace, Log: a.log,
		Members: acting.Indexed{Inspector: a.inspector},
		Project: func(_ context.Context, name string) *v1alpha1.AppProject { return a.inspector.Store.Project(name) },
	})
	dist, _ := ui.Dist()
	a.handler = server.New(server.Options{
		View: a.views, Commands: client, Apps: a.inspector, Projects: a.inspector, Inspect: a.inspector, Plans: a.control, Actions: actions,
		Webhooks:  hooks{a.settings, a.control},
		Namespace: a.o.Namespace, UI: dist, Log: a.log, Ready: a.ready, Metrics: a.metrics.Handler(),
		Version: serverVersion(),
	})
}

// runControl begins when the settings are known: what they exclude is never read.
func (a *all) runControl(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-a.settings.Ready():
		return a.control.Run(ctx)
	}
}

var errStarting = errors.New("the Applications and the cluster are being read for the first time")

func (a *all) ready() error {
	select {
	case <-a.control.Ready():
		return nil
	default:
		return errStarting
	}
}

// followSettings has the controller take up changes of the settings.
func (a *all) followSettings(ctx context.Context) {
	for {
		changed := a.settings.Changed()
		select {
		case <-ctx.Done():
			return
		case <-changed:
			a.control.SettingsChanged()
		}
	}
}

func logger(o cli.RunOptions) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(o.LogLevel)) // the flag allows only levels
	options := &slog.HandlerOptions{Level: level}
	if o.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, options))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, options))
}

type trees func(namespace, name string) []view.Node

func (t trees) Tree(namespace, name string) []view.Node { return t(namespace, name) }

// appInfos are the rows as metrics tell them.
func appInfos(rows []view.App) []telemetry.App {
	out := make([]telemetry.App, 0, len(rows))
	for _, r := range rows {
		t := telemetry.App{
			Namespace: r.Namespace, Name: r.Name, Project: r.Project, Repo: r.Source.RepoURL, Server: r.Destination.Server,
			DestNamespace: r.Destination.Namespace, Sync: r.Sync, Health: r.Health, AutoSync: r.AutoSync,
		}
		switch {
		case r.Deleting:
			t.Operation = "delete"
		case r.Operation != nil && r.Operation.FinishedAt == "":
			t.Operation = "sync"
		}
		out = append(out, t)
	}
	return out
}
