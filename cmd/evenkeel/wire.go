package main

import (
	"context"

	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/client/kube"
	"evenkeel.dev/internal/fault"
)

// cluster is the kube client as far as it is there. Its commands come with the
// package's other half.
type cluster struct {
	*kube.Client
	fallback
}

func connect(_ context.Context, c cli.Connection) (cli.Cluster, error) {
	cfg, err := kube.Config(kube.ConfigOptions{Kubeconfig: c.Kubeconfig, Context: c.Context, UserAgent: "evenkeel/" + version})
	if err != nil {
		return nil, err
	}
	client, err := kube.New(cfg)
	if err != nil {
		return nil, err
	}
	return cluster{Client: client}, nil
}

func openPipeline(context.Context, cli.Connection) (cli.Pipeline, error) {
	return nil, fault.New(fault.Unsupported, "rendering in this process is not wired yet")
}
