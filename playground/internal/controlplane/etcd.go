package controlplane

import (
	"context"
	"fmt"
	"net/url"
	"time"

	"go.etcd.io/etcd/server/v3/embed"
	"go.etcd.io/etcd/server/v3/storage/wal"
)

const (
	etcdClientSocket = "etcd.sock"
	etcdPeerSocket   = "peer.sock"
	walSegmentBytes  = 8 << 20 // preallocated, twice; 64 MiB if left alone
)

// startEtcd runs etcd on two unix sockets, so that it takes no port and no other
// user of the machine can reach it. It does not sync its files to the disk: what
// is written survives the process, though not a power cut.
func startEtcd(ctx context.Context, s *state) (*embed.Etcd, error) {
	for _, name := range []string{etcdClientSocket, etcdPeerSocket} {
		if err := removeIfThere(s.socket(name)); err != nil {
			return nil, fmt.Errorf("etcd: stale socket: %w", err)
		}
	}
	wal.SegmentSizeBytes = walSegmentBytes
	e, err := embed.StartEtcd(etcdConfig(s))
	if err != nil {
		return nil, fmt.Errorf("etcd: %w (see %s)", err, s.logPath())
	}
	select {
	case <-e.Server.ReadyNotify():
		return e, nil
	case err = <-e.Err():
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	e.Close()
	return nil, fmt.Errorf("etcd: %w (see %s)", err, s.logPath())
}

func etcdConfig(s *state) *embed.Config {
	client, peer := etcdURL(s, etcdClientSocket), etcdURL(s, etcdPeerSocket)
	c := embed.NewConfig()
	c.Name = "playground"
	c.Dir = s.path("etcd")
	c.ListenClientUrls, c.AdvertiseClientUrls = []url.URL{client}, []url.URL{client}
	c.ListenPeerUrls, c.AdvertisePeerUrls = []url.URL{peer}, []url.URL{peer}
	c.InitialCluster = c.InitialClusterFromName(c.Name)
	c.LogOutputs = []string{s.logPath()}
	c.LogLevel = "warn"
	c.UnsafeNoFsync = true
	c.TickMs, c.ElectionMs = 20, 200 // one member: it elects itself after a tick or so
	c.AutoCompactionMode, c.AutoCompactionRetention = embed.CompactorModePeriodic, "5m"
	c.SnapshotCount = 10000
	c.QuotaBackendBytes = 2 << 30
	c.GRPCKeepAliveMinTime = time.Second
	return c
}

func etcdURL(s *state, socket string) url.URL {
	return url.URL{Scheme: "unix", Path: s.socket(socket)}
}
