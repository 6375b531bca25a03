package worker

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_AARCH64

// ofArchitecture are system calls that other architectures do not have.
var ofArchitecture []uint32
