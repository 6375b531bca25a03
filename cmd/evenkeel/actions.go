package main

import (
	"context"
	"log/slog"

	"evenkeel.dev/api/v1alpha1"
	"evenkeel.dev/internal/cli"
	"evenkeel.dev/internal/cli/actions"
	"evenkeel.dev/internal/cluster"
	"evenkeel.dev/internal/controller/acting"
	"evenkeel.dev/internal/controller/offline"
	"evenkeel.dev/internal/fault"
	"evenkeel.dev/internal/settings"
)

// openActions runs actions in this process, with the caller's own rights and the
// settings and projects of the control namespace.
func openActions(ctx context.Context, c cli.Connection) (actions.Runner, error) {
	conn, snapshot, err := reach(ctx, c)
	if err != nil {
		return nil, err
	}
	served, err := conn.Discover(ctx)
	if err != nil {
		return nil, fault.Wrap(fault.Unavailable, err, "asking the cluster what it serves")
	}
	kinds := func() *cluster.Kinds { return served }
	return acting.New(acting.Options{
		Conn: conn, Kinds: kinds, Settings: func() settings.Snapshot { return snapshot }, Namespace: c.Namespace,
		Members: acting.Owners{Conn: conn, Kinds: kinds}, Log: slog.New(slog.DiscardHandler),
		Project: func(ctx context.Context, name string) *v1alpha1.AppProject {
			return offline.ReadProject(ctx, conn, c.Namespace, name)
		},
	}), nil
}
