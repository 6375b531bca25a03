package server_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"evenkeel.dev/internal/server"
)

// pipes is a listener whose connections are pipes, so that time can be fake.
type pipes struct {
	connections chan net.Conn
	closed      chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.connections:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	close(p.closed)
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

func (p *pipes) dial() net.Conn {
	near, far := net.Pipe()
	p.connections <- far
	return near
}

// send ends when the other side has read it all or has hung up.
func send(conn net.Conn, text string) { _, _ = io.WriteString(conn, text) }

// Whoever is slow on purpose is dropped, and holds nothing for longer than this.
func TestSlowloris(t *testing.T) {
	cases := []struct {
		reason, sent string
		limit        time.Duration
	}{
		{"a header that does not end", "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 10 * time.Second},
		{"nothing at all", "", 10 * time.Second},
		{"a body that does not come", "POST /api/v1/applications/shop/sync HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{", 90 * time.Second},
		{"a connection that idles", "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 2 * time.Minute},
	}
	for _, c := range cases {
		t.Run(c.reason, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				cl := newCluster(newApp("argocd", "shop", "", nil))
				p := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
				ctx, cancel := context.WithCancel(t.Context())
				ended := make(chan error, 1)
				go func() {
					ended <- server.Serve(ctx, p, server.New(server.Options{View: cl.view, Commands: cl, Apps: cl}), nil)
				}()
				conn, begun := p.dial(), time.Now()
				go send(conn, c.sent)
				answer, err := io.ReadAll(conn)
				if took := time.Since(begun); err != nil || took > c.limit+time.Second {
					t.Errorf("held for %v (%v): %s", took, err, answer)
				}
				if len(cl.done()) > 0 {
					t.Errorf("did %v", cl.done())
				}
				cancel()
				if err := <-ended; err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// A request that has begun may end while the server stops.
func TestServeFinishesRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pipes{connections: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			cancel()
			select {
			case <-time.After(time.Second):
				_, _ = io.WriteString(w, "done")
			case <-r.Context().Done():
			}
		})
		go func() { ended <- server.Serve(ctx, p, h, nil) }()
		conn := p.dial()
		go send(conn, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.HasSuffix(string(answer), "done") {
			t.Errorf("%s, %v", answer, err)
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
