//go:build !linux

package burst

import "net"

// lowWater does nothing: the kernel tells of all that arrives.
func lowWater(net.Conn, int) {}
