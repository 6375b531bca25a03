package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"time"

	"evenkeel.dev/internal/fault"
)

// CheckListen refuses every address to listen on but a loopback one, HOST:PORT
// with HOST an IP address or localhost: there is no login yet. Its error is
// fault.Denied.
func CheckListen(addr string) error {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return fault.Wrap(fault.Invalid, err, "listen address %q", addr)
	}
	if !decimal(port) {
		return fault.New(fault.Invalid, "listen address %q: the port is not a number", addr)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() && ip.Zone() == "" {
		return nil
	}
	return fault.New(fault.Denied, "listen address %q: there is no login yet, so only 127.0.0.1, [::1] or localhost is allowed; use kubectl port-forward or ssh -L to reach it from elsewhere", addr)
}

// grace is how long requests may go on once the server is to stop.
const grace = 2 * time.Second

// Serve serves h on l until ctx ends. Then requests that run get 2 s; after that
// their contexts end, as streams' do, and connections are closed. It refuses a
// listener that CheckListen would refuse, and closes it in any case.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	if err := CheckListen(l.Addr().String()); err != nil {
		return errors.Join(err, l.Close())
	}
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	base, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return fault.Wrap(fault.Unavailable, err, "serve HTTP on %s", l.Addr())
	case <-ctx.Done():
	}
	return stop(s, cancel)
}

func stop(s *http.Server, endRequests context.CancelFunc) error {
	timer := time.AfterFunc(grace, endRequests)
	defer timer.Stop()
	ctx, cancel := context.WithTimeout(context.Background(), 2*grace)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		return errors.Join(fault.Wrap(fault.Unavailable, err, "stop serving HTTP"), s.Close())
	}
	return nil
}
