package burst

import (
	"context"
	"net"
	"time"

	"golang.org/x/time/rate"
)

const (
	// spacing is the longest time that what has arrived waits.
	spacing = 10 * time.Millisecond
	// atOnce is how many reads do not wait before all do: events that follow from one
	// another, as those of a rollout, come one after the other and are no burst.
	atOnce = 10
	// size is the most that one read takes, in bytes.
	size = 64 << 10
)

// DialFunc connects to an address, as net.Dialer.DialContext does.
type DialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Dial connects as dial does; what it connects to is read in bursts.
func Dial(dial DialFunc) DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return newConn(c), nil
	}
}

// conn reads in bursts. As with any net.Conn, its Read has one caller at a time here,
// which is the one of TLS or HTTP.
type conn struct {
	net.Conn
	reads    *rate.Limiter
	in       []byte
	from, to int // what of in was not asked for yet
}

func newConn(c net.Conn) *conn {
	return &conn{Conn: c, reads: rate.NewLimiter(rate.Every(spacing), atOnce), in: make([]byte, size)}
}

func (c *conn) Read(p []byte) (int, error) {
	if c.from == c.to {
		// More than one read takes is no small message, and nothing to wait with.
		if c.to < len(c.in) {
			c.rest()
		}
		n, err := c.Conn.Read(c.in)
		c.from, c.to = 0, n
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, c.in[c.from:c.to])
	c.from += n
	return n, nil
}

// rest lets time pass if there were many reads. A connection that is closed meanwhile is
// found closed afterwards.
func (c *conn) rest() {
	wait := c.reads.Reserve().Delay()
	if wait == 0 {
		return
	}
	lowWater(c.Conn, size)
	time.Sleep(wait)
	lowWater(c.Conn, 1)
}
