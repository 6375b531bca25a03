package controlplane

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"

	"evenkeel.dev/playground/internal/statedir"
)

const walSegmentBytes = 8 << 20 // preallocated, twice; 64 MiB if left alone

// startEtcd runs etcd on two unix sockets, so that it takes no port and no other
// user of the machine can reach it. It does not sync its files to the disk: what
// is written survives the process, though not a power cut.
func startEtcd(ctx context.Context, d *statedir.Dir) (*embed.Etcd, error) {
	wal.SegmentSizeBytes = walSegmentBytes
	e, err := embed.StartEtcd(etcdConfig(d))
	if err != nil {
		return nil, fmt.Errorf("etcd: %w (see %s)", err, d.LogPath())
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err = <-e.Err():
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	e.Close()
	return nil, fmt.Errorf("etcd: %w (see %s)", err, d.LogPath())
}

func etcdConfig(d *statedir.Dir) *embed.Config {
	client, peer := etcdURL(d, statedir.EtcdSocket), etcdURL(d, statedir.EtcdPeerSocket)
	c := embed.NewConfig()
	c.Name = "playground"
	c.Dir = d.Path("etcd")
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.LogOutputs = []string{d.LogPath()}
	c.LogLevel = "warn"
	c.UnsafeNoFsync = true
	c.TickMs, c.ElectionMs = 20, 200 // one member: it elects itself after a tick or so
	c.AutoCompactionMode, c.AutoCompactionRetention = embed.CompactorModePeriodic, "5m"
	c.SnapshotCount = 10000
	c.QuotaBackendBytes = 2 << 30
	c.GRPCKeepAliveMinTime = time.Second
	return c
}

func etcdURL(d *statedir.Dir, socket string) url.URL {
	return url.URL{Scheme: "unix", Path: d.Socket(socket)}
}
