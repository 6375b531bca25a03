package burst

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// socket is a connection as the kernel has one: what was written waits until it is read.
type socket struct {
	net.Conn
	mu      sync.Mutex
	more    sync.Cond
	waiting bytes.Buffer
	closed  bool
	reads   int
}

func newSocket() *socket {
	s := &socket{}
	s.more.L = &s.mu
	return s
}

func (s *socket) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.more.Broadcast()
	return s.waiting.Write(p)
}

func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	s.more.Broadcast()
	return nil
}

func (s *socket) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.waiting.Len() == 0 && !s.closed {
		s.more.Wait()
	}
	s.reads++
	return s.waiting.Read(p)
}

const message = 100 // bytes

// TestSpacing: how long messages wait, and how many reads they take.
func TestSpacing(t *testing.T) {
	tests := map[string]struct {
		messages int
		every    time.Duration
		maxWait  time.Duration
		maxReads int
	}{
		"one":                  {1, 0, 0, 1},
		"a few at once":        {atOnce, time.Microsecond, 0, atOnce},
		"seldom, for long":     {1000, spacing, 0, 1000},
		"a storm":              {10_000, time.Millisecond / 10, spacing, atOnce + 100},
		"more than a read has": {10_000, time.Microsecond, spacing, 10_000*message/size + 2*atOnce},
		"somewhat too often":   {1000, spacing / 2, spacing, atOnce + 500},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newSocket()
				go func() {
					defer s.Close()
					sent := make([]byte, message)
					for range tt.messages {
						_, _ = s.Write(sent)
						time.Sleep(tt.every)
					}
				}()
				c := newConn(s)
				begin, got, longest := time.Now(), 0, time.Duration(0)
				p := make([]byte, message)
				for {
					if _, err := io.ReadFull(c, p); err != nil {
						break
					}
					longest = max(longest, time.Since(begin)-time.Duration(got)*tt.every)
					got++
				}
				if got != tt.messages || longest > tt.maxWait || s.reads-1 > tt.maxReads {
					t.Errorf("%d of %d messages were read, the last after %v in %d reads; wanted within %v and %d reads",
						got, tt.messages, longest, s.reads-1, tt.maxWait, tt.maxReads)
				}
			})
		})
	}
}

// TestBytes: over TCP comes what was sent, whatever its pieces, with its end, and nobody is
// left waiting for the rest.
func TestBytes(t *testing.T) {
	connect := connector(t)
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 1, 200), 0, 40).Draw(t, "pieces")
		large := bytes.Repeat([]byte("large "), rapid.IntRange(0, size/2).Draw(t, "large"))
		want := append(bytes.Join(pieces, nil), large...)
		c, server, err := connect()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		read := make(chan struct{})
		go func() {
			defer server.Close()
			for _, p := range pieces {
				_, _ = server.Write(p)
				<-read
			}
			_, _ = server.Write(large)
		}()
		var got []byte
		for _, p := range pieces {
			b := make([]byte, len(p))
			if _, err := io.ReadFull(c, b); err != nil {
				t.Fatal(err)
			}
			got = append(got, b...)
			read <- struct{}{}
		}
		rest, err := io.ReadAll(c)
		if got = append(got, rest...); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("%d bytes came (%v), %d were sent", len(got), err, len(want))
		}
	})
}

// TestWakes: what arrives after a rest, when the kernel was told to be silent, is read.
func TestWakes(t *testing.T) {
	c, server, err := connector(t)()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	defer server.Close()
	// A bound for when this fails, and no more than that.
	if err := c.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	sent, b := make([]byte, message), make([]byte, message)
	for range 2 * atOnce {
		_, _ = server.Write(sent)
		if _, err := io.ReadFull(c, b); err != nil {
			t.Fatal(err)
		}
	}
	late := time.AfterFunc(5*spacing, func() { _, _ = server.Write(sent) })
	defer late.Stop()
	if _, err := io.ReadFull(c, b); err != nil {
		t.Errorf("a message after a rest: %v", err)
	}
}

// connector makes connections over TCP, of which the first end reads in bursts.
func connector(t *testing.T) func() (net.Conn, net.Conn, error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	dial := Dial(new(net.Dialer).DialContext)
	return func() (net.Conn, net.Conn, error) {
		c, err := dial(context.Background(), "tcp", listener.Addr().String())
		if err != nil {
			return nil, nil, err
		}
		server, err := listener.Accept()
		return c, server, err
	}
}

func TestNoConnection(t *testing.T) {
	none := errors.New("nobody there")
	c, err := Dial(func(context.Context, string, string) (net.Conn, error) { return nil, none })(t.Context(), "tcp", "127.0.0.1:1")
	if c != nil || !errors.Is(err, none) {
		t.Errorf("got %v, %v", c, err)
	}
}
