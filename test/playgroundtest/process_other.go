//go:build !linux

package playgroundtest

import "syscall"

// DieWithParent does nothing: only Linux can tie a process to its parent.
func DieWithParent() *syscall.SysProcAttr { return nil }

// awaitStopped does nothing: the standard library cannot tell elsewhere.
func awaitStopped(int) error { return nil }
