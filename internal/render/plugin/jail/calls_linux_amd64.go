package jail

import "golang.org/x/sys/unix"

const architecture = unix.AUDIT_ARCH_X86_64

// System calls that other architectures do not have.
var (
	refusedHere = []uint32{ //nolint:gochecknoglobals // a table
		unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_CREATE_MODULE,
	}
	timesHere = []uint32{unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT} //nolint:gochecknoglobals // a table
)
