package playgroundtest

import (
	"syscall"
	"unsafe"
)

// DieWithParent has the kernel kill a child, paused or not, if the test's process
// dies without cleaning up.
func DieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}

// awaitStopped returns when all threads of the child pid have come to a stop,
// which takes a while after SIGSTOP. It does not take the child's exit from
// whoever waits for that.
func awaitStopped(pid int) error {
	const byPid = 1    // P_PID of waitid(2)
	var info [128]byte // siginfo_t
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, byPid, uintptr(pid), uintptr(unsafe.Pointer(&info)), syscall.WSTOPPED, 0, 0)
		if errno == 0 {
			return nil
		}
		if errno != syscall.EINTR {
			return errno
		}
	}
}
