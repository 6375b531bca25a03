package playgroundtest

import "syscall"

// dieWithParent has the kernel kill the playground if the test's process dies
// without cleaning up, paused or not.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
