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

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	aggregator "k8s.io/kube-aggregator/pkg/client/clientset_generated/clientset"

	"evenkeel.dev/playground/internal/fakemetrics"
	"evenkeel.dev/playground/internal/fakenode"
)

const readHeaderTimeout = 10 * time.Second

// startNodes starts the fake nodes and serves what the API server asks of them:
// logs, as it would ask each kubelet, and metrics.
func (c *cluster) startNodes(ctx context.Context, client kubernetes.Interface) error {
	pods, err := fakenode.Start(ctx, fakenode.Options{
		Client: client,
		Nodes:  c.options.Nodes,
		Port:   int32(portOf(c.node)),
		Leases: c.options.Full,
	})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle(fakenode.LogPattern, fakenode.LogHandler(pods))
	metrics := fakemetrics.Handler(fakenode.Names(c.options.Nodes), pods)
	mux.Handle(fakemetrics.Pattern, metrics)
	mux.Handle(fakemetrics.Pattern+"/", metrics)
	return c.serveNodes(ctx, mux)
}

func (c *cluster) serveNodes(ctx context.Context, handler http.Handler) error {
	cert, err := tls.LoadX509KeyPair(c.state.pki.File("node.crt"), c.state.pki.File("node.key"))
	if err != nil {
		return fmt.Errorf("nodes' certificate: %w", err)
	}
	server := &http.Server{
		Handler:           handler,
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: readHeaderTimeout,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ErrorLog:          log.New(io.Discard, "", 0), // callers that hang up
	}
	c.start(ctx, "the nodes' server", func(context.Context) error { return server.ServeTLS(c.node, "", "") })
	context.AfterFunc(ctx, func() { _ = server.Close() })
	return nil
}

func (c *cluster) registerMetrics(ctx context.Context, config *rest.Config, client kubernetes.Interface) error {
	ca, err := os.ReadFile(c.state.pki.File("ca.crt"))
	if err != nil {
		return fmt.Errorf("register metrics API: %w", err)
	}
	apis, err := aggregator.NewForConfig(config)
	if err != nil {
		return fmt.Errorf("register metrics API: %w", err)
	}
	return fakemetrics.Register(ctx, fakemetrics.Registration{
		Client: client, Aggregator: apis, Port: int32(portOf(c.node)), CA: ca,
	})
}
