package jail

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_AARCH64

// System calls that other architectures do not have.
var refusedHere, timesHere []uint32
