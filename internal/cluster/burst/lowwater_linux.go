package burst

import (
	"net"
	"syscall"
)

// lowWater sets from how many bytes on the kernel tells of what has arrived (SO_RCVLOWAT;
// tcp(7)). Of the end of a connection it tells in any case, and a read takes what there is.
// Where that cannot be set it is told of all, which only costs more.
func lowWater(c net.Conn, bytes int) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_ = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVLOWAT, bytes)
	})
}
