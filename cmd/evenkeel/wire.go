package main

import (
	"context"
	"os"
	"path/filepath"

	"k8s.io/client-go/kubernetes"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/offline"
	"evenkeel.dev/internal/controller/repository"
	"evenkeel.dev/internal/render/worker"
	"evenkeel.dev/internal/settings"
	"evenkeel.dev/internal/source/git"
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

// openPipeline renders and compares in this process, with the settings and
// credentials of the control namespace and mirrors in the user's cache.
func openPipeline(ctx context.Context, c cli.Connection) (cli.Pipeline, error) {
	config, err := kube.Config(kube.ConfigOptions{Kubeconfig: c.Kubeconfig, Context: c.Context, UserAgent: "evenkeel-cli/" + version})
	if err != nil {
		return nil, err
	}
	conn, err := cluster.Connect(config)
	if err != nil {
		return nil, err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	snapshot, err := settings.Read(ctx, client, c.Namespace)
	if err != nil {
		return nil, err
	}
	store, err := git.Open(ctx, git.Options{Dir: filepath.Join(cacheDir(), "git")})
	if err != nil {
		return nil, err
	}
	// Who runs the command runs it with his own rights, on systems of all kinds.
	workers, err := worker.New(worker.Options{Unconfined: true})
	if err != nil {
		return nil, err
	}
	credentials := &books{}
	return offline.New(ctx, offline.Options{
		Conn: conn, Namespace: c.Namespace, Settings: func() settings.Snapshot { return snapshot },
		Store: repository.Git{Store: store}, Tree: mirror{store}.Tree, Render: workers.Render, Credentials: credentials.find,
	})
}
