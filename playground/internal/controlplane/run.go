package controlplane

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"k8s.io/klog/v2"

	"evenkeel.dev/playground/internal/pki"
	"evenkeel.dev/playground/internal/statedir"
)

// stopGrace is how long the API server may take to end its requests.
const stopGrace = 5 * time.Second

// errEnded is why a component is missing that returned without an error.
var errEnded = errors.New("it returned")

// Run runs the control plane until ctx ends, which is no error, or a component
// does. It may be called once in a process. When it returns, the directory is
// free and holds everything.
func Run(ctx context.Context, o Options) (err error) {
	d, err := statedir.Open(o.Dir, net.ParseIP(serviceIP))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := logTo(d.LogPath(), o.Verbosity); err != nil {
		return err
	}
	api, err := d.Listen("port", o.Port)
	if err != nil {
		return fmt.Errorf("API server's port: %w; choose another --port, or none", err)
	}
	defer api.Close() // closed by then if the API server ever served on it
	node, err := d.Listen("node-port", 0)
	if err != nil {
		return fmt.Errorf("nodes' port: %w", err)
	}
	defer node.Close()
	if err := d.WriteKubeconfigs(api.Addr()); err != nil {
		return err
	}
	client, err := connect(d)
	if err != nil {
		return err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	c := &cluster{options: o, dir: d, api: api, node: node, client: client, fail: fail, began: time.Now()}
	return c.run(ctx)
}

// cluster is a control plane at work.
type cluster struct {
	options   Options
	dir       *statedir.Dir
	api, node net.Listener
	client    client
	fail      context.CancelCauseFunc
	began     time.Time
}

func (c *cluster) run(ctx context.Context) error {
	etcd, err := startEtcd(ctx, c.dir)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	defer etcd.Close()
	c.reached("etcd")
	serve, err := prepareAPIServer(c.dir, c.options, c.api)
	if err != nil {
		return err
	}
	stopped := c.start(ctx, "kube-apiserver", serve)
	if err := c.bringUp(ctx); err != nil {
		c.fail(err)
	} else {
		c.reached("all")
		c.ready()
	}
	<-ctx.Done()
	select {
	case <-stopped:
	case <-time.After(stopGrace):
		klog.InfoS("playground: kube-apiserver did not stop in time", "grace", stopGrace)
	}
	return unlessStopped(ctx, context.Cause(ctx))
}

func (c *cluster) ready() {
	if c.options.Ready != nil {
		c.options.Ready(c.dir.Kubeconfig(pki.Admin))
	}
}

// start runs a component until ctx ends, and ends all if it ends before. The
// channel is closed when the component has ended.
func (c *cluster) start(ctx context.Context, name string, run func(context.Context) error) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := run(ctx)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errEnded
		}
		c.fail(fmt.Errorf("%s ended: %w (see %s)", name, err, c.dir.LogPath()))
	}()
	return done
}

// reached notes in the log how long the start has taken so far.
func (c *cluster) reached(what string) {
	klog.InfoS("playground: ready", "what", what, "after", time.Since(c.began).Round(time.Millisecond))
}

// unlessStopped is err, but nil if it only says that ctx was told to end.
func unlessStopped(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), context.Canceled) {
		return nil
	}
	return err
}
