package main

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/offline"
	"evenkeel.dev/internal/render/worker"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source"
)

func connect(_ context.Context, c cli.Connection) (cli.Cluster, error) {
	config, err := kube.Config(kube.ConfigOptions{Kubeconfig: c.Kubeconfig, Context: c.Context, UserAgent: "evenkeel-cli/" + version})
	if err != nil {
		return nil, err
	}
	return kube.New(config)
}

// cacheDir is what the commands remember; it can be deleted at any time.
func cacheDir() string {
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	return filepath.Join(cache, "evenkeel")
}

// reach connects to the cluster with the caller's own rights, and reads the settings of the
// control namespace.
func reach(ctx context.Context, c cli.Connection) (*cluster.Conn, settings.Snapshot, error) {
	none := settings.Snapshot{}
	config, err := kube.Config(kube.ConfigOptions{Kubeconfig: c.Kubeconfig, Context: c.Context, UserAgent: "evenkeel-cli/" + version})
	if err != nil {
		return nil, none, err
	}
	conn, err := cluster.Connect(config)
	if err != nil {
		return nil, none, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, none, err
	}
	snapshot, err := settings.Read(ctx, client, c.Namespace)
	return conn, snapshot, err
}

// openPipeline renders and compares in this process, with the settings and
// credentials of the control namespace and mirrors in the user's cache.
func openPipeline(ctx context.Context, c cli.Connection) (cli.Pipeline, error) {
	conn, snapshot, err := reach(ctx, c)
	if err != nil {
		return nil, err
	}
	credentials := &books{}
	// Who runs the command runs it with his own rights, on systems of all kinds. Not so
	// the plugins that somebody else declared in the cluster.
	in, err := openInput(ctx, inputOptions{
		dir: cacheDir(), workers: worker.Options{Unconfined: true}, log: slog.New(slog.DiscardHandler),
		find: func(url, project string) (source.Repository, error) { return credentials.find(snapshot, url, project) },
	})
	if err != nil {
		return nil, err
	}
	return offline.New(ctx, offline.Options{
		Conn: conn, Namespace: c.Namespace, Settings: func() settings.Snapshot { return snapshot },
		Store: in.sources, Tree: in.sources.Tree, Sources: in.sources, Objects: in.sources.Git, Cache: in.cache, Credentials: credentials.find,
	})
}
