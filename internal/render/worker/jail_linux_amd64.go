package worker

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_X86_64

// ofArchitecture are system calls that other architectures do not have.
var ofArchitecture = []uint32{unix.SYS_EPOLL_WAIT, unix.SYS_ARCH_PRCTL} //nolint:gochecknoglobals // a table
