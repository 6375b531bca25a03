package controlplane

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"evenkeel.dev/playground/internal/fakemetrics"
	"evenkeel.dev/playground/internal/fakenode"
	"evenkeel.dev/playground/internal/statedir"
)

const readHeaderTimeout = 10 * time.Second

// serveNodes makes the fake nodes and serves what the API server asks of them:
// logs, as it would ask each kubelet, and metrics. It comes before the API
// server does, which at a restart looks for the metrics API at once.
func (c *cluster) serveNodes(ctx context.Context) (*fakenode.Nodes, error) {
	nodes := fakenode.New(fakenode.Options{
		Client: c.client,
		Count:  c.options.Nodes,
		Port:   int32(statedir.PortOf(c.node)),
		Leases: c.options.Full,
	})
	mux := http.NewServeMux()
	mux.Handle(fakenode.LogPattern, fakenode.LogHandler(nodes.Pods()))
	metrics := fakemetrics.Handler(nodes.Names(), nodes.Pods())
	mux.Handle(fakemetrics.Pattern, metrics)
	mux.Handle(fakemetrics.Pattern+"/", metrics)
	cert, err := tls.LoadX509KeyPair(c.dir.PKI.File("node.crt"), c.dir.PKI.File("node.key"))
	if err != nil {
		return nil, fmt.Errorf("nodes' certificate: %w", err)
	}
	server := &http.Server{
		Handler:           mux,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: readHeaderTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // callers that hang up
	}
	c.start(ctx, "the nodes' server", func(context.Context) error { return server.ServeTLS(c.node, "", "") })
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nodes, nil
}

// registerMetrics returns when the API server serves the metrics API.
func (c *cluster) registerMetrics(ctx context.Context) error {
	ca, err := os.ReadFile(c.dir.PKI.File("ca.crt"))
	if err != nil {
		return fmt.Errorf("register metrics API: %w", err)
	}
	err = fakemetrics.Register(ctx, fakemetrics.Registration{
		Client: c.client, Aggregator: c.client.apis, Port: int32(statedir.PortOf(c.node)), CA: ca,
	})
	if err != nil {
		return err
	}
	return c.waitMetrics(ctx)
}
